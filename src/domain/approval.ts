/** A person's yes, or no, to one release, signed over the hash of the exact statement that they saw. */

import * as z from '../bytes/schema.ts'
import { missing, standing } from './approval-rule.ts'
import { allowed, recorded, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { Login } from './login.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import { closedBecause, endGrants, stateOf, type Release } from './release.ts'
import type { ReadonlyState, State } from './state.ts'

export const events = {
  'approval.given': z.strictObject({
    release: f.releaseId,
    by: f.personId,
    statementDigest: f.digest,
    isSoftware: z.boolean(),
    /** Whom they stand in for; the yes counts as that one's. */
    onBehalfOf: f.personId.optional(),
  }),
  'approval.withdrawn': z.strictObject({ release: f.releaseId, by: f.personId }),
  /** It waited long enough for others to be asked, too. */
  'approval.escalated': z.strictObject({ release: f.releaseId, environment: f.name, missing: z.int().min(1) }),
  'approval.declined': z.strictObject({ release: f.releaseId, by: f.personId, statementDigest: f.digest }),
  'approval.refused': z.strictObject({
    release: f.releaseId,
    by: f.principalId,
    wanted: z.enum(['give', 'decline', 'withdraw']),
  }),
}

export const commands = {
  'give approval': z.strictObject({ type: z.literal('give approval'), release: f.releaseId }),
  'decline release': z.strictObject({ type: z.literal('decline release'), release: f.releaseId }),
  'withdraw approval': z.strictObject({ type: z.literal('withdraw approval'), release: f.releaseId }),
  'escalate release': z.strictObject({ type: z.literal('escalate release'), release: f.releaseId }),
}

export type ApprovalEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export function apply(state: State, event: ApprovalEvent, at: number, leafIndex: number): void {
  const release = state.releases.get(event.release)
  if (!release) return
  if (event.type === 'approval.given') {
    const { by, isSoftware, onBehalfOf } = event
    const given = { by, at, isSoftware, ...(onBehalfOf && { onBehalfOf }), leafIndex }
    state.releases.set(event.release, { ...release, approvals: [...release.approvals, given] })
  }
  if (event.type === 'approval.withdrawn') {
    const approvals = release.approvals.filter(({ by }) => by !== event.by)
    state.releases.set(event.release, { ...release, approvals })
  }
  if (event.type === 'approval.escalated') state.releases.set(event.release, { ...release, escalated: at })
  if (event.type !== 'approval.declined') return
  state.releases.set(event.release, { ...release, declined: { by: event.by, at, leafIndex } })
  state.openReleases.delete(event.release)
  endGrants(release, 'revoked', state, at)
}

/** What the assertion proves: the passkey that made it, over which challenge, with the person verified or not. */
export type AssertionClaims = {
  readonly credentialId: string
  readonly isUserVerified: boolean
  readonly isDeviceBound?: boolean
  readonly isOverStatement: boolean
}

/** What somebody has to do with a release: their own part in it, and whether a yes of theirs would count for a rule. */
export function stakeOf(release: Release, { principal }: Login, state: State, at: number) {
  return {
    isAuthor: release.authors.includes(principal as f.PersonId),
    fillsRule: standing(principal, release, state, at) !== undefined,
  }
}

export function contextOf(release: Release, by: Login, claims: AssertionClaims | undefined, state: State, at: number) {
  const isIn = ({ by: approver, onBehalfOf }: Release['approvals'][number]) =>
    approver === by.principal || onBehalfOf === by.principal
  return {
    ...stakeOf(release, by, state, at),
    isRequester: release.requester === by.principal,
    isApprovedAlready: release.approvals.some(isIn),
    userVerified: claims?.isUserVerified ?? false,
    statementMatches: claims?.isOverStatement ?? false,
    loginAgeSeconds: Math.floor((at - by.provenAt) / 1000),
  }
}

type Answer = z.infer<(typeof commands)['give approval']> | z.infer<(typeof commands)['decline release']>

export function answer(
  { type, release: id }: Answer,
  by: Login,
  claims: AssertionClaims | undefined,
  { policy, isAllowed }: Answered,
  state: State,
  at: number,
): Decision {
  const wanted = type === 'give approval' ? 'give' : 'decline'
  const refuse = (reason: Reason) =>
    refused({ type: 'approval.refused', release: id, by: by.principal, wanted }, reason, policy)

  const release = state.releases.get(id)
  if (!release) return refuse('no_such_release')
  const closed = closedBecause(release, state, at)
  if (closed) return refuse(closed)
  const facts = contextOf(release, by, claims, state, at)
  if (wanted === 'give' && (facts.isAuthor || facts.isRequester)) return refuse('own_release')
  if (wanted === 'give' && facts.isApprovedAlready) return refuse('already_approved')
  const passkey = claims && state.passkeys.get(claims.credentialId)
  if (!passkey || passkey.person !== by.principal) return refuse('passkey_unknown')
  if (!facts.statementMatches) return refuse('statement_mismatch')
  if (!isAllowed) return refuse('policy_refused')
  const { statementDigest } = release
  if (wanted === 'decline')
    return allowed({ type: 'approval.declined', release: id, by: passkey.person, statementDigest }, policy)
  const inNameOf = standing(by.principal, release, state, at)
  const given = { release: id, by: passkey.person, statementDigest, isSoftware: passkey.isSoftware }
  const isForAnother = inNameOf !== undefined && inNameOf !== by.principal
  return allowed({ type: 'approval.given', ...given, ...(isForAnother && { onBehalfOf: inNameOf }) }, policy)
}

type Withdraw = z.infer<(typeof commands)['withdraw approval']>

/** One's own yes, as long as nothing was lent for it. */
export function withdraw(
  { release: id }: Withdraw,
  by: f.PrincipalId,
  { policy, isAllowed }: Answered,
  state: State,
  at: number,
): Decision {
  const refuse = (reason: Reason) =>
    refused({ type: 'approval.refused', release: id, by, wanted: 'withdraw' }, reason, policy)

  const release = state.releases.get(id)
  if (!release) return refuse('no_such_release')
  const closed = closedBecause(release, state, at)
  if (closed) return refuse(closed)
  if (!release.approvals.some((given) => given.by === by)) return refuse('no_such_approval')
  if (release.grants.length > 0) return refuse('approval_used')
  if (!isAllowed) return refuse('policy_refused')
  return allowed({ type: 'approval.withdrawn', release: id, by: by as f.PersonId }, policy)
}

/** Releases that wait for longer than their environment lets them wait alone. */
export function overdue(state: ReadonlyState, at: number): Release[] {
  const patient = [...state.environments.values()].some(({ escalation }) => escalation !== undefined)
  if (!patient) return []
  return [...state.openReleases.keys()].flatMap((id) => {
    const release = state.releases.get(id)
    return release && isOverdue(release, state as State, at) ? [release] : []
  })
}

function isOverdue(release: Release, state: State, at: number): boolean {
  const afterMs = state.environments.get(release.environment)?.escalation?.afterMs ?? Infinity
  return (
    release.escalated === undefined && release.requestedAt + afterMs <= at && stateOf(release, state, at) === 'waiting'
  )
}

type Escalate = z.infer<(typeof commands)['escalate release']>

/** Undefined where it does not wait for anybody, or not for long enough. */
export function escalate({ release: id }: Escalate, state: State, at: number): Decision | undefined {
  const release = state.releases.get(id)
  if (!release || !isOverdue(release, state, at)) return undefined
  const { environment } = release
  return recorded({ type: 'approval.escalated', release: id, environment, missing: missing(release, state, at) })
}
