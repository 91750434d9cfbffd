/** What the people of the demo work on: a small shop of their own, or a clone of a repository that already exists. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { Failure } from '../failure.ts'
import { mustHold } from './eventually.ts'
import type { Stage } from './stage.ts'

export interface Shop {
  /** As Countersign calls it: `acme/shop`. */
  readonly name: string
  /** The bare repository that people push to. */
  readonly gitDirectory: string
  /** `main` */
  readonly branch: string
  /** Where people and CI clone it from. */
  readonly isBorrowed: boolean
}

const FILES: Readonly<Record<string, string>> = {
  'README.md': '# Shop\n\nSells cups. Deployed by Countersign.\n',
  'server.js': [
    "import { createServer } from 'node:http'",
    '',
    "createServer((_, response) => response.end('cups\\n')).listen(8080)",
    '',
  ].join('\n'),
}

/** A new bare repository, or a bare clone of the one at `path`, of which nothing is changed. */
export async function openShop(stage: Stage, path: string | undefined): Promise<Shop> {
  stage.folder('git')
  if (path === undefined) {
    const gitDirectory = stage.path('git', 'shop.git')
    await must(stage, ['init', '-q', '--bare', '-b', 'main', gitDirectory])
    return { name: 'acme/shop', gitDirectory, branch: 'main', isBorrowed: false }
  }
  const origin = resolve(path)
  const branch = (await must(stage, ['-C', origin, 'symbolic-ref', '--short', 'HEAD'], notARepository(origin))).trim()
  const name =
    basename(origin)
      .replace(/\.git$/u, '')
      .replace(/[^\w.-]+/gu, '-')
      .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/gu, '') || 'yours'
  const gitDirectory = stage.path('git', `${name}.git`)
  await must(stage, [
    'clone',
    '-q',
    '--bare',
    '--single-branch',
    '--no-tags',
    '--branch',
    branch,
    `file://${origin}`,
    gitDirectory,
  ])
  return { name: `yours/${name}`, gitDirectory, branch, isBorrowed: true }
}

function notARepository(path: string): Failure {
  return new Failure('usage', 'bad_repository', `${path} is not a git repository with a branch checked out`, {
    next: '--repo PATH of a clone of yours',
  })
}

async function must(stage: Stage, args: readonly string[], failure?: Failure): Promise<string> {
  const { code, stdout, stderr } = await stage.run('git', args, { env: { HOME: stage.folder('git') } })
  if (code !== 0 && failure) throw failure
  mustHold(code === 0, `git ${args.slice(0, 4).join(' ')}: ${stderr.trim()}`)
  return stdout
}

/** Where the migration stands that a release runs. */
export function migrationFile({ isBorrowed }: Shop): string {
  return isBorrowed ? 'countersign-demo/migration.sql' : 'migration.sql'
}

/** The first content of the bundled shop, or a note in a clone of somebody's repository. */
export function firstChange({ isBorrowed }: Shop): Readonly<Record<string, string>> {
  return isBorrowed ? { 'countersign-demo/README.md': 'Changes of the demo, in a clone that is thrown away.\n' } : FILES
}

export function secondChange(shop: Shop): Readonly<Record<string, string>> {
  const statements = [
    'CREATE TABLE cup (id int PRIMARY KEY, colour text NOT NULL)',
    "INSERT INTO cup VALUES (1, 'blue'), (2, 'red')",
  ]
  return { [migrationFile(shop)]: `${statements.join(';\n')};\n` }
}

export function writeFiles(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
}
