/** Trusts the OIDC tokens of a CI. */

import * as z from '../bytes/schema.ts'
import type { Dialect } from '../evidence/oidc-dialect.ts'
import { Failure } from './failure.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface IssuerAddOptions extends ServerOptions {
  readonly issuer: string
  readonly kind: Dialect
  readonly jwksUri?: string
  /** `fact=claim` */
  readonly claim?: readonly string[]
  /** Milliseconds. */
  readonly loginLifetime?: number
  readonly audience?: string
}

export async function run(options: IssuerAddOptions, terminal: Terminal): Promise<number> {
  const { issuer, kind, jwksUri, audience, claim, loginLifetime: loginLifetimeMs } = options
  const claims = claim && Object.fromEntries(claim.map(parseClaim))
  const { leafIndex } = await openClient(options, terminal).post(
    '/api/v1/issuers',
    { issuer, kind, jwksUri, audience, claims, loginLifetimeMs },
    z.unknown(),
  )
  terminal.result({ issuer, leafIndex }, () => `tokens of ${issuer} are trusted\nleaf: ${leafIndex}`)
  return 0
}

function parseClaim(text: string): readonly [string, string] {
  const [, fact, claim] = /^(\w+)=(.+)$/u.exec(text) ?? []
  if (fact && claim) return [fact, claim]
  throw new Failure('usage', 'bad_claim', `${text} does not say which claim tells what`, {
    next: '--claim repository=project_path',
  })
}
