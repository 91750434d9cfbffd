/** The write-ahead log: the newest leaves, on disk before anyone hears of them, until they are sealed into tiles. */

import { join } from 'node:path'
import type { Placement } from './batch.ts'
import { StoreError } from './error.ts'
import type { Files } from './file.ts'
import { commitFrame } from './frame.ts'
import { Segment, type WalRecord } from './segment.ts'

/** Enough for a signed checkpoint with a name of 255 bytes, and its frame. */
const MAX_COMMIT_BYTES = 2048
/** Segments that may wait for sealing; beyond that appending waits, too. */
const MAX_SEGMENTS = 8
const SPARE = 'spare'
const OLD = 'old'

export interface WalOptions {
  readonly directory: string
  readonly files: Files
  readonly segmentBytes: number
  /** Seals until segments can be recycled; rejects with the reason why not. */
  readonly relieve: () => Promise<void>
}

/** `wal/00000000000000001024.wal` starts with leaf 1024. */
export function segmentPath(directory: string, start: number): string {
  return join(directory, `${String(start).padStart(20, '0')}.wal`)
}

export function parseSegmentName(name: string): number | undefined {
  return /^\d{20}\.wal$/.test(name) ? Number(name.slice(0, 20)) : undefined
}

/** The file of a segment, with the checkpoint that it starts from, durable. */
async function createSegment(options: Omit<WalOptions, 'relieve'>, start: number, note: string): Promise<Segment> {
  const { directory, files, segmentBytes } = options
  const spare = join(directory, SPARE)
  const path = segmentPath(directory, start)
  const header = commitFrame(note)
  const file = await files.open(spare)
  await file.write(header, 0)
  // Everything up to here is durable under the name of a spare, which recovery throws away; from the rename on it counts.
  await files.rename(spare, path)
  await files.syncDirectory(directory)
  return new Segment(path, file, {
    start,
    sizeBytes: segmentBytes,
    placements: [],
    commits: [{ offset: 0, size: start }],
    tail: header.length,
    written: header,
  })
}

export class Wal {
  readonly #options: WalOptions
  #segments: Segment[]
  #spare: Promise<void> | undefined
  #isRotating = false

  constructor(options: WalOptions, segments: readonly Segment[]) {
    this.#options = options
    this.#segments = [...segments]
  }

  /** Oldest first; the last one is being written. */
  get segments(): readonly Segment[] {
    return this.#segments
  }

  get #current(): Segment {
    return this.#segments.at(-1)!
  }

  segmentOf(leafIndex: number): Segment | undefined {
    return this.#segments.find(({ start, end }) => start <= leafIndex && leafIndex < end)
  }

  /** Makes a batch durable. Its commit frame starts at `commitAt`; `note` is the signed checkpoint before it. */
  async commit(frames: Uint8Array, placements: readonly Placement[], commitAt: number, note: string): Promise<void> {
    if (!this.#current.hasRoomFor(frames.length)) await this.#rotate(note)
    await this.#current.write(frames, placements, commitAt)
    if (!this.#current.hasRoomFor(this.#options.segmentBytes / 2)) this.#prepareSpare().catch(() => {})
  }

  async #rotate(note: string): Promise<void> {
    if (this.#segments.length >= MAX_SEGMENTS) await this.#options.relieve()
    await this.#prepareSpare()
    this.#isRotating = true
    try {
      // Whatever happens now, the spare is used up: one that was written to is made anew.
      this.#spare = undefined
      this.#segments.push(await createSegment(this.#options, this.#current.end, note))
    } finally {
      this.#isRotating = false
    }
  }

  #prepareSpare(): Promise<void> {
    const { directory, files, segmentBytes } = this.#options
    this.#spare ??= files.createZeroed(join(directory, SPARE), segmentBytes).catch((error: unknown) => {
      this.#spare = undefined
      throw error
    })
    return this.#spare
  }

  /** After a failed commit: resolves when the next one has a chance, with everything behind the last good one wiped. */
  async probe(note: string): Promise<void> {
    await this.#current.reopen(this.#options.files, note)
    await this.#prepareSpare()
  }

  /** Leaves `from` to `to` with what is beside them, unverified. */
  async records(from: number, to: number): Promise<WalRecord[]> {
    const records: WalRecord[] = []
    for (let at = from; at < to; at = from + records.length) {
      const segment = this.segmentOf(at)
      if (!segment) throw new StoreError('absent', `leaf ${at} is not in the write-ahead log`)
      records.push(...(await segment.records(at, Math.min(to, segment.end))))
    }
    return records
  }

  /** Lets go of segments whose every leaf is sealed. Their bytes are overwritten: erased disclosures must not linger. */
  async recycle(sealedSize: number): Promise<void> {
    const { directory, files, segmentBytes } = this.#options
    while (this.#segments.length > 1 && this.#segments[0]!.end <= sealedSize) {
      const segment = this.#segments.shift()!
      const old = join(directory, OLD)
      // Out of recovery's sight first: a crash must not find a segment that is half zeroes.
      await files.rename(segment.path, old)
      await files.syncDirectory(directory)
      await segment.close()
      await files.createZeroed(old, segmentBytes)
      if (this.#spare || this.#isRotating) await files.remove(old)
      else await (this.#spare = files.rename(old, join(directory, SPARE)))
    }
  }

  async close(): Promise<void> {
    await this.#spare?.catch(() => {})
    for (const segment of this.#segments) await segment.close()
  }
}

/** Removes what a crash may have left of segments that are not in use. */
export async function removeLeftovers({ directory, files }: Pick<WalOptions, 'directory' | 'files'>): Promise<void> {
  await files.remove(join(directory, SPARE))
  await files.remove(join(directory, OLD))
}

/** The first segment of a new log. */
export async function createWal(options: Omit<WalOptions, 'relieve'>, note: string): Promise<Segment> {
  await options.files.createZeroed(join(options.directory, SPARE), options.segmentBytes)
  return createSegment(options, 0, note)
}

/** The largest batch that is certain to fit a segment. */
export function segmentHolds(segmentBytes: number, frameBytes: number): boolean {
  return frameBytes + 2 * MAX_COMMIT_BYTES <= segmentBytes
}
