/** One line of a chain: what a leaf says, what it rests on, and where it came from. */

import type { Commit } from '../../domain/commit.ts'
import type { JobFacts } from '../../domain/login.ts'
import { valueOf } from '../seal.ts'
import { formatOf, textsOf } from './commit.ts'
import { fieldFacts } from './fact.ts'
import { instantOf, short } from './phrase.ts'
import { rowOf, trailRow } from './row.ts'
import type { ChainEntry, ChainTitle, Row } from './shape.ts'
import type { OpenedLeaf, Sight } from './sight.ts'
import { whoOf } from './who.ts'

const titles: Readonly<Record<string, ChainTitle>> = {
  'repository.pushed': 'Push',
  'repository.refused': 'Push',
  'build.attested': 'Provenance',
  'build.refused': 'Provenance',
  'release.requested': 'Request',
  'release.refused': 'Request',
  'observation.recorded': 'Report',
  'observation.refused': 'Report',
  'release.ended': 'Deploy',
}

function titleOf(type: string, who: string): ChainTitle {
  if (type === 'login.opened' && who.startsWith('job:')) return 'Build'
  if (type.startsWith('approval.')) return 'Approval'
  return type.startsWith('grant.') ? 'Credential' : (titles[type] ?? 'Other')
}

type Line = { readonly title: ChainTitle; readonly entry: ChainEntry | undefined }

/** A leaf whose stored bytes are damaged is told from the trail, and says so: one bad leaf must not hide the others. */
export async function entryOf(leafIndex: number, sight: Sight): Promise<Line> {
  const opened = await sight.archive.open(leafIndex).catch((error: Error) => error)
  if (opened instanceof Error) return await damaged(leafIndex, opened, sight)
  const row = rowOf(trailRow(opened.leaf, leafIndex, sight.state), sight)
  const ip = valueOf(opened.disclosures, 'ip')
  const userAgent = valueOf(opened.disclosures, 'userAgent')
  const from = { ...(ip && { ip }), ...(userAgent && { userAgent }), at: row.at }
  return {
    title: titleOf(row.type, row.who.id),
    entry: { ...lineOf(row), facts: factsOf(opened, leafIndex, sight), from },
  }
}

async function damaged(leafIndex: number, { message }: Error, sight: Sight): Promise<Line> {
  const [stored] = await sight.trail.rows([leafIndex])
  if (!stored) return { title: 'Other', entry: undefined }
  const row = rowOf(stored, sight)
  const facts = [{ label: 'Stored bytes', value: message }]
  return { title: titleOf(row.type, row.who.id), entry: { ...lineOf(row), facts, from: { at: row.at } } }
}

function lineOf({ at, who, sentence, leafIndex, policies }: Row): Omit<ChainEntry, 'facts' | 'from'> {
  return { at, who, sentence, leafIndex, policies }
}

function factsOf({ leaf, disclosures }: OpenedLeaf, leafIndex: number, sight: Sight): ChainEntry['facts'] {
  const { event, evidence } = leaf
  const actor = valueOf(disclosures, 'actor')
  return [
    ...evidence.map(({ kind, digest }) => ({ label: kind, value: digest })),
    ...fieldFacts(leaf, sight).map(({ label, value }) => ({ label, value })),
    ...(event.type === 'grant.issued' ? [{ label: 'Serial', value: String(leafIndex) }] : []),
    ...assertionFacts(leaf),
    ...(event.type === 'login.opened' && event.job ? jobFacts(event.job) : []),
    ...(actor ? [{ label: 'Started by, as the CI says', value: actor }] : []),
  ]
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

const jobLabels: Readonly<Partial<Record<keyof JobFacts, string>>> = {
  issuer: 'Issuer',
  repository: 'Repository',
  ref: 'Ref',
  commit: 'Commit',
  workflow: 'Workflow',
  workflowCommit: 'Workflow read from',
  runId: 'Run',
  runAttempt: 'Attempt',
  ciJobId: 'Job',
  eventName: 'Event',
  environment: 'Environment of the CI',
  runnerEnvironment: 'Runner',
  tokenDigest: 'Token',
}

function jobFacts(job: JobFacts): ChainEntry['facts'] {
  return Object.entries(jobLabels).flatMap(([name, label]) => {
    const value = job[name as keyof JobFacts]
    return value === undefined ? [] : [{ label, value: String(value) }]
  })
}

/** Oldest first. */
export async function commitEntries(commits: readonly Commit[], sight: Sight): Promise<ChainEntry[]> {
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
