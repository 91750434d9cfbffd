/**
 * Puts together what is published, in `dist/package`: JavaScript, the built console, the shipped policies. It needs Node alone:
 * nothing native of our own, no install script, and a manifest derived from ours.
 */

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildVerifyPage } from './verify-page.ts'

const ROOT = join(import.meta.dirname, '..')
const OUT = join(ROOT, 'dist/package')
const NODE = '>=24.15'
/** Floors 0 to 2: all that an auditor must read and run to decide history again. */
const PURE = ['bytes', 'tlog', 'evidence', 'policy', 'match', 'wire', 'domain']
const MANIFEST = { './verify': './lib/domain/verify.js', './package.json': './package.json' }

const LAUNCHER = `#!/usr/bin/env node
import '../lib/cli/main.js'
`

rmSync(OUT, { recursive: true, force: true })
mkdirSync(join(OUT, 'bin'), { recursive: true })
await import('./console.ts')
await buildVerifyPage(join(OUT, 'dist/verify.html'))
compile()
writeFileSync(join(OUT, 'bin/countersign'), LAUNCHER, { mode: 0o755 })
for (const part of [
  'dist/console',
  'controls',
  'policies',
  'spec',
  'README.md',
  'SECURITY.md',
  'NEWS.md',
  'LICENSE',
  'NOTICE',
])
  cpSync(join(ROOT, part), join(OUT, part), { recursive: true })
writeFileSync(join(OUT, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`)

function compile(): void {
  const { status } = spawnSync('tsc', ['--project', 'tsconfig.build.json'], { cwd: ROOT, stdio: 'inherit' })
  if (status !== 0) throw new Error('the sources do not compile')
}

function manifest(): object {
  const { name, version, description, license, type, dependencies } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  ) as Record<string, unknown>
  return {
    name,
    version,
    description,
    license,
    type,
    engines: { node: NODE },
    bin: { countersign: 'bin/countersign' },
    exports: { ...Object.fromEntries(PURE.map((folder) => [`./${folder}/*`, `./lib/${folder}/*.js`])), ...MANIFEST },
    dependencies,
  }
}
