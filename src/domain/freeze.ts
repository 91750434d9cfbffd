/**
 * An environment that takes nothing for a while: nothing is released into it and nothing is lent for it, until a moment or until
 * it is opened again. Closing is a word of anybody who could approve there; opening before its time is not for them.
 */

import * as z from '../bytes/schema.ts'
import { allowed, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import type { State } from './state.ts'

export const events = {
  'freeze.begun': z.strictObject({
    freeze: f.freezeId,
    environment: f.name,
    by: f.principalId,
    from: f.at,
    /** It ends by being ended where this is absent. */
    until: f.at.optional(),
  }),
  'freeze.ended': z.strictObject({ freeze: f.freezeId, environment: f.name, by: f.principalId }),
  'freeze.refused': z.strictObject({ environment: f.name, by: f.principalId, wanted: z.enum(['begin', 'end']) }),
}

export const commands = {
  'begin freeze': z.strictObject({
    type: z.literal('begin freeze'),
    freeze: f.freezeId,
    environment: f.name,
    /** Now, where it is absent. */
    from: f.at.optional(),
    until: f.at.optional(),
  }),
  'end freeze': z.strictObject({ type: z.literal('end freeze'), freeze: f.freezeId, environment: f.name }),
}

export type FreezeEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export type Freeze = z.infer<(typeof events)['freeze.begun']> & { readonly leafIndex: number }

/** As many as one environment can have at a time, those to come included. */
const MAX_FREEZES = 100

export function apply(state: State, event: FreezeEvent, at: number, leafIndex: number): void {
  if (event.type === 'freeze.begun') {
    const { type: _, ...begun } = event
    for (const [id, { until }] of state.freezes) if (until !== undefined && until <= at) state.freezes.delete(id)
    state.freezes.set(event.freeze, { ...begun, leafIndex })
  }
  if (event.type === 'freeze.ended') state.freezes.delete(event.freeze)
}

/** What keeps the environment closed at this moment: of several, the one that lasts longest. */
export function freezeOf(environment: string, { freezes }: Pick<State, 'freezes'>, at: number): Freeze | undefined {
  const now = of(environment, freezes).filter(({ from, until = Infinity }) => from <= at && at < until)
  return now.sort((a, b) => (b.until ?? Infinity) - (a.until ?? Infinity))[0]
}

/** Those that are and those to come, the next first. */
export function freezesOf(environment: string, { freezes }: Pick<State, 'freezes'>, at: number): Freeze[] {
  const open = of(environment, freezes).filter(({ until = Infinity }) => until > at)
  return open.sort((a, b) => a.from - b.from)
}

function of(environment: string, freezes: ReadonlyMap<string, Freeze>): Freeze[] {
  return [...freezes.values()].filter((freeze) => freeze.environment === environment)
}

type Begin = z.infer<(typeof commands)['begin freeze']>

export function begin(
  { freeze, environment, from, until }: Begin,
  by: f.PrincipalId,
  { policy, isAllowed }: Answered,
  state: State,
  at: number,
): Decision {
  const refuse = (reason: Reason) =>
    refused({ type: 'freeze.refused', environment, by, wanted: 'begin' }, reason, policy)

  if (!state.environments.has(environment)) return refuse('no_such_environment')
  if (state.freezes.has(freeze)) return refuse('id_taken')
  const begins = Math.max(at, from ?? at)
  if (until !== undefined && until <= begins) return refuse('no_such_time')
  if (freezesOf(environment, state, at).length >= MAX_FREEZES) return refuse('too_many_freezes')
  if (!isAllowed) return refuse('policy_refused')
  const lasting = { from: begins, ...(until !== undefined && { until }) }
  return allowed({ type: 'freeze.begun', freeze, environment, by, ...lasting }, policy)
}

type End = z.infer<(typeof commands)['end freeze']>

export function end(
  { freeze, environment }: End,
  by: f.PrincipalId,
  { policy, isAllowed }: Answered,
  state: State,
  at: number,
): Decision {
  const refuse = (reason: Reason) => refused({ type: 'freeze.refused', environment, by, wanted: 'end' }, reason, policy)

  const known = freezesOf(environment, state, at).find((one) => one.freeze === freeze)
  if (!known) return refuse('no_such_freeze')
  if (!isAllowed) return refuse('policy_refused')
  return allowed({ type: 'freeze.ended', freeze, environment, by }, policy)
}
