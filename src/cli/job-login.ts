/** One job's login and its key: shared by `attest` and `run` through a private file, because a CI token is accepted once. */

import { createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { join } from 'node:path'
import { sha256 } from '../bytes/digest.ts'
import * as z from '../bytes/schema.ts'
import { base64, utf8 } from '../bytes/text.ts'
import { obtainToken, readClaims, type Claims } from './ci-token.ts'
import { Client } from './client.ts'
import { formatWho, opened } from './contract.ts'
import { Failure } from './failure.ts'
import { filedPin, memoryPin } from './pin.ts'
import { resolveServer, variable } from './setting.ts'
import { readJson, remove, writeJson, type StateFile } from './state-file.ts'
import type { ServerOptions } from './login-file.ts'
import type { Environment, Terminal } from './terminal.ts'

export interface JobLogin {
  readonly server: string
  readonly login: string
  /** Secret. */
  readonly token: string
  readonly expiresAt: string
  readonly name: string
  /** Base64 PKCS #8, secret: signs provenance as this job. */
  readonly privateKey: string
  readonly claims: Claims
}

export interface Job {
  readonly client: Client
  readonly login: JobLogin
  readonly key: KeyObject
}

/** The login that this job opened before, or a new one. */
export async function openJob(options: ServerOptions, terminal: Terminal): Promise<Job> {
  const { env } = terminal
  const server = resolveServer(options.server, env)
  const login = readJobLogin(env, server) ?? (await openJobLogin(server, terminal))
  return {
    client: jobClient(server, terminal, login),
    login,
    key: keyOf(login),
  }
}

function keyOf({ privateKey }: JobLogin): KeyObject {
  return createPrivateKey({ key: Buffer.from(privateKey, 'base64'), format: 'der', type: 'pkcs8' })
}

async function openJobLogin(server: string, terminal: Terminal): Promise<JobLogin> {
  const client = jobClient(server, terminal)
  const { audience } = await client.discover()
  const token = await obtainToken(terminal.env, audience)
  const claims = readClaims(token)
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const { result, leafIndex } = await client.post(
    '/api/v1/logins',
    {
      method: 'job',
      token,
      publicKey: base64.encode(publicKey.export({ format: 'der', type: 'spki' })),
      proof: base64.encode(sign(null, sha256(utf8.encode(token)), privateKey)),
    },
    opened,
  )
  terminal.say(`job login ${formatWho(result.who)} · leaf ${leafIndex}`)
  const kept = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')
  const login = {
    server,
    login: result.login,
    token: result.token,
    expiresAt: result.expiresAt,
    name: result.who.name,
    privateKey: kept,
    claims,
  }
  const file = jobFile(terminal.env, server)
  if (file) writeJson(file, login)
  return login
}

/** A client as the job, or as nobody yet. A job's machine may have no home of its own, so its pin may live in memory. */
export function jobClient(server: string, terminal: Terminal, login?: JobLogin): Client {
  const { env } = terminal
  const pin = env['HOME'] || env['XDG_STATE_HOME'] ? filedPin(env, server) : memoryPin()
  return new Client({
    server,
    terminal,
    pin,
    ...(login && { authorization: `DPoP ${login.token}`, key: keyOf(login) }),
  })
}

/** Whether this is the machine of a job: it signed in before, or its CI vouches for it. */
export function isJob({ server }: ServerOptions, { env }: Terminal): boolean {
  const tokens = [
    'COUNTERSIGN_ID_TOKEN_FILE',
    'COUNTERSIGN_ID_TOKEN',
    'ACTIONS_ID_TOKEN_REQUEST_URL',
    'BUILDKITE',
    'CIRCLECI',
  ]
  return tokens.some((name) => variable(env, name)) || readJobLogin(env, resolveServer(server, env)) !== undefined
}

/** The stored login of this job; undefined when there is none or it expired. */
export function readJobLogin(env: Environment, server: string): JobLogin | undefined {
  const file = jobFile(env, server)
  const stored = file && readJson(file)
  if (typeof stored?.['token'] !== 'string' || stored['server'] !== server) return undefined
  const login = stored as unknown as JobLogin
  return Date.parse(login.expiresAt) > Date.now() ? login : undefined
}

export function forgetJobLogin(env: Environment, server: string): void {
  const file = jobFile(env, server)
  if (file) remove(file)
}

function jobFile(env: Environment, server: string): StateFile | undefined {
  const folder = variable(env, 'COUNTERSIGN_JOB_DIR') ?? variable(env, 'RUNNER_TEMP')
  if (!folder) return undefined
  return { path: join(folder, `countersign-job-${new URL(server).host.replace(/[^a-z0-9.]/giu, '-')}.json`) }
}

/** Ends the job's login on the server and here. What fails is told and not thrown: it expires by itself. */
export async function closeJob({ client, login }: Job, terminal: Terminal): Promise<void> {
  forgetJobLogin(terminal.env, login.server)
  try {
    await client.write('DELETE', '/api/v1/logins/current', undefined, z.unknown())
  } catch (failure) {
    if (failure instanceof Failure && failure.exit === 'signIn') return
    terminal.warn(`the job login could not be ended and lives until ${login.expiresAt}: ${(failure as Error).message}`)
  }
}
