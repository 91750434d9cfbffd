/**
 * One file of the write-ahead log: zeroes at first, then a commit frame that says where it starts, then batches.
 * `placements` knows where every leaf of it stands.
 */

import { createHash, type Hash } from 'node:crypto'
import type { Files, RandomAccessFile } from './file.ts'
import { StoreError } from './error.ts'
import type { Placement } from './batch.ts'
import { commitFrame, DISCLOSURE_HEADER_BYTES, erasedFrame, LEAF_HEADER_BYTES, readFrame } from './frame.ts'

const CHUNK_BYTES = 1 << 18
const ZEROES = Buffer.alloc(CHUNK_BYTES)

export class Segment {
  readonly path: string
  /** The leaf index of its first leaf. */
  readonly start: number
  readonly sizeBytes: number
  readonly placements: Placement[]
  /** Where its commit frames stand, and of how many leaves they are. */
  readonly commits: CommitPlacement[]
  #file: RandomAccessFile
  #tail: number
  /** Over every byte that was written: what a scrub compares the file with. */
  #digest: Hash

  constructor(path: string, file: RandomAccessFile, contents: SegmentContents) {
    this.path = path
    this.#file = file
    this.start = contents.start
    this.sizeBytes = contents.sizeBytes
    this.placements = contents.placements
    this.commits = contents.commits
    this.#tail = contents.tail
    this.#digest = createHash('sha256').update(contents.written)
  }

  /** The leaf index after its last durable leaf. */
  get end(): number {
    return this.start + this.placements.length
  }

  /** Where the next batch goes. */
  get tail(): number {
    return this.#tail
  }

  hasRoomFor(sizeBytes: number): boolean {
    return this.#tail + sizeBytes <= this.sizeBytes
  }

  /** Durable when it resolves. When it rejects, nothing is taken as written. */
  async write(frames: Uint8Array, placements: readonly Placement[], commitAt: number): Promise<void> {
    await this.#file.write(frames, this.#tail)
    this.#digest.update(frames)
    for (const { leaf, disclosures } of placements) {
      this.placements.push({
        leaf: leaf + this.#tail,
        ...(disclosures !== undefined && { disclosures: disclosures + this.#tail }),
      })
    }
    this.commits.push({ offset: this.#tail + commitAt, size: this.end })
    this.#tail += frames.length
  }

  /** Whether the file still has exactly the bytes that were written. */
  async isIntact(): Promise<boolean> {
    const [tail, expected] = [this.#tail, this.#digest.copy().digest()]
    return (await this.#measure(tail)).digest().equals(expected)
  }

  /** Takes the bytes as they are for right; again, when a commit came in between. */
  async #remeasure(): Promise<void> {
    for (let tail = -1; tail !== this.#tail;) {
      tail = this.#tail
      const digest = await this.#measure(tail)
      if (tail === this.#tail) this.#digest = digest
    }
  }

  async #measure(tail: number): Promise<Hash> {
    const digest = createHash('sha256')
    for (let at = 0; at < tail; at += CHUNK_BYTES)
      digest.update(await this.#file.read(at, Math.min(CHUNK_BYTES, tail - at)))
    return digest
  }

  /** Bytes of the file as they are on the disk now. */
  read(offset: number, length: number): Promise<Buffer> {
    return this.#file.read(offset, length)
  }

  /** Leaves `from` to `to` (within the segment) with what is beside them, unverified, in one read. */
  async records(from: number, to: number): Promise<WalRecord[]> {
    const places = this.placements.slice(from - this.start, to - this.start)
    const first = places[0]?.leaf ?? 0
    const last = this.placements[to - this.start]?.leaf ?? this.#tail
    const bytes = await this.#file.read(first, last - first)
    return places.map(({ leaf, disclosures }) => {
      const frame = readFrame(bytes, leaf - first)
      const beside = disclosures === undefined ? undefined : readFrame(bytes, disclosures - first)
      return {
        leaf: frame?.type === 'leaf' ? frame.prefixed.subarray(1) : undefined,
        disclosures: beside?.type === 'disclosures' ? beside.bytes : undefined,
      }
    })
  }

  async disclosures(leafIndex: number): Promise<Buffer | undefined> {
    const place = this.placements[leafIndex - this.start]
    if (place?.disclosures === undefined) return undefined
    const next = this.placements[leafIndex - this.start + 1]?.leaf ?? this.#tail
    const frame = readFrame(await this.#file.read(place.disclosures, next - place.disclosures), 0)
    return frame?.type === 'disclosures' ? frame.bytes : undefined
  }

  /** Overwrites the disclosures of those leaves that it holds where they stand. */
  async eraseDisclosures(leafIndexes: readonly number[]): Promise<void> {
    const offsets = leafIndexes.flatMap((leafIndex) => this.placements[leafIndex - this.start]?.disclosures ?? [])
    if (offsets.length === 0) return
    const wasIntact = await this.isIntact()
    for (const offset of offsets) await this.#eraseAt(offset)
    // Only bytes that were right before become the new measure.
    if (wasIntact) await this.#remeasure()
  }

  async #eraseAt(offset: number): Promise<void> {
    const header = await this.#file.read(offset, DISCLOSURE_HEADER_BYTES)
    const sizeBytes = DISCLOSURE_HEADER_BYTES + header.readUInt32BE(3)
    if (offset + sizeBytes > this.#tail) return
    const erased = erasedFrame(sizeBytes)
    const frame = readFrame(await this.#file.read(offset, sizeBytes), 0)
    if (frame?.type !== 'disclosures' && frame?.type !== 'erased') return
    // One byte says what the frame is. It goes first, since half-erased disclosures would look like a torn batch to recovery.
    await this.#file.write(erased.subarray(0, LEAF_HEADER_BYTES), offset)
    await this.#file.write(erased, offset)
  }

  /** Puts a frame back where it stood. */
  async rewrite(frame: Uint8Array, offset: number): Promise<void> {
    await this.#file.write(frame, offset)
  }

  /**
   * After a failed write: opens the file anew, finds by reading that it ends as it should, and wipes what may stand
   * behind, so that no half-written batch comes to life in a later recovery.
   */
  async reopen(files: Files, note: string): Promise<void> {
    const failed = this.#file
    this.#file = await files.open(this.path)
    await failed.close().catch(() => {})
    const expected = commitFrame(note)
    const found = await this.#file.read(this.#tail - expected.length, expected.length)
    if (!found.equals(expected)) throw new StoreError('damaged', `${this.path} does not end as it was written`)
    await this.wipe()
  }

  /** Zeroes whatever stands behind the tail. */
  async wipe(): Promise<void> {
    for (let at = this.#tail; at < this.sizeBytes; at += CHUNK_BYTES) {
      const bytes = await this.#file.read(at, Math.min(CHUNK_BYTES, this.sizeBytes - at))
      if (!bytes.equals(ZEROES.subarray(0, bytes.length))) await this.#file.write(Buffer.alloc(bytes.length), at)
    }
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

export interface WalRecord {
  /** Undefined where its frame is not readable. */
  readonly leaf: Buffer | undefined
  /** Undefined where there are none, or they are erased. */
  readonly disclosures: Buffer | undefined
}

export interface SegmentContents {
  readonly start: number
  readonly sizeBytes: number
  readonly placements: Placement[]
  readonly commits: CommitPlacement[]
  readonly tail: number
  /** The bytes up to the tail. */
  readonly written: Uint8Array
}

export interface CommitPlacement {
  readonly offset: number
  readonly size: number
}
