/** One commit as it was judged when it was first seen: who signed it, who wrote it, or what is wrong with it. */

import * as z from '../bytes/schema.ts'
import * as f from './field.ts'
import type { Reason } from './reason.ts'
import type { Repository } from './repository.ts'
import type { ReadonlyState, State } from './state.ts'

export const accepted = z.strictObject({
  id: f.commitId,
  /** SHA-256 of the same object, since SHA-1 names can be made to collide. */
  sha256: f.digest,
  parents: z.array(f.commitId).max(16),
  signer: f.personId.optional(),
  fingerprint: z.string().max(128).optional(),
  /** People among the author and co-authors, by the e-mail addresses they enrolled. */
  authors: z.array(f.personId).max(16),
})

/** What verification of the bytes says, before anybody's standing is looked at. */
export const claimed = z.strictObject({
  id: f.commitId,
  sha256: f.digest,
  parents: z.array(f.commitId).max(16),
  fingerprint: z.string().max(128).optional(),
  problem: z.enum(['unsigned', 'unknown_key', 'bad_signature', 'commit_malformed']).optional(),
})

export type Claimed = z.infer<typeof claimed>
export type Judged = Omit<Claimed, 'problem'> & {
  readonly problem?: Reason
  readonly signer?: f.PersonId
  readonly authors: readonly f.PersonId[]
}
export type Commit = z.infer<typeof accepted> & {
  /** Where it was accepted first: what was judged then stays. */
  readonly repository: string
  readonly alsoIn: readonly string[]
  readonly at: number
  readonly leafIndex: number
}

/** `authors` are the people whom the object names; `hasForeignAuthor` says it names an address that its signer never enrolled. */
export type Authorship = { readonly authors: readonly f.PersonId[]; readonly hasForeignAuthor: boolean }

export function judge(claim: Claimed, { authors, hasForeignAuthor }: Authorship, state: State): Judged {
  const { problem, ...rest } = claim
  if (problem) return { ...rest, authors, problem }
  const twin = state.commits.get(claim.id)
  if (twin && twin.sha256 !== claim.sha256) return { ...rest, authors, problem: 'commit_malformed' }
  const key = claim.fingerprint === undefined ? undefined : state.keys.get(claim.fingerprint)
  if (!key) return { ...rest, authors, problem: 'unknown_key' }
  const known = { ...rest, authors, signer: key.person }
  if (key.removedAt !== undefined) return { ...known, problem: 'unknown_key' }
  if (state.people.get(key.person)?.revokedAt !== undefined) return { ...known, problem: 'signer_inactive' }
  if (hasForeignAuthor) return { ...known, problem: 'author_mismatch' }
  return known
}

export function identify({ id, fingerprint, signer }: Judged) {
  return { commit: id, ...(fingerprint !== undefined && { fingerprint }), ...(signer && { signer }) }
}

export function accept({ id, sha256, parents, fingerprint, signer, authors }: Judged): z.infer<typeof accepted> {
  return {
    id,
    sha256,
    parents,
    ...(fingerprint !== undefined && { fingerprint }),
    ...(signer && { signer }),
    authors: [...authors],
  }
}

/** Takes in what a push brought. A commit that was accepted before keeps its first judgement. */
export function take(state: State, pushed: z.infer<typeof accepted>, where: Place): void {
  const known = state.commits.get(pushed.id)
  if (!known) state.commits.add(pushed.id, { ...pushed, ...where, alsoIn: [] })
  else if (!isIn(known, where.repository))
    state.commits.set(pushed.id, { ...known, alsoIn: [...known.alsoIn, where.repository] })
  const first = pushed.signer && `${where.repository} ${pushed.signer}`
  if (!known && first && !state.firstCommits.has(first)) state.firstCommits.add(first, pushed.id)
}

type Place = Pick<Commit, 'repository' | 'at' | 'leafIndex'>

export function isIn(commit: Commit | undefined, repository: string | undefined): boolean {
  return commit !== undefined && (commit.repository === repository || commit.alsoIn.includes(repository ?? ''))
}

export function isKnown(id: string, among: readonly Judged[], guarded: Repository, state: State): boolean {
  const { repository, baseline } = guarded
  return isIn(state.commits.get(id), repository) || baseline.includes(id) || among.some((judged) => judged.id === id)
}

/**
 * Whether `older` is `head` or stands behind it, as far as commits are known: at most 10,000 of them are looked at. Nothing stands
 * behind what was accepted before it.
 */
export function reaches(head: string, older: string, among: readonly Judged[], state: ReadonlyState): boolean {
  const parents = new Map(among.map((judged) => [judged.id, judged.parents]))
  const from = state.commits.get(older)?.leafIndex ?? 0
  const seen = new Set([head])
  for (const id of seen) {
    if (id === older) return true
    if (seen.size > MAX_WALK) return false
    const known = parents.has(id) ? undefined : state.commits.get(id)
    if (known && known.leafIndex < from) continue
    for (const parent of parents.get(id) ?? known?.parents ?? []) seen.add(parent)
  }
  return false
}

const MAX_WALK = 10_000

/** Every commit that `head` brings beyond `known` and what stands behind it, and beyond the baseline, newest first, at most 10,000. */
export function since(head: string, known: string | undefined, state: ReadonlyState): Commit[] {
  const past = new Past(known, state)
  const found: Commit[] = []
  const seen = new Set([head])
  for (const id of seen) {
    const commit = state.commits.get(id)
    if (!commit || past.has(commit)) continue
    found.push(commit)
    if (found.length === MAX_WALK) break
    for (const parent of commit.parents) seen.add(parent)
  }
  return found
}

/** A commit and what stands behind it: looked at from the newest on, and no further than somebody asks. */
class Past {
  readonly #state: ReadonlyState
  readonly #seen = new Set<string>()
  /** Whose parents were not looked at yet, oldest first. */
  readonly #edge: Commit[] = []

  constructor(head: string | undefined, state: ReadonlyState) {
    this.#state = state
    if (head !== undefined) this.#enter(head)
  }

  /** Whether this commit is among them; at most 10,000 are looked at. */
  has({ id, leafIndex }: Commit): boolean {
    while (!this.#seen.has(id)) {
      const newest = this.#edge.at(-1)
      // A commit is accepted with its parents or after them.
      if (!newest || newest.leafIndex < leafIndex || this.#seen.size > MAX_WALK) return false
      this.#edge.pop()
      for (const parent of newest.parents) this.#enter(parent)
    }
    return true
  }

  #enter(id: string): void {
    const commit = this.#seen.has(id) ? undefined : this.#state.commits.get(id)
    if (!commit) return
    this.#seen.add(id)
    const after = this.#edge.findLastIndex(({ leafIndex }) => leafIndex <= commit.leafIndex)
    this.#edge.splice(after + 1, 0, commit)
  }
}

/** Everybody who signed or wrote any of these commits: none of them may approve. */
export function authorsOf(commits: readonly Commit[]): f.PersonId[] {
  const people = commits.flatMap(({ signer, authors }) => (signer ? [signer, ...authors] : authors))
  return [...new Set(people)].sort()
}
