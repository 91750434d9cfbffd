/** Trusts an identity provider that people sign in at. */

import { readFileSync } from 'node:fs'
import * as z from '../bytes/schema.ts'
import { Failure } from './failure.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface IdpAddOptions extends ServerOptions {
  readonly idp: string
  readonly issuer: string
  readonly clientId: string
  readonly clientSecretFile?: string
  readonly scope?: readonly string[]
  readonly subjectClaim?: string
}

const trusted = z.object({ redirectUri: z.url(), backchannelLogoutUri: z.url() })

export async function run(options: IdpAddOptions, terminal: Terminal): Promise<number> {
  const { idp, issuer, clientId, clientSecretFile, scope, subjectClaim } = options
  const clientSecret = clientSecretFile === undefined ? undefined : readSecret(clientSecretFile)
  const scopes = scope && [...new Set(['openid', ...scope])]
  const body = { idp, issuer, clientId, clientSecret, scopes, subjectClaim }
  const { leafIndex, result } = await openClient(options, terminal).post('/api/v1/idps', body, trusted)
  const { redirectUri, backchannelLogoutUri } = result
  terminal.result({ idp, issuer, redirectUri, backchannelLogoutUri, leafIndex }, () =>
    [
      `people sign in at ${issuer} once they are linked: countersign people link`,
      `redirect URI to enter there:             ${redirectUri}`,
      `back-channel logout URI to enter there:  ${backchannelLogoutUri}`,
      `leaf: ${leafIndex}`,
    ].join('\n'),
  )
  return 0
}

/** Never on the command line, where others on this machine see it. */
function readSecret(file: string): string {
  try {
    const text = readFileSync(file === '-' ? 0 : file, 'utf8').replace(/\r?\n$/, '')
    if (text !== '') return text
  } catch (error) {
    throw new Failure('failed', 'unreadable', `couldn't read ${file}: ${(error as Error).message}`)
  }
  throw new Failure('usage', 'empty_secret', `${file} is empty`)
}
