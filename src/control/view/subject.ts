/** What somebody means by an identifier that they found somewhere: an artifact, a commit, a release, a credential, a person. */

import { bySerial } from '../../domain/grant.ts'
import { isShortHash, normalizeIdentifier } from '../../match/identifier.ts'
import { findRelease } from './release.ts'
import { noTrace } from './search.ts'
import type { Sight } from './sight.ts'

/** `releases` and `leaves` are where its chain begins: ids, and leaves that are not of a release. */
export type Subject = {
  readonly kind: 'release' | 'artifact' | 'commit' | 'credential' | 'person' | 'job' | 'leaf' | 'identifier'
  readonly id: string
  readonly releases: readonly string[]
  readonly leaves: readonly number[]
}

const MAX_LEAVES = 200

/** Undefined when the log mentions nothing of that name. */
export async function subjectOf(question: string, sight: Sight): Promise<Subject | undefined> {
  const id = normalizeIdentifier(question.slice(0, 512))
  if (id === '') return undefined
  return (
    ofRelease(id, sight) ??
    ofGrant(id, sight) ??
    (await ofPerson(id, sight)) ??
    (await ofHash(id, sight)) ??
    (await ofAnything(id, sight))
  )
}

function ofRelease(id: string, sight: Sight): Subject | undefined {
  const release = findRelease(id, sight)
  return release && { kind: 'release', id: release.release, releases: [release.release], leaves: [] }
}

/** By its own id, or by the serial that the certificate or role carries: the leaf index of the grant. */
function ofGrant(id: string, { state }: Sight): Subject | undefined {
  const serial = /^\d{1,15}$/.test(id) ? Number(id) : undefined
  const grant = state.grants.get(id) ?? (serial === undefined ? undefined : bySerial(serial, state))
  return grant && { kind: 'credential', id: grant.grant, releases: [grant.release], leaves: [grant.leafIndex] }
}

async function ofPerson(question: string, sight: Sight): Promise<Subject | undefined> {
  const id = sight.state.people.has(question) ? question : sight.directory.find(question)
  return id === undefined ? undefined : { kind: 'person', id, releases: [], leaves: await lastLeaves(id, sight) }
}

/** What they did; what they looked at is found by `who:` and `type:trail.*`. */
async function lastLeaves(id: string, { trail }: Sight): Promise<number[]> {
  const who = { kind: 'test', field: 'who', test: { is: id } } as const
  const where = { kind: 'all', of: [who, noTrace] } as const
  const { rows } = await trail.page({ query: { where }, limit: MAX_LEAVES })
  return rows.map(({ leafIndex }) => leafIndex)
}

/** An artifact's digest or a commit's name, whole, or cut to seven digits and more where a release mentions it. */
async function ofHash(id: string, sight: Sight): Promise<Subject | undefined> {
  const { state } = sight
  const hash = isShortHash(id) ? ((await wholeOf(id, sight)) ?? id) : id
  if (state.builds.has(`sha256:${hash}`)) return await ofArtifact(`sha256:${hash}`, sight)
  const commit = state.commits.get(hash)
  if (!commit) return undefined
  const leaves = [commit.leafIndex, ...(await sight.trail.byIdentifier(commit.id, MAX_LEAVES))]
  return { kind: 'commit', id: commit.id, releases: state.releasesOf.get(commit.id) ?? [], leaves }
}

/** The artifact or commit whose name begins like this, as the leaves that mention it tell. */
async function wholeOf(start: string, { state, trail }: Sight): Promise<string | undefined> {
  const rows = await trail.rows(await trail.byIdentifier(start, MAX_LEAVES))
  const about = rows.map(({ resource }) => resource?.id ?? '')
  const releases = about.flatMap(
    (id) => state.releases.get(id) ?? state.releases.get(state.grants.get(id)?.release ?? '') ?? [],
  )
  const names = releases.flatMap(({ artifact, commit }) => [normalizeIdentifier(artifact), commit])
  return names.find((name) => name.startsWith(start))
}

async function ofArtifact(artifact: string, { state, trail }: Sight): Promise<Subject> {
  return {
    kind: 'artifact',
    id: artifact,
    releases: state.releasesOf.get(artifact) ?? [],
    leaves: [state.builds.get(artifact)!.leafIndex, ...(await trail.byIdentifier(artifact, MAX_LEAVES))],
  }
}

/** Whatever else leaves mention, and leaf indices themselves; where a leaf belongs to a release, that release's chain. */
async function ofAnything(id: string, sight: Sight): Promise<Subject | undefined> {
  const { state, trail } = sight
  const index = /^\d{1,15}$/.test(id) ? Number(id) : undefined
  const itself = index === undefined ? [] : await trail.rows([index])
  const leaves = itself.length > 0 ? [index!] : await trail.byIdentifier(id, MAX_LEAVES)
  if (leaves.length === 0) return undefined
  const rows = itself.length > 0 ? itself : await trail.rows(leaves)
  const releases = rows.flatMap(({ resource }) => {
    if (resource?.kind === 'release' && state.releases.has(resource.id)) return [resource.id]
    return state.grants.get(resource?.id ?? '')?.release ?? []
  })
  const kind = index === undefined ? (id.startsWith('job:') ? 'job' : 'identifier') : 'leaf'
  return { kind, id, releases: [...new Set(releases)].slice(-20), leaves }
}
