/**
 * Who put this there, with which permission, from where, who agreed, and what did they do with it: the whole chain behind an
 * identifier, every line with its leaf.
 */

import { valueOf } from '../seal.ts'
import { commitsOf, formatOf, textsOf } from './commit.ts'
import type { Commit } from '../../domain/commit.ts'
import type { ReadonlyState } from '../../domain/state.ts'
import { fieldFacts } from './fact.ts'
import { grantsOf } from './grant.ts'
import { instantOf, short } from './phrase.ts'
import { rowOf, trailRow } from './row.ts'
import { chainTitles, type ChainEntry, type ChainTitle, type Why } from './shape.ts'
import type { OpenedLeaf, Sight } from './sight.ts'
import { subjectOf, type Subject } from './subject.ts'
import { whoOf } from './who.ts'

const MAX_COMMITS = 50
const MAX_LEAVES = 400

/** Undefined when the log mentions nothing of that name. `question` may be anything that was found anywhere. */
export async function explain(question: string, sight: Sight): Promise<Why | undefined> {
  const subject = subjectOf(question, sight)
  if (!subject) return undefined
  const commits = commitsBehind(subject, sight)
  const indexes = leavesBehind(subject, commits, sight)
  const opened = await Promise.all(
    indexes.map(async (leafIndex) => ({ leafIndex, ...(await sight.archive.open(leafIndex)) })),
  )
  const entries = new Map<ChainTitle, ChainEntry[]>(chainTitles.map((title) => [title, []]))
  entries.get('Commit')!.push(...(await commitEntries(commits, sight)))
  for (const leaf of opened) for (const title of titlesOf(leaf)) entries.get(title)!.push(entryOf(leaf, title, sight))
  const chain = [...entries]
    .map(([title, found]) => ({ title, entries: found }))
    .filter(({ entries: found }) => found.length > 0)
  return { question, subject: { kind: subject.kind, id: subject.id }, chain }
}

function commitsBehind({ kind, id, releases }: Subject, { state }: Sight): Commit[] {
  const found = releases.flatMap((release) => commitsOf(state.releases.get(release)!, state))
  const one =
    kind === 'commit'
      ? state.commits.get(id)
      : kind === 'artifact'
        ? state.commits.get(state.builds.get(id)?.commit ?? '')
        : undefined
  return [...new Map([...(one ? [one] : []), ...found].map((commit) => [commit.id, commit])).values()].slice(
    0,
    MAX_COMMITS,
  )
}

/** In the order of the log. From the state what belongs to a release, from the trail whatever else was tried about it. */
function leavesBehind({ releases, leaves }: Subject, commits: readonly Commit[], sight: Sight): number[] {
  const own = releases.flatMap((release) => [
    ...leavesOfRelease(release, sight.state),
    ...sight.trail.byIdentifier(release, MAX_LEAVES),
  ])
  const pushes = commits.map(({ leafIndex }) => leafIndex)
  const known = [...new Set([...leaves, ...own, ...pushes])]
  const logins = jobsOf(releases, sight.state).flatMap((job) => openings(job, sight))
  return [...new Set([...known, ...logins])].sort((a, b) => a - b).slice(0, MAX_LEAVES)
}

function leavesOfRelease(id: string, state: ReadonlyState): number[] {
  const { leafIndex, approvals, declined, ended, artifact } = state.releases.get(id)!
  const grants = grantsOf(id, state).flatMap((grant) => [
    grant.leafIndex,
    ...(grant.cleared ? [grant.cleared.leafIndex] : []),
  ])
  const single = [declined?.leafIndex, ended?.leafIndex, state.builds.get(artifact)?.leafIndex].filter(
    (index) => index !== undefined,
  )
  return [leafIndex, ...approvals.map((approval) => approval.leafIndex), ...grants, ...single]
}

function jobsOf(releases: readonly string[], { releases: all, builds }: ReadonlyState): string[] {
  return [
    ...new Set(releases.flatMap((id) => [all.get(id)!.requester, builds.get(all.get(id)!.artifact)?.job ?? []].flat())),
  ]
}

function openings(job: string, { trail }: Sight): number[] {
  const rows = trail.rows(trail.byIdentifier(job, MAX_LEAVES))
  return rows.filter(({ type, who }) => type === 'login.opened' && who === job).map(({ leafIndex }) => leafIndex)
}

const titles: Readonly<Record<string, ChainTitle>> = {
  'repository.pushed': 'Push',
  'repository.refused': 'Push',
  'build.attested': 'Provenance',
  'build.refused': 'Provenance',
  'release.requested': 'Request',
  'release.refused': 'Request',
  'release.ended': 'Deploy',
}

function titlesOf({ leaf: { event } }: OpenedLeaf): ChainTitle[] {
  if (event.type === 'login.opened' && event.method === 'job') return ['Build']
  const [room] = event.type.split('.')
  if (room === 'approval') return ['Approval']
  return [room === 'grant' ? 'Credential' : (titles[event.type] ?? 'Other')]
}

function entryOf(
  { leaf, leafIndex, disclosures }: OpenedLeaf & { readonly leafIndex: number },
  title: ChainTitle,
  sight: Sight,
): ChainEntry {
  const { at, who, sentence, policies } = rowOf(trailRow(leaf, leafIndex, sight.state), sight)
  const ip = valueOf(disclosures, 'ip')
  const userAgent = valueOf(disclosures, 'userAgent')
  const facts = [
    ...leaf.evidence.map(({ kind, digest }) => ({ label: kind, value: digest })),
    ...fieldFacts(leaf, sight),
    ...(title === 'Credential' && leaf.event.type === 'grant.issued'
      ? [{ label: 'Serial', value: String(leafIndex) }]
      : []),
    ...assertionFacts(leaf),
    ...(leaf.event.type === 'login.opened' && leaf.event.job ? jobFacts(leaf.event.job) : []),
  ]
  return {
    at,
    who,
    sentence,
    leafIndex,
    facts,
    policies,
    from: { ...(ip && { ip }), ...(userAgent && { userAgent }), at },
  }
}

function assertionFacts({ event, policy }: OpenedLeaf['leaf']): ChainEntry['facts'] {
  if (event.type !== 'approval.given' || !policy) return []
  const verified = policy.context['userVerified'] === true ? 'yes' : 'no'
  const matches = policy.context['statementMatches'] === true ? 'yes' : 'no'
  return [
    { label: 'User verified', value: verified },
    { label: 'Signature over this statement', value: matches },
  ]
}

function jobFacts(job: object): ChainEntry['facts'] {
  const texts = Object.entries(job).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return texts.map(([label, value]) => ({ label, value }))
}

async function commitEntries(commits: readonly Commit[], sight: Sight): Promise<ChainEntry[]> {
  const texts = await textsOf(commits, sight.archive)
  return commits.toReversed().map((commit) => {
    const text = texts.get(commit.id)
    const at = instantOf(commit.at)
    return {
      at,
      who: whoOf(commit.signer ?? 'system:git-door', sight),
      sentence: `${commit.signer ? 'signed' : 'let in unsigned'} ${short(commit.id)}${text ? ` “${text.title}”` : ''}`,
      leafIndex: commit.leafIndex,
      facts: commitFacts(commit, text?.authorName, sight),
      policies: [],
      from: { at },
    }
  })
}

function commitFacts(
  { id, sha256, fingerprint, authors }: Commit,
  authorName: string | undefined,
  sight: Sight,
): ChainEntry['facts'] {
  return [
    { label: 'Commit', value: id },
    { label: 'SHA-256', value: sha256 },
    { label: 'Signature', value: fingerprint ? `${formatOf(fingerprint)} ${fingerprint}` : 'none' },
    ...(authorName ? [{ label: 'Author as written', value: authorName }] : []),
    ...(authors.length > 0
      ? [{ label: 'Authors known here', value: authors.map((person) => whoOf(person, sight).name).join(', ') }]
      : []),
  ]
}
