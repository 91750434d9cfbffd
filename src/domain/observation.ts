/**
 * What a principal says that it did: one step of its own run, or of a release or grant that it holds. It is a claim and stays
 * one; that this principal made it, and when it arrived, is what the log proves.
 */

import * as z from '../bytes/schema.ts'
import { allowed, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { Login } from './login.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import type { State } from './state.ts'

/** `step.ended`, `command.run`, `test.finished`: a noun and what happened to it. */
const kind = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9]*(?:\.[a-z][a-z0-9]*){1,3}$/)
const status = z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/)
const factName = z.string().regex(/^[a-z][A-Za-z0-9]{0,31}$/)
/** No spaces, no `@`, no `:` but in a digest, not four numbers with dots: neither sentences nor addresses fit in. */
const factText = z
  .string()
  .max(128)
  .regex(/^(?:(?!\d{1,3}(?:\.\d{1,3}){3}$)[A-Za-z0-9][A-Za-z0-9._/+-]*|sha256:[0-9a-f]{64})$/)
const fact = z.union([factText, z.int(), z.boolean()])

const MAX_FACTS = 16

const said = {
  kind,
  /** When it happened, by the clock of whoever says so. */
  claimedAt: f.at,
  /** What it is about; the run of the principal itself when neither is named. */
  release: f.releaseId.optional(),
  grant: f.grantId.optional(),
  status: status.optional(),
  /** Of what was read, made or printed. */
  digest: f.digest.optional(),
  durationMs: z.int().min(0).optional(),
  facts: z
    .record(factName, fact)
    .refine((facts) => Object.keys(facts).length <= MAX_FACTS, `at most ${MAX_FACTS} facts`)
    .optional(),
}

export const events = {
  'observation.recorded': z.strictObject({ ...said, principal: f.principalId }),
  'observation.refused': z.strictObject({
    principal: f.principalId,
    kind,
    release: f.releaseId.optional(),
    grant: f.grantId.optional(),
  }),
}

export const commands = {
  'record observation': z.strictObject({ ...said, type: z.literal('record observation') }),
}

export type ObservationEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export type Observe = z.infer<(typeof commands)['record observation']>

/** What it is about, as far as the state knows it: whose it is, and in which environment. */
export type Place = {
  readonly isOwn: boolean
  readonly environment?: string | undefined
  readonly target?: string | undefined
  readonly unknown?: Reason
}

/** A job speaks of its own run, of the release that it asked for, and of the grants that it holds. */
export function placeOf({ release, grant }: Observe, { principal }: Login, { releases, grants }: State): Place {
  const held = grant === undefined ? undefined : grants.get(grant)
  const asked = releases.get(release ?? held?.release ?? '')
  if (grant !== undefined && !held) return { isOwn: false, unknown: 'no_such_grant' }
  if ((release !== undefined && !asked) || (held && release !== undefined && held.release !== release))
    return { isOwn: false, unknown: 'no_such_release' }
  const isOwn = (!held || held.holder === principal) && (!asked || asked.requester === principal)
  return { isOwn, environment: asked?.environment, target: held?.target }
}

export function record(
  command: Observe,
  { principal }: Login,
  { unknown }: Place,
  { policy, isAllowed }: Answered,
): Decision {
  const { type: _, ...observed } = command
  const { kind: of, release, grant } = observed
  const about = { ...(release !== undefined && { release }), ...(grant !== undefined && { grant }) }
  const refuse = (reason: Reason) =>
    refused({ type: 'observation.refused', principal, kind: of, ...about }, reason, policy)

  if (unknown) return refuse(unknown)
  if (!isAllowed) return refuse('policy_refused')
  return allowed({ type: 'observation.recorded', principal, ...observed }, policy)
}
