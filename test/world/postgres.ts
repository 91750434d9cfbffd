/** The machine's own PostgreSQL on a loopback port and a socket, with its data in one directory. */

import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'

import { freePort } from './sshd.ts'

export type Postgres = AsyncDisposable & {
  /** Superuser over the local socket. */
  readonly adminConfig: {
    readonly host: string
    readonly port: number
    readonly user: string
    readonly database: string
  }
  /** Where everybody else connects: SCRAM over TCP. */
  readonly host: string
  readonly port: number
  log(): string
  /** Fast shutdown: ends all connections; waits until the server has gone. */
  stop(): Promise<void>
}

/** The newest PostgreSQL that Debian's packages have installed, or undefined. */
export function findPostgres(): string | undefined {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).map(Number).filter(Number.isFinite) : []
  const found = versions.sort((a, b) => b - a).map((version) => join(root, String(version), 'bin'))
  return found.find((bin) => existsSync(join(bin, 'initdb')) && existsSync(join(bin, 'postgres')))
}

/**
 * Initialises a cluster in `directory/data` when there is none and starts it; rejects when it is not ready within 20 s.
 * PostgreSQL refuses to run as root: then it runs as the account `postgres`, which must be able to reach `directory`.
 */
export async function startPostgres({
  directory,
  bin = findPostgres(),
}: {
  directory: string
  bin?: string | undefined
}): Promise<Postgres> {
  if (bin === undefined) throw new Error('PostgreSQL is not installed')
  const data = join(directory, 'data')
  const owner = unprivileged()
  makeDirectory(directory, owner)
  if (!existsSync(join(data, 'PG_VERSION'))) initialise(bin, data, owner)

  const port = await freePort()
  const logFile = join(directory, 'postgres.log')
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: directory,
    logging_collector: 'off',
    log_statement: 'all',
  }
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn(
    '/bin/sh',
    ['-c', 'exec "$@" >>"$0" 2>&1', logFile, join(bin, 'postgres'), '-D', data, '-p', String(port), ...args],
    {
      stdio: 'ignore',
      cwd: directory,
      ...owner,
    },
  )
  const log = () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '')
  await untilReady(child, bin, directory, port, log)
  const stop = () => end(child)
  return {
    adminConfig: { host: directory, port, user: 'postgres', database: 'postgres' },
    host: '127.0.0.1',
    port,
    log,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

type Owner = { readonly uid: number; readonly gid: number } | undefined

function unprivileged(): Owner {
  if (userInfo().uid !== 0) return undefined
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' })))
  return { uid: uid!, gid: gid! }
}

function makeDirectory(directory: string, owner: Owner): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  if (owner) chownSync(directory, owner.uid, owner.gid)
  else if (statSync(directory).uid !== userInfo().uid) throw new Error(`${directory} belongs to somebody else`)
}

function initialise(bin: string, data: string, owner: Owner): void {
  const args = [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'scram-sha-256',
    '--auth-local=trust',
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
  ]
  // initdb wants some way to log in over TCP; the superuser only ever uses the socket, so its password is thrown away.
  const passwordFile = `${data}.password`
  writeFileSync(passwordFile, `${crypto.randomUUID()}\n`, { mode: 0o600 })
  if (owner) chownSync(passwordFile, owner.uid, owner.gid)
  execFileSync(join(bin, 'initdb'), [...args, `--pwfile=${passwordFile}`], {
    stdio: 'pipe',
    cwd: '/',
    timeout: 60_000,
    ...owner,
  })
  execFileSync('rm', ['-f', passwordFile])
  const rules = ['local all postgres trust', 'host all all 127.0.0.1/32 scram-sha-256']
  writeFileSync(join(data, 'pg_hba.conf'), `${rules.join('\n')}\n`)
}

async function untilReady(
  child: ChildProcess,
  bin: string,
  host: string,
  port: number,
  log: () => string,
): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!isReady(bin, host, port)) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await end(child)
      throw new Error(`PostgreSQL did not start: ${log().slice(-1000)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function isReady(bin: string, host: string, port: number): boolean {
  try {
    execFileSync(join(bin, 'pg_isready'), ['-q', '-h', host, '-p', String(port)])
    return true
  } catch {
    return false
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGINT')
  const timer = setTimeout(() => child.kill('SIGQUIT'), 10_000)
  await gone
  clearTimeout(timer)
}
