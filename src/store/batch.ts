/** Leaves that become durable together: their frames in one buffer, their hashes, and one promise for all of them. */

import { prefixedLeafHash, type HashText } from '../tlog/hash.ts'
import { DISCLOSURE_HEADER_BYTES, LEAF_HEADER_BYTES, writeDisclosures, writeLeaf } from './frame.ts'

/** log.md: "cap 1,024 events / 1 MiB". */
const MAX_BATCH_LEAVES = 1024
const MAX_BATCH_BYTES = 1 << 20
const FIRST_BYTES = 1 << 16

/** Buffers of batches that are done, so that a busy log does not ask for a megabyte per commit. */
const idle: Buffer[] = []
const MAX_IDLE = 4
const MAX_IDLE_BYTES = 1 << 21

/** Where a leaf and its disclosures stand, in bytes from the start of the batch or segment. */
export interface Placement {
  readonly leaf: number
  readonly disclosures?: number
}

/** A leaf with its disclosures, if it has any. */
export interface Entry {
  readonly leaf: Uint8Array
  readonly disclosures?: Uint8Array | undefined
}

function frameBytes({ leaf, disclosures }: Entry): number {
  return LEAF_HEADER_BYTES + leaf.length + (disclosures ? DISCLOSURE_HEADER_BYTES + disclosures.length : 0)
}

/** What the frames of these take. */
export function framesBytes(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + frameBytes(entry), 0)
}

export class Batch<T> {
  readonly firstLeafIndex: number
  readonly durable: Promise<T>
  readonly resolve: (head: T) => void
  readonly reject: (error: Error) => void
  readonly hashes: HashText[] = []
  readonly placements: Placement[] = []
  #bytes = idle.pop() ?? Buffer.allocUnsafe(FIRST_BYTES)
  #length = 0

  constructor(firstLeafIndex: number) {
    this.firstLeafIndex = firstLeafIndex
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.durable = promise
    this.resolve = resolve
    this.reject = reject
    // Whoever drops the promise has no use for the answer, and must not bring the process down.
    promise.catch(() => {})
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** An empty batch takes whatever comes together. */
  hasRoomFor(entries: readonly Entry[]): boolean {
    if (this.hashes.length === 0) return true
    if (this.hashes.length + entries.length > MAX_BATCH_LEAVES) return false
    return this.#length + framesBytes(entries) <= MAX_BATCH_BYTES
  }

  /** Copies and hashes at once, while the batch before is on its way to the disk. */
  add(entry: Entry): void {
    const { leaf, disclosures } = entry
    const start = this.#length
    this.#reserve(frameBytes(entry))
    this.#length = writeLeaf(this.#bytes, start, leaf)
    const disclosuresAt = this.#length
    this.hashes.push(prefixedLeafHash(this.#bytes.subarray(start + 2, disclosuresAt)))
    if (disclosures) {
      const leafIndex = this.firstLeafIndex + this.placements.length
      this.#length = writeDisclosures(this.#bytes, disclosuresAt, leafIndex, disclosures)
    }
    this.placements.push(disclosures ? { leaf: start, disclosures: disclosuresAt } : { leaf: start })
  }

  /** The frames of all leaves and the commit frame after them, for one write. */
  seal(commit: Uint8Array): Buffer {
    this.#reserve(commit.length)
    this.#bytes.set(commit, this.#length)
    return this.#bytes.subarray(0, this.#length + commit.length)
  }

  /** The bytes are written, or never will be: the batch holds nothing from now on. */
  release(): void {
    if (idle.length < MAX_IDLE && this.#bytes.length <= MAX_IDLE_BYTES) idle.push(this.#bytes)
    this.#bytes = Buffer.alloc(0)
    this.#length = 0
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#length + more))
    grown.set(this.bytes)
    this.#bytes = grown
  }
}
