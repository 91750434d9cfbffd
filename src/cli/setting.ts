/** Where a command finds its server and its files: flags, then `COUNTERSIGN_*`, then what the last login left. */

import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Failure } from './failure.ts'
import { readJson, type StateFile } from './state-file.ts'
import type { Environment } from './terminal.ts'

/** What each variable means: the text of `countersign help environment`. */
export const VARIABLES: readonly (readonly [name: string, meaning: string])[] = [
  ['COUNTERSIGN_SERVER', 'URL of the server, as --server'],
  ['COUNTERSIGN_LOG_KEY', 'key of the log that receipts must be signed by, instead of trusting the first one seen'],
  ['COUNTERSIGN_TOKEN_FILE', 'file that holds a login token, instead of the stored login'],
  ['COUNTERSIGN_ID_TOKEN', 'OIDC token of this CI job, made for the audience of the server'],
  ['COUNTERSIGN_ID_TOKEN_FILE', 'file that holds the OIDC token of this CI job'],
  ['COUNTERSIGN_JOB_DIR', 'directory where attest and run of one job share their login; RUNNER_TEMP otherwise'],
  ['COUNTERSIGN_ALLOW_HTTP', 'set to 1 to speak plain http to a host that is not this machine'],
  ['XDG_STATE_HOME', 'logins are kept in its folder countersign; ~/.local/state otherwise'],
  ['NO_COLOR, FORCE_COLOR, TERM=dumb', 'colour off, on, off; colour never carries meaning alone'],
]

/** A variable of the environment; a usage failure when it is set to nothing, which always means a slip in a script. */
export function variable(env: Environment, name: string): string | undefined {
  const value = env[name]
  if (value === '')
    throw new Failure('usage', 'empty_value', `${name} is set but empty`, { next: `unset ${name}, or give it a value` })
  return value
}

export function rejectEmptyVariables(env: Environment): void {
  for (const [name] of VARIABLES) if (name.startsWith('COUNTERSIGN_')) variable(env, name)
}

export function stateFolder(env: Environment): string {
  return join(
    variable(env, 'XDG_STATE_HOME') ?? join(variable(env, 'HOME') ?? homedir(), '.local', 'state'),
    'countersign',
  )
}

/** `localhost-7443-1f2e3d4c`: readable, and one per server. */
function slugOf(server: string): string {
  const hash = createHash('sha256').update(server).digest('hex').slice(0, 8)
  return `${new URL(server).host.replace(/[^a-z0-9.]/giu, '-')}-${hash}`
}

export function loginFile(env: Environment, server: string): StateFile {
  return { path: join(stateFolder(env), `${slugOf(server)}.login.json`) }
}

export function pinFile(env: Environment, server: string): StateFile {
  return { path: join(stateFolder(env), `${slugOf(server)}.log.json`) }
}

export function currentServerFile(env: Environment): StateFile {
  return { path: join(stateFolder(env), 'current.json') }
}

/** The server to speak to: an origin like `https://countersign.acme.test`, without a trailing slash. */
export function resolveServer(flag: string | undefined, env: Environment): string {
  const named = flag ?? variable(env, 'COUNTERSIGN_SERVER') ?? rememberedServer(env)
  if (named) return parseServer(named, env)
  throw new Failure('usage', 'no_server', 'no server is named', {
    next: 'countersign login --server URL, or set COUNTERSIGN_SERVER',
  })
}

function rememberedServer(env: Environment): string | undefined {
  const current = readJson(currentServerFile(env))
  return typeof current?.['server'] === 'string' ? current['server'] : undefined
}

const LOOPBACK = /^(?:localhost|.*\.localhost|127(?:\.\d+){3}|\[::1\])$/u

export function parseServer(text: string, env: Environment): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url && (url.pathname === '/' || url.pathname === '') && !url.search && !url.username && !url.hash
  if (!url || !isPlain || !/^https?:$/u.test(url.protocol)) {
    throw new Failure('usage', 'bad_server', `"${text}" is not the URL of a server`, {
      next: 'write it as https://countersign.example.com',
    })
  }
  // A bearer token on plain http belongs to everybody on the way.
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname) && variable(env, 'COUNTERSIGN_ALLOW_HTTP') !== '1') {
    throw new Failure('usage', 'plain_http', `${url.origin} would carry the login in clear`, {
      next: 'use https, or set COUNTERSIGN_ALLOW_HTTP=1 on a network you trust',
    })
  }
  return url.origin
}
