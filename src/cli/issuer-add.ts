/** Trusts the OIDC tokens of a CI. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface IssuerAddOptions extends ServerOptions {
  readonly issuer: string
  readonly kind: 'github' | 'generic'
  readonly jwksUri?: string
  readonly audience?: string
}

export async function run(options: IssuerAddOptions, terminal: Terminal): Promise<number> {
  const { issuer, kind, jwksUri, audience } = options
  const { leafIndex } = await openClient(options, terminal).post(
    '/api/v1/issuers',
    { issuer, kind, jwksUri, audience },
    z.unknown(),
  )
  terminal.result({ issuer, leafIndex }, () => `tokens of ${issuer} are trusted\nleaf: ${leafIndex}`)
  return 0
}
