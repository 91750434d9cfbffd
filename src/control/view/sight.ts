/** What a reader is answered from: the state and its policies, the trail, and the leaves and evidence behind them. */

import type { DigestText } from '../../bytes/digest.ts'
import type { Disclosure } from '../../bytes/disclosure.ts'
import { splitObjects } from '../../domain/claims-of-commits.ts'
import { read, type Leaf } from '../../domain/leaf.ts'
import { parseCommit } from '../../evidence/git-object.ts'
import { isRefusal } from '../../evidence/refusal.ts'
import type { PolicySet } from '../../policy/policy.ts'
import type { Log } from '../../store/log.ts'
import { openSeal } from '../seal.ts'
import type { TrailReader } from '../trail/indexing.ts'
import type { Names } from './who.ts'

/** One look: everything in it is of one moment, `at`. */
export type Sight = Names & {
  readonly policies: PolicySet
  readonly trail: TrailReader
  readonly archive: Archive
  /** Milliseconds since the epoch. */
  readonly at: number
  /** What is made with the names of everybody in it: made again when one had to be looked up first. */
  readonly told: <T>(make: () => T) => Promise<Awaited<T>>
}

/** Blobs by digest; undefined when withheld or erased. */
export interface EvidenceReader {
  get(digest: DigestText): Promise<Uint8Array | undefined>
}

export type OpenedLeaf = {
  readonly leaf: Leaf
  readonly bytes: Uint8Array
  readonly disclosures: readonly Disclosure[]
}

/** What a commit says of itself. Its author is a claim, until the signer is known to be them. */
export type CommitText = { readonly title: string; readonly authorName: string }

const MAX_REMEMBERED_PUSHES = 64

/** Leaves and evidence as they are stored. Rejects with the store's own error when stored bytes are damaged. */
export class Archive {
  readonly #log: Log
  readonly #evidence: EvidenceReader
  readonly #pushes = new Map<number, ReadonlyMap<string, CommitText>>()

  constructor(log: Log, evidence: EvidenceReader) {
    this.#log = log
    this.#evidence = evidence
  }

  async open(leafIndex: number): Promise<OpenedLeaf> {
    const bytes = await this.#log.leaf(leafIndex)
    const leaf = read(bytes)
    const kept = leaf.personal ? await this.#log.disclosures(leafIndex) : undefined
    return { leaf, bytes, disclosures: openSeal(leaf.personal, kept) }
  }

  /** What was read before may be erased now. */
  forget(): void {
    this.#pushes.clear()
  }

  evidence(digest: string): Promise<Uint8Array | undefined> {
    return this.#evidence.get(digest as DigestText)
  }

  /** The commits of a push by id; none when its objects are gone, or were altered, and so say nothing any more. */
  async commits(leafIndex: number): Promise<ReadonlyMap<string, CommitText>> {
    const known = this.#pushes.get(leafIndex)
    if (known) return known
    const stream = await this.#objectsOf(leafIndex).catch(() => undefined)
    if (!stream) return new Map()
    const texts = describeCommits(stream)
    this.#pushes.set(leafIndex, texts)
    if (this.#pushes.size > MAX_REMEMBERED_PUSHES) this.#pushes.delete(this.#pushes.keys().next().value!)
    return texts
  }

  async #objectsOf(leafIndex: number): Promise<Uint8Array | undefined> {
    const { leaf } = await this.open(leafIndex)
    const digest = leaf.evidence.find(({ kind }) => kind === 'commits')?.digest
    return digest && this.evidence(digest)
  }
}

function describeCommits(stream: Uint8Array): ReadonlyMap<string, CommitText> {
  const texts = new Map<string, CommitText>()
  for (const { name, object } of splitObjects(stream) ?? []) {
    const commit = parseCommit(object)
    if (!isRefusal(commit)) texts.set(name, { title: commit.title, authorName: commit.author.name })
  }
  return texts
}
