/** Whose CI tokens are believed. */

import * as z from '../bytes/schema.ts'
import * as f from './field.ts'
import type { State } from './state.ts'

export const events = {
  'issuer.trusted': z.strictObject({ issuer: f.url, kind: z.enum(['github', 'generic']), jwksUri: f.url.optional() }),
}

export const commands = { 'trust issuer': events['issuer.trusted'].extend({ type: z.literal('trust issuer') }) }

export type IssuerEvent = { readonly type: 'issuer.trusted' } & z.infer<(typeof events)['issuer.trusted']>
export type Issuer = z.infer<(typeof events)['issuer.trusted']> & { readonly leafIndex: number }

export function apply(state: State, { type: _, ...issuer }: IssuerEvent, leafIndex: number): void {
  state.issuers.set(issuer.issuer, { ...issuer, leafIndex })
}
