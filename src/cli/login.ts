/** Signs in: in the browser with a passkey, or here with a software passkey that is labelled as one. */

import * as z from '../bytes/schema.ts'
import { openPage } from './browser.ts'
import type { Client } from './client.ts'
import { formatWho, opened, shown, type Opened, type Receipt } from './contract.ts'
import { isWithoutBrowser, signInByCode } from './device-login.ts'
import { Failure } from './failure.ts'
import { strangerClient, writeLogin, type ServerOptions } from './login-file.ts'
import { openLoopback } from './loopback.ts'
import { signWithPasskey } from './passkey-file.ts'
import { originOf } from './pin.ts'
import { pinFile } from './setting.ts'
import { writeJson } from './state-file.ts'
import type { Terminal } from './terminal.ts'
import { formatInstant } from './text.ts'
import { parseKey } from '../tlog/key.ts'

export interface LoginOptions extends ServerOptions {
  readonly softwarePasskey?: string
  readonly browser?: boolean
  readonly device?: boolean
  readonly logKey?: string
}

const BROWSER_WAIT_MS = 5 * 60_000

export async function run(options: LoginOptions, terminal: Terminal): Promise<number> {
  const client = strangerClient(options, terminal)
  if (options.logKey) pinKey(options.logKey, client, terminal)
  const receipt = options.softwarePasskey
    ? await signInHere(client, options.softwarePasskey)
    : await signInThere(client, options, terminal)
  const { login, token, expiresAt, who: person } = receipt.result
  writeLogin(terminal.env, { server: client.server, login, token, expiresAt, name: person.name })
  terminal.result({ server: client.server, login, who: person, expiresAt, leafIndex: receipt.leafIndex }, () =>
    [
      `signed in to ${client.server} as ${formatWho(person)} until ${formatInstant(expiresAt)}`,
      `leaf: ${receipt.leafIndex}`,
    ].join('\n'),
  )
  return 0
}

function pinKey(logKey: string, { server }: Client, { env }: Terminal): void {
  try {
    parseKey(logKey)
  } catch (error) {
    throw new Failure('usage', 'bad_log_key', `--log-key is not a key of a log: ${(error as Error).message}`)
  }
  writeJson(pinFile(env, server), { origin: originOf(logKey), logKey })
}

const challengeShape = z.object({ challenge: z.base64url().max(128), rpId: shown })

/** Signs a fresh challenge with the software passkey in the file. */
export async function signInHere(client: Client, file: string): Promise<Receipt<Opened>> {
  const { challenge, rpId } = await client.get('/api/v1/logins/challenge', challengeShape)
  const assertion = signWithPasskey(file, rpId, challenge, client.server)
  return await client.post('/api/v1/logins', { method: 'passkey', assertion }, opened)
}

async function signInThere(client: Client, options: LoginOptions, terminal: Terminal): Promise<Receipt<Opened>> {
  const { browser, device } = options
  if (device || (terminal.isInteractive && !browser && isWithoutBrowser(terminal.env)))
    return await signInByCode(client, terminal)
  if (!terminal.isInteractive && !browser) {
    throw new Failure('usage', 'no_terminal', 'signing in needs a person at a terminal', {
      next: 'pass --software-passkey FILE, or --browser to print the page and wait for it',
    })
  }
  await using loopback = await openLoopback()
  const { port, state, challenge, verifier } = loopback
  openPage(`${client.server}/cli-login?${new URLSearchParams({ port: String(port), state, challenge })}`, terminal)
  const code = await loopback.code(BROWSER_WAIT_MS)
  return await client.post('/api/v1/logins', { method: 'code', code, verifier }, opened)
}
