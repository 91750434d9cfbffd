/** One artifact on its way into one environment: asked for by a job, agreed to by people, carried out by that job. */

import * as z from '../bytes/schema.ts'
import type { DigestText } from '../bytes/digest.ts'
import { base64url } from '../bytes/text.ts'
import { missing, rules } from './approval-rule.ts'
import { challengeText as breakChallenge, formatBreakStatement } from './breakglass-statement.ts'
import { allowed, refused, type Decision } from './decision.ts'
import { deploy, previous } from './deployed.ts'
import { endGrant } from './ending.ts'
import * as f from './field.ts'
import type { Inquiry } from './inquiry.ts'
import type { Login } from './login.ts'
import type { Reason } from './reason.ts'
import type { State } from './state.ts'
import { challengeOf, formatStatement, type Statement } from './statement.ts'

export const events = {
  'release.requested': z.strictObject({
    release: f.releaseId,
    artifact: f.digest,
    artifactName: f.name,
    repository: f.name,
    commit: f.commitId,
    commitSha256: f.digest,
    environment: f.name,
    requester: f.principalId,
    plan: f.digest.optional(),
    nonce: f.base64url.max(64),
    policyDigest: f.digest,
    statementDigest: f.digest,
    expiresAt: f.at,
    required: z.int().min(0).max(10),
    /** So many with the environment's approver role where it is absent. */
    rules: rules.optional(),
    /** Nobody in this list may approve. */
    authors: z.array(f.personId).max(256),
    commits: z.int().min(0),
  }),
  'release.refused': z.strictObject({ artifact: f.digest, environment: f.name, requester: f.principalId }),
  'release.ended': z.strictObject({ release: f.releaseId, exitCode: z.int().min(0).max(255) }),
}

export const commands = {
  'request release': z.strictObject({
    type: z.literal('request release'),
    release: f.releaseId,
    artifact: f.digest,
    environment: f.name,
    plan: f.digest.optional(),
    nonce: f.base64url.max(64),
  }),
  'end release': z.strictObject({
    type: z.literal('end release'),
    release: f.releaseId,
    exitCode: z.int().min(0).max(255),
  }),
}

export type ReleaseEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export type Approval = {
  readonly by: f.PersonId
  readonly at: number
  readonly isSoftware: boolean
  readonly onBehalfOf?: f.PersonId
  readonly leafIndex: number
}
export type Release = z.infer<(typeof events)['release.requested']> & {
  readonly requestedAt: number
  /** Of people who are active; whoever is revoked while it is open takes theirs along. */
  readonly approvals: readonly Approval[]
  /** All that were lent for it. */
  readonly grants: readonly f.GrantId[]
  /** What was deployed there from that repository when it was asked for. */
  readonly previous?: f.ReleaseId
  /** Somebody who is active went without the approvals that are missing; and who judged that. */
  readonly broken?: Approval & { readonly breakglass: string }
  readonly reviewed?: {
    readonly by: f.PersonId
    readonly verdict: 'justified' | 'unjustified'
    readonly at: number
    readonly leafIndex: number
  }
  /** Since when others are asked, too. */
  readonly escalated?: number
  readonly inquiries?: readonly Inquiry[]
  readonly declined?: { readonly by: f.PersonId; readonly at: number; readonly leafIndex: number }
  readonly ended?: { readonly exitCode: number; readonly at: number; readonly leafIndex: number }
  readonly leafIndex: number
}

export function apply(state: State, event: ReleaseEvent, at: number, leafIndex: number): void {
  if (event.type === 'release.requested') {
    const { type: _, ...requested } = event
    const before = previous(event.repository, event.environment, state)
    const release = { ...requested, requestedAt: at, approvals: [], grants: [], leafIndex }
    state.releases.add(event.release, { ...release, ...(before && { previous: before.release }) })
    state.fingerprints.set(prefixOf(event.statementDigest), event.release)
    for (const subject of [event.artifact, event.commit])
      state.releasesOf.set(subject, [...(state.releasesOf.get(subject) ?? []).slice(1 - MAX_LISTED), event.release])
    for (const [old, expiresAt] of state.openReleases)
      if (expiresAt <= at) state.openReleases.delete(old)
      else break
    state.openReleases.set(event.release, event.expiresAt)
    // Nobody signs in with what was signed to approve it, or to break the glass for it.
    if (state.log) {
      state.spentChallenges.add(challengeText(release, state), leafIndex)
      const broken = formatBreakStatement({ ...release, origin: state.log.origin })
      state.spentChallenges.add(breakChallenge(broken), leafIndex)
    }
  }
  if (event.type === 'release.ended') {
    const ended = state.releases.get(event.release)
    if (!ended) return
    state.releases.set(event.release, { ...ended, ended: { exitCode: event.exitCode, at, leafIndex } })
    state.openReleases.delete(event.release)
    endGrants(ended, 'job_ended', state, at)
    if (event.exitCode === 0) deploy(ended, state)
  }
}

/** A release that is over lends nothing any more. */
export function endGrants({ grants }: Release, cause: 'job_ended' | 'revoked', state: State, at: number): void {
  for (const id of grants) endGrant(id, cause, state, at)
}

const MAX_LISTED = 20

/** The key of `fingerprints`: what people compare is made of these bits. */
export function prefixOf(statementDigest: string): string {
  return statementDigest.slice(0, 'sha256:'.length + 10)
}

export type ReleaseState =
  | 'waiting'
  | 'approved'
  | 'deploying'
  | 'deployed'
  | 'failed'
  | 'refused'
  | 'expired'
  | 'voided'

export function stateOf(release: Release, state: State, at: number): ReleaseState {
  if (release.ended) return release.ended.exitCode === 0 ? 'deployed' : 'failed'
  if (release.declined) return 'refused'
  if (release.expiresAt <= at) return 'expired'
  if (voidedBy(release, state)) return 'voided'
  if (release.grants.length > 0) return 'deploying'
  return release.broken || missing(release, state, at) === 0 ? 'approved' : 'waiting'
}

/** What changed since it was asked for, so that nothing that was said about it counts any more. */
function voidedBy({ policyDigest, environment, leafIndex }: Release, state: State): Reason | undefined {
  if (policyDigest !== state.policy?.digest) return 'policy_changed'
  return (state.environments.get(environment)?.leafIndex ?? 0) > leafIndex ? 'environment_changed' : undefined
}

/** Why nothing more can be done with this release, or undefined while it is open. */
export function closedBecause(release: Release, state: State, at: number): Reason | undefined {
  switch (stateOf(release, state, at)) {
    case 'expired':
      return 'release_expired'
    case 'voided':
      return voidedBy(release, state)
    case 'waiting':
    case 'approved':
    case 'deploying':
      return undefined
    default:
      return 'release_closed'
  }
}

/** The statement as it was fixed when the release was asked for. */
export function statementOf(
  release: Release | z.infer<(typeof events)['release.requested']>,
  requestedAt: number,
  origin: string,
): Statement {
  const { artifact, commitSha256, policyDigest, plan, ...rest } = release
  return {
    ...rest,
    origin,
    requestedAt,
    artifact: artifact as DigestText,
    commitSha256: commitSha256 as DigestText,
    policyDigest: policyDigest as DigestText,
    ...(plan && { plan: plan as DigestText }),
  }
}

export function textOf(release: Release, state: State): string {
  return formatStatement(statementOf(release, release.requestedAt, state.log!.origin))
}

function challengeText(release: Release, state: State): string {
  return base64url.encode(challengeOf(textOf(release, state)))
}

type End = z.infer<(typeof commands)['end release']>

/** `isOpen`: whether the gate would let it go now. */
export function end(
  { release: id, exitCode }: End,
  { principal }: Login,
  isOpen: boolean,
  state: State,
  at: number,
): Decision {
  const found = state.releases.get(id)
  const refuse = (reason: Reason) =>
    refused(
      {
        type: 'release.refused',
        artifact: found?.artifact ?? (`sha256:${'0'.repeat(64)}` as const),
        environment: found?.environment ?? 'none',
        requester: principal,
      },
      reason,
    )

  if (!found) return refuse('no_such_release')
  if (found.requester !== principal) return refuse('wrong_principal')
  if (found.ended) return refuse('release_closed')
  // What counts as deployed is the past that the next release is compared with: a job that says so without anybody's yes
  // would have its own commits, and who wrote them, forgotten.
  const isDeployable = exitCode !== 0 || found.grants.length > 0 || isOpen
  if (!isDeployable) return refuse(closedBecause(found, state, at) ?? 'approvals_missing')
  return allowed({ type: 'release.ended', release: id, exitCode })
}
