/** The stored login: one private file per server, and a note of the server used last. */

import { Client } from './client.ts'
import { Failure } from './failure.ts'
import { filedPin } from './pin.ts'
import { currentServerFile, loginFile, resolveServer, variable } from './setting.ts'
import { readJson, readSmall, remove, writeJson } from './state-file.ts'
import type { Environment, Terminal } from './terminal.ts'

export interface StoredLogin {
  readonly server: string
  readonly login: string
  /** Secret: `cs_` and 43 characters. */
  readonly token: string
  readonly expiresAt: string
  readonly name: string
}

export function readLogin(env: Environment, server: string): StoredLogin | undefined {
  const stored = readJson(loginFile(env, server))
  return typeof stored?.['token'] === 'string' ? (stored as unknown as StoredLogin) : undefined
}

export function writeLogin(env: Environment, login: StoredLogin): void {
  writeJson(loginFile(env, login.server), login)
  writeJson(currentServerFile(env), { server: login.server })
}

export function forgetLogin(env: Environment, server: string): void {
  remove(loginFile(env, server))
}

/** Options that every command with a server takes. */
export interface ServerOptions {
  readonly server?: string
}

/** A client without a login: for what everybody may ask. */
export function strangerClient({ server }: ServerOptions, terminal: Terminal): Client {
  const resolved = resolveServer(server, terminal.env)
  return new Client({ server: resolved, terminal, pin: filedPin(terminal.env, resolved) })
}

/** A client with the login of this machine. Throws a Failure `signIn` when there is none, or it has expired. */
export function openClient({ server }: ServerOptions, terminal: Terminal): Client {
  const { env } = terminal
  const resolved = resolveServer(server, env)
  return new Client({
    server: resolved,
    terminal,
    pin: filedPin(env, resolved),
    authorization: `Bearer ${bearer(env, resolved)}`,
  })
}

function bearer(env: Environment, server: string): string {
  const path = variable(env, 'COUNTERSIGN_TOKEN_FILE')
  if (path) return tokenFrom(path)
  const stored = readLogin(env, server)
  const next = `countersign login --server ${server}`
  if (!stored) throw new Failure('signIn', 'sign_in_needed', `not signed in to ${server}`, { next })
  if (Date.parse(stored.expiresAt) <= Date.now())
    throw new Failure('signIn', 'login_expired', `the login to ${server} has expired`, { next })
  return stored.token
}

/** Throws a usage Failure for a file that holds anything else. */
export function tokenFrom(path: string): string {
  const token = readSmall(path)?.trim()
  if (token && /^cs_[A-Za-z0-9_-]{43}$/u.test(token)) return token
  throw new Failure('usage', 'bad_token_file', `${path} does not hold a login token`)
}
