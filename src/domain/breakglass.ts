/**
 * Going now, without the approvals: a person breaks the glass for one release, over a statement of its own, everybody is alerted,
 * and somebody else has to judge it within some hours. Until they did, nobody breaks it there again, and who did breaks none.
 */

import * as z from '../bytes/schema.ts'
import type { AssertionClaims } from './approval.ts'
import { challengeText, formatBreakStatement, formatReviewStatement, type Broken } from './breakglass-statement.ts'
import { allowed, recorded, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import { freezeOf } from './freeze.ts'
import type { Login } from './login.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import { closedBecause, type Release } from './release.ts'
import type { ReadonlyState, State } from './state.ts'

const verdict = z.enum(['justified', 'unjustified'])
const place = { breakglass: f.breakglassId, release: f.releaseId, environment: f.name }

export const events = {
  'breakglass.used': z.strictObject({
    ...place,
    by: f.personId,
    /** Of the release, as approvers would have signed it. */
    statementDigest: f.digest,
    isSoftware: z.boolean(),
    isFrozen: z.boolean(),
    /** Approvals that there were, and that were asked for. */
    given: z.int().min(0),
    required: z.int().min(0),
    reviewBy: f.at,
  }),
  'breakglass.reviewed': z.strictObject({
    ...place,
    by: f.personId,
    usedBy: f.personId,
    verdict,
    isSoftware: z.boolean(),
  }),
  'breakglass.overdue': z.strictObject({ ...place, usedBy: f.personId, reviewBy: f.at }),
  'breakglass.refused': z.strictObject({
    breakglass: f.breakglassId,
    release: f.releaseId.optional(),
    by: f.principalId,
    wanted: z.enum(['use', 'review']),
  }),
}

export const commands = {
  'break glass': z.strictObject({
    type: z.literal('break glass'),
    breakglass: f.breakglassId,
    release: f.releaseId,
  }),
  'review break-glass': z.strictObject({
    type: z.literal('review break-glass'),
    breakglass: f.breakglassId,
    verdict,
  }),
  'note overdue review': z.strictObject({ type: z.literal('note overdue review'), breakglass: f.breakglassId }),
}

export type BreakglassEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]
export type Verdict = z.infer<typeof verdict>

/** One that nobody judged yet. */
export type Breakglass = z.infer<(typeof events)['breakglass.used']> & {
  readonly at: number
  readonly leafIndex: number
  readonly overdueSince?: number
}

/** So long somebody else may take to judge it, where the environment does not say. */
export const REVIEW_WITHIN_MS = 24 * 3_600_000

export function apply(state: State, event: BreakglassEvent, at: number, leafIndex: number): void {
  if (event.type === 'breakglass.refused') return
  const { breakglass, release: id } = event
  const release = state.releases.get(id)
  if (event.type === 'breakglass.used') {
    const { type: _, ...used } = event
    const open = { ...used, at, leafIndex }
    state.breakglasses.set(breakglass, open)
    if (!release) return
    const { by, isSoftware } = event
    state.releases.set(id, { ...release, broken: { breakglass, by, isSoftware, at, leafIndex } })
    // Nobody signs in with what was signed to judge.
    for (const each of verdict.options)
      if (state.log) state.spentChallenges.add(challengeText(reviewText(open, release, each, state)), leafIndex)
  }
  if (event.type === 'breakglass.reviewed') {
    state.breakglasses.delete(breakglass)
    const review = { by: event.by, verdict: event.verdict, at, leafIndex }
    if (release) state.releases.set(id, { ...release, reviewed: review })
  }
  if (event.type === 'breakglass.overdue') {
    const open = state.breakglasses.get(breakglass)
    if (open) state.breakglasses.set(breakglass, { ...open, overdueSince: at })
  }
}

function brokenOf({ release, environment, artifact, artifactName, statementDigest }: Release, origin: string): Broken {
  return { origin, release, environment, artifact, artifactName, statementDigest }
}

/** What whoever breaks the glass for this release signs. */
export function breakText(release: Release, { log }: ReadonlyState): string {
  return formatBreakStatement(brokenOf(release, log!.origin))
}

/** What whoever judges it signs. */
export function reviewText(open: Breakglass, release: Release, said: Verdict, { log }: ReadonlyState): string {
  const { breakglass, by, leafIndex } = open
  return formatReviewStatement({ ...brokenOf(release, log!.origin), breakglass, by, leafIndex, verdict: said })
}

/** Those that keep this person from breaking the glass in this environment. */
export function unreviewed(environment: string, by: string, { breakglasses }: ReadonlyState): Breakglass[] {
  return [...breakglasses.values()].filter((each) => each.environment === environment || each.by === by)
}

type Proof = AssertionClaims | undefined

function proofOf(claims: Proof, by: Login, at: number) {
  return {
    userVerified: claims?.isUserVerified ?? false,
    statementMatches: claims?.isOverStatement ?? false,
    loginAgeSeconds: Math.floor((at - by.provenAt) / 1000),
  }
}

export function contextOf(release: Release, by: Login, claims: Proof, state: State, at: number) {
  return {
    isAuthor: release.authors.includes(by.principal as f.PersonId),
    isFrozen: freezeOf(release.environment, state, at) !== undefined,
    isReviewMissing: unreviewed(release.environment, by.principal, state).length > 0,
    ...proofOf(claims, by, at),
  }
}

type Use = z.infer<(typeof commands)['break glass']>

export function use(
  { breakglass, release: id }: Use,
  by: Login,
  claims: Proof,
  { policy, isAllowed }: Answered,
  state: State,
  at: number,
): Decision {
  const refuse = (reason: Reason) =>
    refused({ type: 'breakglass.refused', breakglass, release: id, by: by.principal, wanted: 'use' }, reason, policy)

  const release = state.releases.get(id)
  if (!release) return refuse('no_such_release')
  if (state.breakglasses.has(breakglass)) return refuse('id_taken')
  const closed = closedBecause(release, state, at)
  if (closed) return refuse(closed)
  if (release.broken) return refuse('glass_broken')
  const facts = contextOf(release, by, claims, state, at)
  if (facts.isReviewMissing) return refuse('review_missing')
  const passkey = claims && state.passkeys.get(claims.credentialId)
  if (!passkey || passkey.person !== by.principal) return refuse('passkey_unknown')
  if (!facts.statementMatches) return refuse('statement_mismatch')
  if (!isAllowed) return refuse('policy_refused')
  const { environment, statementDigest, required, approvals } = release
  const withinMs = state.environments.get(environment)?.reviewWithinMs ?? REVIEW_WITHIN_MS
  const used = { breakglass, release: id, environment, by: passkey.person, statementDigest }
  const found = { isSoftware: passkey.isSoftware, isFrozen: facts.isFrozen, given: approvals.length, required }
  return allowed({ type: 'breakglass.used', ...used, ...found, reviewBy: at + withinMs }, policy)
}

export function reviewContextOf(open: Breakglass, release: Release, by: Login, claims: Proof, at: number) {
  return {
    isSelf: open.by === by.principal,
    isAuthor: release.authors.includes(by.principal as f.PersonId),
    ...proofOf(claims, by, at),
  }
}

type Review = z.infer<(typeof commands)['review break-glass']>

export function review(
  { breakglass, verdict: said }: Review,
  by: Login,
  claims: Proof,
  { policy, isAllowed }: Answered,
  state: State,
  at: number,
): Decision {
  const open = state.breakglasses.get(breakglass)
  const release = open && state.releases.get(open.release)
  const about = { breakglass, ...(open && { release: open.release }), by: by.principal, wanted: 'review' } as const
  const refuse = (reason: Reason) => refused({ type: 'breakglass.refused', ...about }, reason, policy)

  if (!open || !release) return refuse('no_such_breakglass')
  const facts = reviewContextOf(open, release, by, claims, at)
  if (facts.isSelf || facts.isAuthor) return refuse('own_breakglass')
  const passkey = claims && state.passkeys.get(claims.credentialId)
  if (!passkey || passkey.person !== by.principal) return refuse('passkey_unknown')
  if (!facts.statementMatches) return refuse('statement_mismatch')
  if (!isAllowed) return refuse('policy_refused')
  const { environment, by: usedBy, release: id } = open
  const reviewed = { breakglass, release: id, environment, by: passkey.person, usedBy, verdict: said }
  return allowed({ type: 'breakglass.reviewed', ...reviewed, isSoftware: passkey.isSoftware }, policy)
}

/** Those whose time is over and that nobody was told about. */
export function overdue({ breakglasses }: ReadonlyState, at: number): Breakglass[] {
  return [...breakglasses.values()].filter((each) => each.reviewBy <= at && each.overdueSince === undefined)
}

type Note = z.infer<(typeof commands)['note overdue review']>

/** Undefined where it is not overdue, or was said before. */
export function note({ breakglass }: Note, state: State, at: number): Decision | undefined {
  const found = overdue(state, at).find((each) => each.breakglass === breakglass)
  if (!found) return undefined
  const { release, environment, by: usedBy, reviewBy } = found
  return recorded({ type: 'breakglass.overdue', breakglass, release, environment, usedBy, reviewBy })
}
