/** A person's yes, or no, to one release, signed over the hash of the exact statement that they saw. */

import * as z from '../bytes/schema.ts'
import { allowed, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { Login } from './login.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import { closedBecause, endGrants, type Release } from './release.ts'
import type { State } from './state.ts'

export const events = {
  'approval.given': z.strictObject({
    release: f.releaseId,
    by: f.personId,
    statementDigest: f.digest,
    isSoftware: z.boolean(),
  }),
  'approval.declined': z.strictObject({ release: f.releaseId, by: f.personId, statementDigest: f.digest }),
  'approval.refused': z.strictObject({ release: f.releaseId, by: f.principalId, wanted: z.enum(['give', 'decline']) }),
}

export const commands = {
  'give approval': z.strictObject({ type: z.literal('give approval'), release: f.releaseId }),
  'decline release': z.strictObject({ type: z.literal('decline release'), release: f.releaseId }),
}

export type ApprovalEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export function apply(state: State, event: ApprovalEvent, at: number, leafIndex: number): void {
  const release = state.releases.get(event.release)
  if (!release) return
  if (event.type === 'approval.given') {
    const given = { by: event.by, at, isSoftware: event.isSoftware, leafIndex }
    state.releases.set(event.release, { ...release, approvals: [...release.approvals, given] })
  }
  if (event.type !== 'approval.declined') return
  state.releases.set(event.release, { ...release, declined: { by: event.by, at, leafIndex } })
  state.openReleases.delete(event.release)
  endGrants(release, 'revoked', state, at)
}

/** What the assertion proves: the passkey that made it, over which challenge, with the person verified or not. */
export type AssertionClaims = {
  readonly credentialId: string
  readonly isUserVerified: boolean
  readonly isOverStatement: boolean
}

export function contextOf(release: Release, by: Login, claims: AssertionClaims | undefined, at: number) {
  const person = by.principal as f.PersonId
  return {
    isAuthor: release.authors.includes(person),
    isRequester: release.requester === by.principal,
    isApprovedAlready: release.approvals.some(({ by: approver }) => approver === person),
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
  const facts = contextOf(release, by, claims, at)
  if (wanted === 'give' && (facts.isAuthor || facts.isRequester)) return refuse('own_release')
  if (wanted === 'give' && facts.isApprovedAlready) return refuse('already_approved')
  const passkey = claims && state.passkeys.get(claims.credentialId)
  if (!passkey || passkey.person !== by.principal) return refuse('passkey_unknown')
  if (!facts.statementMatches) return refuse('statement_mismatch')
  if (!isAllowed) return refuse('policy_refused')
  const { statementDigest } = release
  if (wanted === 'decline')
    return allowed({ type: 'approval.declined', release: id, by: passkey.person, statementDigest }, policy)
  return allowed(
    { type: 'approval.given', release: id, by: passkey.person, statementDigest, isSoftware: passkey.isSoftware },
    policy,
  )
}
