/** Builds the console to `dist/console` and `dist/verify.html`, unless what is there is newer than every source it is made from. */

import { globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'
import { buildVerifyPage } from './verify-page.ts'

const ROOT = join(import.meta.dirname, '..')
const SOURCES = ['src/console/**/*', 'src/{bytes,tlog,match}/*.ts', 'vite.config.ts', 'package-lock.json']

function newest(patterns: readonly string[]): number {
  return Math.max(0, ...globSync(patterns, { cwd: ROOT }).map((name) => statSync(join(ROOT, name)).mtimeMs))
}

if (newest(['dist/console/manifest.json']) < newest(SOURCES)) {
  console.error('Building the console…')
  await build({ configFile: join(ROOT, 'vite.config.ts'), logLevel: 'warn' })
}

const PURE = [
  'src/console/verify-page/*',
  'src/{bytes,tlog,match,evidence,policy,wire,domain}/**/*.ts',
  'package-lock.json',
]

if (newest(['dist/verify.html']) < newest(PURE)) await buildVerifyPage()
