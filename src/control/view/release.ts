/** A release as people see it: what they would sign, what stands behind it, and whether they may. */

import { base64url } from '../../bytes/text.ts'
import type { Caller } from '../../domain/leaf.ts'
import { stateOf, textOf, type Release, type ReleaseState } from '../../domain/release.ts'
import type { ReadonlyState } from '../../domain/state.ts'
import { challengeOf, fingerprintOf } from '../../domain/statement.ts'
import { valueOf } from '../seal.ts'
import { approversOf, glassOf, standingOf } from './approver.ts'
import { before, commitsOf, describeCommits } from './commit.ts'
import { describeGrant, grantsOf } from './grant.ts'
import { count, instantOf, list, releaseName, short, span } from './phrase.ts'
import { risksOf, rulesOf } from './rule.ts'
import type { Release as ReleaseShape, ReleaseSummary } from './shape.ts'
import type { Sight } from './sight.ts'
import { stationsOf } from './station.ts'
import { whoOf } from './who.ts'

/** By id, or by the fingerprint that people compare, in upper or lower case; the newest one of that fingerprint. */
export function findRelease(idOrFingerprint: string, { state }: Sight): Release | undefined {
  const known = state.releases.get(idOrFingerprint)
  const prefix = known ? undefined : digestPrefix(idOrFingerprint)
  if (prefix === undefined) return known
  return state.releases.get(state.fingerprints.get(prefix) ?? '')
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** `K7Q2-9DMX` back to the first forty bits of the digest that it was made from; look-alike letters are read as meant. */
function digestPrefix(fingerprint: string): string | undefined {
  const letters = fingerprint.toUpperCase().replace('-', '').replace(/O/g, '0').replace(/[IL]/g, '1')
  if (!/^[0-9A-HJKMNP-TV-Z]{8}$/.test(letters)) return undefined
  const bits = [...letters].reduce((sum, letter) => (sum << 5n) | BigInt(CROCKFORD.indexOf(letter)), 0n)
  return `sha256:${bits.toString(16).padStart(10, '0')}`
}

const OPEN: readonly (string | undefined)[] = ['waiting', 'approved', 'deploying', 'voided']
/** Releases that one request looks at: behind so many of another state, whoever asks goes on from there. */
const MAX_LOOKED_AT = 2_000

type Asked = { readonly state?: ReleaseState | undefined; readonly before: number; readonly limit: number }

/** Newest first, from below the leaf `before`; `next` is where to go on, as long as there may be more. */
export function pageOf({ state: wanted, before: end, limit }: Asked, { state, at }: Sight) {
  const found: Release[] = []
  let looked = 0
  let last: Release | undefined
  const all = OPEN.includes(wanted)
    ? openReleases(state)
    : state.releases.newest(Infinity, ({ leafIndex }) => leafIndex >= end)
  for (const release of all) {
    if (release.leafIndex >= end) continue
    if (found.length === limit || looked >= MAX_LOOKED_AT) return { found, next: last?.leafIndex }
    looked += 1
    last = release
    if (!wanted || stateOf(release, state, at) === wanted) found.push(release)
  }
  return { found, next: undefined }
}

/** Those for which something may still be done, newest first. */
export function openReleases({ openReleases: open, releases }: ReadonlyState): Release[] {
  return [...open.keys()].toReversed().flatMap((id) => releases.get(id) ?? [])
}

export function summarize(release: Release, viewer: Caller | undefined, sight: Sight): ReleaseSummary {
  const { repository, environment, artifact, artifactName, commit, requester, required, leafIndex } = release
  return {
    release: release.release,
    fingerprint: fingerprintOf(release.statementDigest),
    name: releaseName(release),
    ...{ repository, environment, state: stateOf(release, sight.state, sight.at), artifact, artifactName, commit },
    requestedBy: whoOf(requester, sight),
    requestedAt: instantOf(release.requestedAt),
    expiresAt: instantOf(release.expiresAt),
    ...{ given: release.approvals.length, required, leafIndex },
    you: standingOf(release, viewer, sight),
  }
}

export async function describeRelease(
  release: Release,
  viewer: Caller | undefined,
  sight: Sight,
): Promise<ReleaseShape> {
  const { state } = sight
  const commits = commitsOf(release, state)
  const statement = textOf(release, state)
  const previous = before(release, state)
  const summary = summarize(release, viewer, sight)
  return {
    ...summary,
    you: { ...summary.you, ...glassOf(release, viewer, sight) },
    statement,
    statementDigest: release.statementDigest,
    challenge: base64url.encode(challengeOf(statement)),
    rpId: state.log?.rpId ?? '',
    credentialIds: [...(state.people.get(viewer?.id ?? '')?.passkeys ?? [])],
    policyDigest: release.policyDigest,
    stations: stationsOf(release, commits, sight),
    commits: await describeCommits(commits, sight),
    ...(previous && { since: sinceOf(previous) }),
    approvals: await describeApprovals(release, sight),
    rules: rulesOf(release, commits, sight),
    inquiries: await describeInquiries(release, sight),
    ...(release.broken && { brokenGlass: await describeBroken(release.broken, release.reviewed, sight) }),
    grants: grantsOf(release.release, state).map((grant) => describeGrant(grant, sight)),
    risks: risksOf(release, commits, viewer, sight),
    canApprove: approversOf(release, sight),
    effect: effectOf(release, sight),
    voidedBy: voidingOf(release, sight),
  }
}

function sinceOf({ release, ended, commit }: Release): NonNullable<ReleaseShape['since']> {
  return { release, deployedAt: instantOf(ended!.at), commit }
}

/** Whether the passkey verified its owner is in the question that the policies answered; a damaged leaf says it of nobody. */
async function describeApprovals({ approvals }: Release, sight: Sight): Promise<ReleaseShape['approvals']> {
  const opened = await Promise.all(
    approvals.map(({ leafIndex }) => sight.archive.open(leafIndex).catch(() => undefined)),
  )
  return approvals.map(({ by, at, isSoftware, onBehalfOf, leafIndex }, index) => ({
    by: { ...whoOf(by, sight), ...(onBehalfOf && { onBehalfOf: whoOf(onBehalfOf, sight) }) },
    at: instantOf(at),
    leafIndex,
    userVerified: opened[index]?.leaf.policy?.context['userVerified'] === true,
    software: isSoftware,
  }))
}

async function wordsOf(leafIndex: number, name: string, sight: Sight): Promise<{ readonly text?: string }> {
  const opened = await sight.archive.open(leafIndex).catch(() => undefined)
  const text = opened && valueOf(opened.disclosures, name)
  return text === undefined ? {} : { text }
}

/** The words of both sides, as long as they were not erased. */
async function describeInquiries({ inquiries = [] }: Release, sight: Sight): Promise<ReleaseShape['inquiries']> {
  const said = async ({ by, at, leafIndex }: { by: string; at: number; leafIndex: number }, name: string) => ({
    by: whoOf(by, sight),
    at: instantOf(at),
    leafIndex,
    ...(await wordsOf(leafIndex, name, sight)),
  })
  return Promise.all(
    inquiries.map(async (asked) => ({
      inquiry: asked.inquiry,
      ...(await said(asked, 'question')),
      answers: await Promise.all(asked.answers.map((each) => said(each, 'answer'))),
    })),
  )
}

async function describeBroken(
  { breakglass, by, at, leafIndex }: NonNullable<Release['broken']>,
  reviewed: Release['reviewed'],
  sight: Sight,
): Promise<NonNullable<ReleaseShape['brokenGlass']>> {
  const review = reviewed && { by: whoOf(reviewed.by, sight), verdict: reviewed.verdict, at: instantOf(reviewed.at) }
  const said = await wordsOf(leafIndex, 'reason', sight)
  return { breakglass, by: whoOf(by, sight), at: instantOf(at), leafIndex, ...said, ...(review && { review }) }
}

/** What happens if it is signed. */
function effectOf(release: Release, sight: Sight): string {
  const { state, at } = sight
  const phase = stateOf(release, state, at)
  if (phase !== 'waiting' && phase !== 'approved') return 'Nothing more: this release is not waiting for anybody.'
  const environment = state.environments.get(release.environment)
  const targets = (environment?.targets ?? []).map(
    (name) => `${name} (${state.targets.get(name)?.kind ?? 'not defined'})`,
  )
  const job = whoOf(release.requester, sight).name
  const lent = targets.length > 0 ? `credentials for ${list(targets)}` : 'no credentials, since there are no targets'
  const missing = Math.max(0, release.required - release.approvals.length - 1)
  const when = missing > 0 ? `After ${count(missing, 'more approval')} besides yours` : 'At once'
  return `${when}, ${job} may obtain ${lent}, each for ${span(environment?.grantLifetimeMs ?? 0)}, and only this job.`
}

/** What makes approvals of it void. */
function voidingOf(release: Release, { state, at }: Sight): string {
  if (stateOf(release, state, at) === 'voided')
    return release.policyDigest === state.policy?.digest
      ? `${release.environment} was defined anew with leaf ${state.environments.get(release.environment)?.leafIndex}, after this was asked: approvals of it are void.`
      : `The policies changed with leaf ${state.policy?.leafIndex}, after this was asked: approvals of it are void.`
  const until = instantOf(release.expiresAt)
  return `Any other artifact, commit or environment has another fingerprint and needs new approvals; so does a change of the policies (now ${short(release.policyDigest)}). It ends at ${until}.`
}
