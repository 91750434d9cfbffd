/** A real PostgreSQL on a loopback port, with its data in one directory: passwords only, by SCRAM. */

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Companion, freePort } from './companion.ts'
import type { PostgresProgram } from './postgres-program.ts'

export type Postgres = AsyncDisposable & {
  readonly host: string
  readonly port: number
  /** Of the superuser: how the administrator connects, `postgres://postgres:…@127.0.0.1:5432/postgres`. Secret. */
  readonly adminUrl: string
  log(): string
  /** Fast shutdown: ends all connections; waits until the server has gone. */
  stop(): Promise<void>
}

const START_MS = 20_000
const INIT_MS = 60_000
const SUPERUSER = 'postgres'

/**
 * Initialises a cluster in `directory/data`, runs `statements` (one line each) as its superuser, and starts it. Rejects when it
 * takes no connection within 20 s, or `signal` aborts before it was started.
 */
export async function startPostgres(
  directory: string,
  { bin }: PostgresProgram,
  statements: readonly string[] = [],
  signal?: AbortSignal,
): Promise<Postgres> {
  const owner = unprivileged()
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  own(directory, owner)
  const password = randomBytes(24).toString('base64url')
  const running = { cwd: directory, env: environment(), timeout: INIT_MS, ...(signal && { signal }), ...owner }
  await initialise(bin, directory, password, running)
  if (statements.length > 0) await runAlone(bin, directory, statements, running)

  const port = await freePort()
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', logging_collector: 'off' }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = new Companion({
    name: 'PostgreSQL',
    command: join(bin, 'postgres'),
    args: ['-D', join(directory, 'data'), '-p', String(port), ...options],
    logFile: join(directory, 'postgres.log'),
    env: environment(),
    cwd: directory,
    // "Fast shutdown": it ends connections instead of waiting for them.
    signal: 'SIGINT',
    ...owner,
  })
  try {
    await server.until(/database system is ready to accept connections/u, START_MS)
  } catch (error) {
    await server.stop()
    throw error
  }
  return {
    host: '127.0.0.1',
    port,
    adminUrl: `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`,
    log: () => server.said(),
    stop: () => server.stop(),
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

type Owner = { readonly uid?: number; readonly gid?: number }

/** PostgreSQL refuses to run as root: then it runs as the account `postgres`, or `nobody`. */
function unprivileged(): Owner {
  if (process.platform === 'win32' || userInfo().uid !== 0) return {}
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = accounts.find((line) => line.startsWith(`${name}:`))?.split(':') ?? []
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) }
  }
  return { uid: 65_534, gid: 65_534 }
}

function own(path: string, { uid, gid }: Owner): void {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid)
}

/** How the programs are run that end by themselves. */
type Running = Owner & {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly timeout: number
  readonly signal?: AbortSignal
}

async function initialise(bin: string, directory: string, password: string, running: Running): Promise<void> {
  const passwordFile = join(directory, 'superuser')
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  own(passwordFile, running)
  const data = join(directory, 'data')
  const identity = ['-U', SUPERUSER, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`]
  const form = ['-E', 'UTF8', '--locale=C', '--no-sync']
  await promisify(execFile)(join(bin, 'initdb'), ['-D', data, ...identity, ...form], running)
  rmSync(passwordFile)
  writeFileSync(join(data, 'pg_hba.conf'), 'host all all 127.0.0.1/32 scram-sha-256\n')
  chmodSync(join(data, 'pg_hba.conf'), 0o600)
}

/** In single-user mode, which needs no client and listens nowhere. */
async function runAlone(
  bin: string,
  directory: string,
  statements: readonly string[],
  running: Running,
): Promise<void> {
  const run = promisify(execFile)(
    join(bin, 'postgres'),
    ['--single', '-j', '-D', join(directory, 'data'), 'postgres'],
    running,
  )
  // With -j a statement ends at a semicolon and two line breaks.
  run.child.stdin?.on('error', () => {}).end(statements.map((statement) => `${statement};\n\n`).join(''))
  const { stdout, stderr } = await run
  const problem = /(?:ERROR|FATAL): .*/u.exec(`${stdout}\n${stderr}`)?.[0]
  if (problem) throw new Error(`PostgreSQL could not be prepared: ${problem}`)
}

function environment(): NodeJS.ProcessEnv {
  const { PATH, LANG } = process.env
  return { PATH, LANG, TZ: 'UTC' }
}
