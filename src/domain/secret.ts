/** Static secrets that cannot be avoided: which version is kept for a target since when, and when it should have been replaced. Never what it is. */

import * as z from '../bytes/schema.ts'
import { allowed, recorded, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { Answered } from './question.ts'
import type { ReadonlyState, State } from './state.ts'

const kept = z.strictObject({ target: f.name, version: z.int().min(1) })

export const events = {
  /** Not even a digest of it: whoever chose a poor one could be found out by trying. */
  'secret.kept': kept,
  'secret.overdue': kept,
}

export const commands = {
  'keep secret': z.strictObject({ type: z.literal('keep secret'), target: f.name }),
  'note overdue secret': z.strictObject({ type: z.literal('note overdue secret'), target: f.name }),
}

export type SecretEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export type Secret = {
  readonly version: number
  readonly keptAt: number
  readonly leafIndex: number
  /** It was said that this version is too old. */
  readonly isNoted: boolean
}

const DAY_MS = 24 * 3_600_000

export function apply(state: State, event: SecretEvent, at: number, leafIndex: number): void {
  const { target, version } = event
  const before = state.secrets.get(target)
  if (event.type === 'secret.kept') state.secrets.set(target, { version, keptAt: at, leafIndex, isNoted: false })
  else if (before) state.secrets.set(target, { ...before, isNoted: true })
}

export function keep(
  { target }: z.infer<(typeof commands)['keep secret']>,
  { policy, isAllowed }: Answered,
  { targets, secrets }: State,
): Decision {
  const refusal = { type: 'principal.refused' as const, wanted: 'keep secret' }
  if (!isAllowed) return refused(refusal, 'policy_refused', policy)
  if (targets.get(target)?.kind !== 'secret') return refused(refusal, 'no_such_target', policy)
  return allowed({ type: 'secret.kept', target, version: (secrets.get(target)?.version ?? 0) + 1 }, policy)
}

/** Undefined when nothing is overdue. */
export function note(
  { target }: z.infer<(typeof commands)['note overdue secret']>,
  state: State,
  at: number,
): Decision | undefined {
  const secret = state.secrets.get(target)
  if (!secret || !overdue(state, at).includes(target)) return undefined
  return recorded({ type: 'secret.overdue', target, version: secret.version })
}

/** Targets whose secret is older than they let it be, and nobody said so yet. */
export function overdue({ targets, secrets }: Pick<ReadonlyState, 'targets' | 'secrets'>, at: number): string[] {
  return [...secrets].flatMap(([target, { keptAt, isNoted }]) => {
    const dueAt = dueAtOf(targets.get(target)?.rotateAfterDays, keptAt)
    return !isNoted && dueAt !== undefined && dueAt <= at ? [target] : []
  })
}

/** When it should be replaced; undefined where nobody said. */
export function dueAtOf(rotateAfterDays: number | undefined, keptAt: number): number | undefined {
  return rotateAfterDays === undefined ? undefined : keptAt + rotateAfterDays * DAY_MS
}
