/** Whose CI tokens are believed, in which of their dialects, and for how long a job may stay signed in on one of them. */

import * as z from '../bytes/schema.ts'
import { DIALECTS, FACTS } from '../evidence/oidc-dialect.ts'
import * as f from './field.ts'
import type { State } from './state.ts'

/** Our word for a fact about a job to the issuer's claim. */
export const claimNames = z.partialRecord(z.enum(FACTS), z.string().regex(/^[\x21-\x7e]{1,128}$/))

const MINUTE_MS = 60_000
/** A job signs in for an hour, and again with a fresh token; where its CI gives it one token only, for up to six. */
export const JOB_LOGIN_MS = 60 * MINUTE_MS
export const loginLifetime = z
  .int()
  .min(5 * MINUTE_MS)
  .max(360 * MINUTE_MS)

export const events = {
  'issuer.trusted': z.strictObject({
    issuer: f.url,
    kind: z.enum(DIALECTS),
    jwksUri: f.url.optional(),
    /** What an issuer of the kind `custom` calls its claims. */
    claims: claimNames.optional(),
    loginLifetimeMs: loginLifetime.optional(),
  }),
}

export const commands = { 'trust issuer': events['issuer.trusted'].extend({ type: z.literal('trust issuer') }) }

export type IssuerEvent = { readonly type: 'issuer.trusted' } & z.infer<(typeof events)['issuer.trusted']>
export type Issuer = z.infer<(typeof events)['issuer.trusted']> & { readonly leafIndex: number }

export function apply(state: State, { type: _, ...issuer }: IssuerEvent, leafIndex: number): void {
  state.issuers.set(issuer.issuer, { ...issuer, leafIndex })
}
