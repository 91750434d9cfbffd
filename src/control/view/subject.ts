/** What somebody means by an identifier that they found somewhere: an artifact, a commit, a release, a credential, a person. */

import type { ReadonlyState } from '../../domain/state.ts'
import { isShortHash, normalizeIdentifier } from '../../match/identifier.ts'
import { findRelease } from './release.ts'
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
export function subjectOf(question: string, sight: Sight): Subject | undefined {
  const id = normalizeIdentifier(question.slice(0, 512))
  if (id === '') return undefined
  return ofRelease(id, sight) ?? ofGrant(id, sight) ?? ofPerson(id, sight) ?? ofHash(id, sight) ?? ofAnything(id, sight)
}

function ofRelease(id: string, sight: Sight): Subject | undefined {
  const release = findRelease(id, sight)
  return release && { kind: 'release', id: release.release, releases: [release.release], leaves: [] }
}

/** By its own id, or by the serial that the certificate or role carries: the leaf index of the grant. */
function ofGrant(id: string, { state }: Sight): Subject | undefined {
  const serial = /^\d{1,15}$/.test(id) ? Number(id) : undefined
  const grant = state.grants.get(id) ?? [...state.grants.values()].find(({ leafIndex }) => leafIndex === serial)
  return grant && { kind: 'credential', id: grant.grant, releases: [grant.release], leaves: [grant.leafIndex] }
}

function ofPerson(question: string, sight: Sight): Subject | undefined {
  const id = sight.state.people.has(question) ? question : sight.directory.find(question)
  return id === undefined ? undefined : { kind: 'person', id, releases: [], leaves: lastLeaves(id, sight) }
}

function lastLeaves(id: string, { trail }: Sight): number[] {
  const where = { kind: 'test', field: 'who', test: { is: id } } as const
  return trail.page({ query: { where }, limit: MAX_LEAVES }).rows.map(({ leafIndex }) => leafIndex)
}

/** An artifact's digest or a commit's name, whole or cut to seven digits and more. */
function ofHash(id: string, sight: Sight): Subject | undefined {
  const { state } = sight
  const means = (hash: string) => hash === id || (isShortHash(id) && hash.startsWith(id))
  const artifact = [...state.builds.keys()].find((digest) => means(normalizeIdentifier(digest)))
  if (artifact) return ofArtifact(artifact, sight)
  const commit =
    state.commits.get(id) ?? (isShortHash(id) ? [...state.commits.values()].find((one) => means(one.id)) : undefined)
  if (!commit) return undefined
  const leaves = [commit.leafIndex, ...sight.trail.byIdentifier(commit.id, MAX_LEAVES)]
  return {
    kind: 'commit',
    id: commit.id,
    releases: releasesWhere(state, (release) => release.commit === commit.id),
    leaves,
  }
}

function ofArtifact(artifact: string, { state, trail }: Sight): Subject {
  const releases = releasesWhere(state, (release) => release.artifact === artifact)
  return {
    kind: 'artifact',
    id: artifact,
    releases,
    leaves: [state.builds.get(artifact)!.leafIndex, ...trail.byIdentifier(artifact, MAX_LEAVES)],
  }
}

type Release = ReadonlyState['releases'] extends Map<string, infer R> ? R : never

function releasesWhere({ releases }: ReadonlyState, isMeant: (release: Release) => boolean): string[] {
  return [...releases.values()]
    .filter(isMeant)
    .map(({ release }) => release)
    .slice(-20)
}

/** Whatever else leaves mention, and leaf indices themselves; where a leaf belongs to a release, that release's chain. */
function ofAnything(id: string, sight: Sight): Subject | undefined {
  const { state, trail } = sight
  const index = /^\d{1,15}$/.test(id) ? Number(id) : undefined
  const leaves = index !== undefined && index < trail.size ? [index] : trail.byIdentifier(id, MAX_LEAVES)
  if (leaves.length === 0) return undefined
  const releases = trail.rows(leaves).flatMap(({ resource }) => {
    if (resource?.kind === 'release' && state.releases.has(resource.id)) return [resource.id]
    return state.grants.get(resource?.id ?? '')?.release ?? []
  })
  const kind = index === undefined ? (id.startsWith('job:') ? 'job' : 'identifier') : 'leaf'
  return { kind, id, releases: [...new Set(releases)].slice(-20), leaves }
}
