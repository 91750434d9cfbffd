/**
 * Whose account at a CI is whose: who starts a run there is then known here, and cannot approve what the run asks for. The account's
 * id is personal: it stands beside the leaf, and is looked up when it is needed.
 */

import * as z from '../bytes/schema.ts'
import { allowed, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import type { State } from './state.ts'

const link = { person: f.personId, issuer: f.url }

export const events = {
  'account.linked': z.strictObject(link),
  'account.unlinked': z.strictObject(link),
  'account.refused': z.strictObject({ ...link, wanted: z.enum(['link', 'unlink']) }),
}

export const commands = {
  'link account': z.strictObject({ type: z.literal('link account'), ...link }),
  'unlink account': z.strictObject({ type: z.literal('unlink account'), ...link }),
}

export type AccountEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

/** The leaves are kept in mind for what is disclosed beside them. */
export function apply(state: State, event: AccountEvent, leafIndex: number): void {
  if (event.type !== 'account.refused') state.people.get(event.person)?.disclosedIn.push(leafIndex)
}

type Link = z.infer<(typeof commands)['link account']> | z.infer<(typeof commands)['unlink account']>

/** `owner`: the person whose account this is by now, if anybody's. */
export function change(
  { type, person, issuer }: Link,
  owner: f.PersonId | undefined,
  { policy, isAllowed }: Answered,
  state: State,
): Decision {
  const isLink = type === 'link account'
  const refuse = (reason: Reason) =>
    refused({ type: 'account.refused', person, issuer, wanted: isLink ? 'link' : 'unlink' }, reason, policy)

  if (!state.people.has(person)) return refuse('no_such_person')
  if (!isAllowed) return refuse('policy_refused')
  if (isLink && !state.issuers.has(issuer)) return refuse('issuer_unknown')
  if (isLink && owner !== undefined && owner !== person) return refuse('account_taken')
  if (!isLink && owner !== person) return refuse('no_such_account')
  return allowed({ type: isLink ? 'account.linked' : 'account.unlinked', person, issuer }, policy)
}
