/** Somebody stands in for somebody who is away: says yes in their name, from a moment until another, and to nothing that they could not. */

import * as z from '../bytes/schema.ts'
import { allowed, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import { isActive } from './principal.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import type { State } from './state.ts'

export const events = {
  'delegation.given': z.strictObject({
    delegation: f.delegationId,
    /** Who is away. */
    by: f.personId,
    to: f.personId,
    from: f.at,
    until: f.at,
  }),
  'delegation.ended': z.strictObject({ delegation: f.delegationId, by: f.principalId }),
  'delegation.refused': z.strictObject({
    delegation: f.delegationId,
    to: f.personId.optional(),
    by: f.principalId,
    wanted: z.enum(['give', 'end']),
  }),
}

export const commands = {
  'delegate approvals': z.strictObject({
    type: z.literal('delegate approvals'),
    delegation: f.delegationId,
    to: f.personId,
    /** Now, where it is absent. */
    from: f.at.optional(),
    until: f.at,
  }),
  'end delegation': z.strictObject({ type: z.literal('end delegation'), delegation: f.delegationId }),
}

export type DelegationEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export type Delegation = z.infer<(typeof events)['delegation.given']> & { readonly leafIndex: number }

const MAX_LASTING_MS = 90 * 24 * 3_600_000
/** As many as one person gives at a time, those to come included. */
const MAX_GIVEN = 10

export function apply(state: State, event: DelegationEvent, at: number, leafIndex: number): void {
  if (event.type === 'delegation.given') {
    const { type: _, ...given } = event
    for (const [id, { until }] of state.delegations) if (until <= at) state.delegations.delete(id)
    state.delegations.set(event.delegation, { ...given, leafIndex })
  }
  if (event.type === 'delegation.ended') state.delegations.delete(event.delegation)
}

/** Those that are and those to come. */
export function delegationsOf({ delegations }: Pick<State, 'delegations'>, at: number): Delegation[] {
  return [...delegations.values()].filter(({ until }) => until > at).sort((a, b) => a.from - b.from)
}

type Give = z.infer<(typeof commands)['delegate approvals']>

export function give(
  { delegation, to, from, until }: Give,
  by: f.PrincipalId,
  { policy, isAllowed }: Answered,
  state: State,
  at: number,
): Decision {
  const refuse = (reason: Reason) =>
    refused({ type: 'delegation.refused', delegation, to, by, wanted: 'give' }, reason, policy)

  const begins = Math.max(at, from ?? at)
  if (state.delegations.has(delegation)) return refuse('id_taken')
  if (to === by) return refuse('own_delegation')
  if (!state.people.has(to)) return refuse('no_such_person')
  if (!isActive(state.people.get(to))) return refuse('not_enrolled')
  if (until <= begins || until > begins + MAX_LASTING_MS) return refuse('no_such_time')
  const given = delegationsOf(state, at).filter((each) => each.by === by)
  if (given.length >= MAX_GIVEN) return refuse('too_many_delegations')
  if (!isAllowed) return refuse('policy_refused')
  return allowed({ type: 'delegation.given', delegation, by: by as f.PersonId, to, from: begins, until }, policy)
}

type End = z.infer<(typeof commands)['end delegation']>

export function end(
  { delegation }: End,
  by: f.PrincipalId,
  { policy, isAllowed }: Answered,
  state: State,
  at: number,
): Decision {
  const refuse = (reason: Reason) =>
    refused({ type: 'delegation.refused', delegation, by, wanted: 'end' }, reason, policy)

  const known = delegationsOf(state, at).find((each) => each.delegation === delegation)
  if (!known) return refuse('no_such_delegation')
  if (!isAllowed) return refuse('policy_refused')
  return allowed({ type: 'delegation.ended', delegation, by }, policy)
}
