/** Which policies are in force, from which leaf on. Their text is evidence. */

import * as z from '../bytes/schema.ts'
import { allowed, recorded, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { Answered } from './question.ts'
import type { State } from './state.ts'

export const events = {
  'policy.activated': z.strictObject({ digest: f.digest, ids: z.array(z.string().max(128)).max(1000) }),
  'policy.refused': z.strictObject({ digest: f.digest.optional() }),
}

export const commands = {
  'activate policy': z.strictObject({
    type: z.literal('activate policy'),
    digest: f.digest,
    ids: z.array(z.string().max(128)).max(1000),
  }),
}

export type PolicyEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]
export type PolicyClaims = { readonly isValid: boolean }
export type ActivePolicy = { readonly digest: string; readonly activatedAt: number; readonly leafIndex: number }

export function apply(state: State, event: PolicyEvent, at: number, leafIndex: number): void {
  if (event.type === 'policy.activated') state.policy = { digest: event.digest, activatedAt: at, leafIndex }
}

type Activate = z.infer<(typeof commands)['activate policy']>

/** The first set, at the log's birth: nobody is there yet who could ask. */
export function begin({ digest, ids }: Activate, { isValid }: PolicyClaims, state: State): Decision {
  if (!isValid || state.policy)
    return refused({ type: 'policy.refused', digest }, isValid ? 'wrong_principal' : 'policy_invalid')
  return recorded({ type: 'policy.activated', digest, ids })
}

export function activate(
  { digest, ids }: Activate,
  { isValid }: PolicyClaims,
  { policy, isAllowed }: Answered,
): Decision {
  if (!isAllowed) return refused({ type: 'policy.refused', digest }, 'policy_refused', policy)
  if (!isValid) return refused({ type: 'policy.refused', digest }, 'policy_invalid', policy)
  return allowed({ type: 'policy.activated', digest, ids }, policy)
}
