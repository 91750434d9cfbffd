/** The commits that a release brings beyond what was deployed before it, each with who signed and who wrote it. */

import { since, type Commit } from '../../domain/commit.ts'
import type { Release } from '../../domain/release.ts'
import type { ReadonlyState } from '../../domain/state.ts'
import { short } from './phrase.ts'
import type { Archive, CommitText, Sight } from './sight.ts'
import type { ReleaseCommit } from './shape.ts'
import { whoOf } from './who.ts'

const MAX_SHOWN = 200

/** What was deployed there from that repository when `release` was asked for. */
export function before({ previous }: Release, { releases }: ReadonlyState): Release | undefined {
  return previous && releases.get(previous)
}

/** Newest first; as the rule counted them when the release was asked for. */
export function commitsOf(release: Release, state: ReadonlyState): Commit[] {
  return since(release.commit, before(release, state)?.commit, state)
}

/** At most 200 of them. Subjects and author names come from the pushed objects, where those are still kept. */
export async function describeCommits(commits: readonly Commit[], sight: Sight): Promise<ReleaseCommit[]> {
  const shown = commits.slice(0, MAX_SHOWN)
  const texts = await textsOf(shown, sight.archive)
  return shown.map((commit) => describe(commit, texts.get(commit.id), sight))
}

export async function textsOf(commits: readonly Commit[], archive: Archive): Promise<ReadonlyMap<string, CommitText>> {
  const texts = new Map<string, CommitText>()
  for (const leafIndex of new Set(commits.map((commit) => commit.leafIndex)))
    for (const [id, text] of await archive.commits(leafIndex)) texts.set(id, text)
  return texts
}

function describe(commit: Commit, text: CommitText | undefined, sight: Sight): ReleaseCommit {
  const { id, signer, authors, fingerprint, leafIndex } = commit
  // The objects name several people where there are co-authors; the one named first in the leaf stands for them here.
  const author = authors.length === 1 ? authors[0]! : authors.find((person) => person === signer)
  return {
    id,
    subject: text?.title ?? `commit ${short(id)}`,
    author: author === undefined ? null : whoOf(author, sight),
    authorName: text?.authorName ?? '',
    signer: signer === undefined ? null : whoOf(signer, sight),
    signature: {
      format: formatOf(fingerprint),
      fingerprint: fingerprint ?? '',
      verified: fingerprint !== undefined && signer !== undefined,
    },
    leafIndex,
  }
}

export function formatOf(fingerprint: string | undefined): 'none' | 'ssh' | 'openpgp' {
  if (fingerprint === undefined) return 'none'
  return fingerprint.startsWith('SHA256:') ? 'ssh' : 'openpgp'
}
