/** Keys that people sign commits with. The public key itself is evidence; the leaf holds its fingerprint. */

import * as z from '../bytes/schema.ts'
import { allowed, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import type { State } from './state.ts'

const format = z.enum(['ssh', 'openpgp'])

export const events = {
  'key.enrolled': z.strictObject({ person: f.personId, fingerprint: f.fingerprint, format, publicKey: f.digest }),
  'key.removed': z.strictObject({ person: f.personId, fingerprint: f.fingerprint }),
  'key.refused': z.strictObject({ fingerprint: f.fingerprint, wanted: z.enum(['enrol', 'remove']) }),
}

export const commands = {
  'enrol key': z.strictObject({ type: z.literal('enrol key'), format, publicKey: f.digest }),
  'remove key': z.strictObject({ type: z.literal('remove key'), fingerprint: f.fingerprint }),
}

export type KeyEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export type Key = {
  readonly fingerprint: string
  readonly person: f.PersonId
  readonly format: 'ssh' | 'openpgp'
  readonly publicKey: string
  readonly enrolledAt: number
  removedAt?: number
  readonly leafIndex: number
}

export function apply(state: State, event: KeyEvent, at: number, leafIndex: number): void {
  if (event.type === 'key.enrolled') {
    const { person, fingerprint, format: form, publicKey } = event
    state.keys.set(fingerprint, { fingerprint, person, format: form, publicKey, enrolledAt: at, leafIndex })
    state.people.get(person)?.disclosedIn.push(leafIndex)
  }
  if (event.type === 'key.removed') {
    const key = state.keys.get(event.fingerprint)
    if (key) key.removedAt = at
  }
}

type Enrol = z.infer<(typeof commands)['enrol key']>
export type KeyClaims = { readonly fingerprint: string }

export function enrol(
  command: Enrol,
  { fingerprint }: KeyClaims,
  person: f.PersonId,
  { policy, isAllowed }: Answered,
  state: State,
): Decision {
  const refuse = (reason: Reason) => refused({ type: 'key.refused', fingerprint, wanted: 'enrol' }, reason, policy)

  const owner = state.keys.get(fingerprint)
  if (owner && owner.person !== person) return refuse('key_taken')
  if (!isAllowed) return refuse('policy_refused')
  const { format: form, publicKey } = command
  return allowed({ type: 'key.enrolled', person, fingerprint, format: form, publicKey }, policy)
}

type Remove = z.infer<(typeof commands)['remove key']>

export function remove({ fingerprint }: Remove, { policy, isAllowed }: Answered, state: State): Decision {
  const refuse = (reason: Reason) => refused({ type: 'key.refused', fingerprint, wanted: 'remove' }, reason, policy)

  const key = state.keys.get(fingerprint)
  if (!key || key.removedAt !== undefined) return refuse('no_such_key')
  if (!isAllowed) return refuse('policy_refused')
  return allowed({ type: 'key.removed', person: key.person, fingerprint }, policy)
}
