/**
 * Which policies are in force, from which leaf on; their text is evidence. Who may not change them alone asks, and another
 * administrator agrees over the exact step from one set to the other, with what history would have been under it.
 */

import * as z from '../bytes/schema.ts'
import type { AssertionClaims } from './approval.ts'
import { allowed, recorded, refused, waiting, type Decision } from './decision.ts'
import { challengeText } from './erasure-statement.ts'
import * as f from './field.ts'
import type { Login } from './login.ts'
import { formatPolicyStatement } from './policy-statement.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import type { State } from './state.ts'
import { digestStatement } from './statement.ts'

const set = z.strictObject({ digest: f.digest, ids: z.array(z.string().max(128)).max(1000) })
const count = z.int().min(0)
/** What real history would have been under the set; counted by the instance itself. */
const replay = z.strictObject({
  before: f.digest,
  from: f.leafIndex,
  treeSize: f.leafIndex,
  rootHash: f.base64.length(44),
  newlyRefused: count,
  newlyAllowed: count,
  unchanged: count,
  unknown: count,
  changesDigest: f.digest,
})
const nonce = z.string().length(43)

export const events = {
  'policy.asked': set.extend({
    by: f.personId,
    replay: replay.optional(),
    nonce,
    expiresAt: f.at,
    policyDigest: f.digest,
    statementDigest: f.digest,
  }),
  'policy.activated': set.extend({
    replay: replay.optional(),
    /** Who asked and who agreed, over which statement; absent where the policies let one administrator do it alone. */
    agreed: z
      .strictObject({
        askedBy: f.personId,
        by: f.personId,
        asked: f.leafIndex,
        statementDigest: f.digest,
        isSoftware: z.boolean(),
      })
      .optional(),
  }),
  'policy.declined': z.strictObject({ digest: f.digest, asked: f.leafIndex, by: f.personId }),
  'policy.refused': z.strictObject({ digest: f.digest.optional(), wanted: z.enum(['agree', 'decline']).optional() }),
}

const answered = { asked: f.leafIndex }
export const commands = {
  'activate policy': set.extend({
    type: z.literal('activate policy'),
    replay: replay.optional(),
    /** For the case that another administrator must agree. */
    nonce: nonce.optional(),
    expiresAt: f.at.optional(),
  }),
  'agree to policy': z.strictObject({ type: z.literal('agree to policy'), ...answered }),
  'decline policy': z.strictObject({ type: z.literal('decline policy'), ...answered }),
}

export type PolicyEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]
export type PolicyClaims = { readonly isValid: boolean }
/** A signature over the statement, and whether the set is one that may come into force. */
export type PolicyAnswerClaims = AssertionClaims & PolicyClaims
export type ActivePolicy = { readonly digest: string; readonly activatedAt: number; readonly leafIndex: number }

/** Asked for, and waiting for a second administrator. */
export type Waiting = z.infer<(typeof events)['policy.asked']> & {
  readonly leafIndex: number
  readonly askedAt: number
}

const MAX_WAIT_MS = 7 * 24 * 3_600_000
const MAX_WAITING = 16

export function apply(state: State, event: PolicyEvent, at: number, leafIndex: number): void {
  if (event.type === 'policy.asked') {
    const { type: _, ...asked } = event
    for (const [key, { expiresAt }] of state.waitingPolicies) if (expiresAt <= at) state.waitingPolicies.delete(key)
    const request = { ...asked, leafIndex, askedAt: at }
    state.waitingPolicies.set(String(leafIndex), request)
    // Nobody signs in with what was signed to agree.
    if (state.log) state.spentChallenges.add(challengeText(textOf(request, state)), leafIndex)
  }
  if (event.type === 'policy.declined') state.waitingPolicies.delete(String(event.asked))
  if (event.type !== 'policy.activated') return
  state.policy = { digest: event.digest, activatedAt: at, leafIndex }
  // Whatever else waits was asked for under the set that is gone.
  state.waitingPolicies.clear()
}

/** The statement as it was fixed when it was asked for. */
export function textOf({ by, ...asked }: Omit<Waiting, 'leafIndex' | 'statementDigest'>, { log }: State): string {
  return formatPolicyStatement({ ...asked, asker: by, origin: log!.origin })
}

type Activate = z.infer<(typeof commands)['activate policy']>

/** The first set, at the log's birth: nobody is there yet who could ask. */
export function begin({ digest, ids }: Activate, { isValid }: PolicyClaims, state: State): Decision {
  if (!isValid || state.policy)
    return refused({ type: 'policy.refused', digest }, isValid ? 'wrong_principal' : 'policy_invalid')
  return recorded({ type: 'policy.activated', digest, ids })
}

/** What the policies say now, and what they would say with one agreement. */
export type Asking = { readonly now: Answered; readonly agreed: Answered }

export function activate(
  { digest, ids, replay: history, nonce: drawn, expiresAt = 0 }: Activate,
  { isValid }: PolicyClaims,
  by: Login,
  { now, agreed }: Asking,
  state: State,
  at: number,
): Decision {
  const { policy } = now
  const refuse = (reason: Reason) => refused({ type: 'policy.refused', digest }, reason, policy)
  const inForce = state.policy!.digest as `sha256:${string}`

  if (!now.isAllowed && !agreed.isAllowed) return refuse('policy_refused')
  if (!isValid) return refuse('policy_invalid')
  // History was asked before this moment: others may have changed the policies since.
  if (history && history.before !== inForce) return refuse('activation_void')
  const step = { digest, ids, ...(history && { replay: history }) }
  if (now.isAllowed) return allowed({ type: 'policy.activated', ...step }, policy)
  if (drawn === undefined || expiresAt <= at || expiresAt > at + MAX_WAIT_MS) return refuse('activation_expired')
  if ([...state.waitingPolicies.values()].filter((each) => each.expiresAt > at).length >= MAX_WAITING)
    return refuse('activations_full')
  const request = { ...step, by: by.principal as f.PersonId, nonce: drawn, expiresAt, policyDigest: inForce }
  const statementDigest = digestStatement(textOf({ ...request, askedAt: at }, state))
  return waiting({ type: 'policy.asked', ...request, statementDigest }, 'activation_waiting', policy)
}

export function contextOf(asked: Waiting, by: Login, claims: AssertionClaims | undefined, at: number) {
  return {
    isAsker: asked.by === by.principal,
    userVerified: claims?.isUserVerified ?? false,
    statementMatches: claims?.isOverStatement ?? false,
    loginAgeSeconds: Math.floor((at - by.provenAt) / 1000),
  }
}

type Answer = z.infer<(typeof commands)['agree to policy']> | z.infer<(typeof commands)['decline policy']>

/** `step` is what the policies say of whoever asked, now that somebody agrees: what they may not do any more, nobody does for them. */
export function answer(
  { type, asked: leafIndex }: Answer,
  by: Login,
  claims: PolicyAnswerClaims | undefined,
  { own, step }: { readonly own: Answered; readonly step: Answered },
  state: State,
  at: number,
): Decision {
  const isYes = type === 'agree to policy'
  const asked = state.waitingPolicies.get(String(leafIndex))
  const { policy } = own
  const about = { ...(asked && { digest: asked.digest }), wanted: isYes ? 'agree' : 'decline' } as const
  const refuse = (reason: Reason) => refused({ type: 'policy.refused', ...about }, reason, policy)

  if (!asked) return refuse('no_such_activation')
  if (asked.expiresAt <= at) return refuse('activation_expired')
  if (isYes && asked.by === by.principal) return refuse('own_activation')
  const passkey = claims && state.passkeys.get(claims.credentialId)
  if (!passkey || passkey.person !== by.principal) return refuse('passkey_unknown')
  if (!claims.isOverStatement) return refuse('statement_mismatch')
  if (!own.isAllowed) return refuse('policy_refused')
  const { digest, ids, replay: history, statementDigest } = asked
  if (!isYes) return allowed({ type: 'policy.declined', digest, asked: leafIndex, by: passkey.person }, policy)
  if (asked.policyDigest !== state.policy?.digest || !step.isAllowed) return refuse('activation_void')
  if (!claims.isValid) return refuse('policy_invalid')
  const agreed = { askedBy: asked.by, by: passkey.person, asked: leafIndex, statementDigest }
  return allowed(
    {
      type: 'policy.activated',
      digest,
      ids,
      ...(history && { replay: history }),
      agreed: { ...agreed, isSoftware: passkey.isSoftware },
    },
    policy,
  )
}
