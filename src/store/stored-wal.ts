/**
 * The write-ahead log as it stands on the disk, also where it was damaged: the signed checkpoints in it are found by their
 * text, so what lies between two of them can be told apart even when a length in between was changed.
 */

import { join } from 'node:path'
import { parseSize } from '../tlog/checkpoint.ts'
import { diskFiles } from './file.ts'
import { COMMIT_HEADER_BYTES, disclosuresDigest, readFrame } from './frame.ts'
import type { StoredLeaf, StoredLog } from './stored.ts'
import { equal } from '../bytes/digest.ts'
import { parseSegmentName, segmentPath } from './wal.ts'

export interface StoredCommit {
  readonly size: number
  /** The signed checkpoint, as it stands there. */
  readonly note: Buffer
  readonly file: string
  readonly offset: number
}

export interface StoredDisclosures {
  readonly bytes: Uint8Array
  readonly file: string
  readonly offset: number
  /** The digest beside them is theirs. */
  readonly isWhole: boolean
}

export interface StoredWal {
  /** The leaf index that it starts from; undefined when there is none. */
  readonly start: number | undefined
  /** The size that its last checkpoint says. */
  readonly size: number
  /** Those that could be read, and some behind the last checkpoint that may not be durable yet. */
  readonly leaves: ReadonlyMap<number, StoredLeaf>
  readonly disclosures: ReadonlyMap<number, StoredDisclosures>
  readonly commits: readonly StoredCommit[]
  /** Where something stands, before a signed checkpoint, that is no record; and the leaf that it follows. */
  readonly breaks: readonly { readonly leafIndex: number; readonly file: string; readonly offset: number }[]
}

/** Reads all segments. `origin` is the first line of every checkpoint. */
export async function readWal({ logDirectory }: StoredLog, origin: string): Promise<StoredWal> {
  const wal = new WalReader(origin)
  if (logDirectory) {
    const directory = join(logDirectory, 'wal')
    const starts = (await diskFiles.list(directory)).map(parseSegmentName).filter((start) => start !== undefined)
    for (const start of starts) {
      const path = segmentPath(directory, start)
      // One that was recycled since we looked has all its leaves in bundles.
      const bytes = await diskFiles.read(path)
      if (bytes) wal.readSegment(path, bytes, start)
    }
  }
  return wal
}

class WalReader implements StoredWal {
  start: number | undefined
  size = 0
  readonly leaves = new Map<number, StoredLeaf>()
  readonly disclosures = new Map<number, StoredDisclosures>()
  readonly commits: StoredCommit[] = []
  readonly breaks: { leafIndex: number; file: string; offset: number }[] = []
  readonly #origin: string

  constructor(origin: string) {
    this.#origin = origin
  }

  readSegment(file: string, bytes: Buffer, start: number): void {
    this.start ??= start
    let from = 0
    let leafIndex = start
    for (const commit of findCommits(file, bytes, this.#origin)) {
      const end = this.#readLeaves(file, bytes.subarray(0, commit.offset), from, leafIndex)
      if (end !== undefined) this.breaks.push(end)
      this.commits.push(commit)
      this.size = Math.max(this.size, commit.size)
      leafIndex = commit.size
      from = commit.offset + COMMIT_HEADER_BYTES + commit.note.length
    }
    this.#readLeaves(file, bytes, from, leafIndex)
  }

  /** The first place that is no record of a leaf, when that is not the end. */
  #readLeaves(file: string, bytes: Buffer, from: number, first: number) {
    let [offset, leafIndex, broken] = [from, first, undefined as number | undefined]
    for (let frame = readFrame(bytes, offset); frame; frame = readFrame(bytes, offset)) {
      if (frame.type === 'leaf') {
        this.leaves.set(leafIndex, { bytes: frame.prefixed.subarray(1), file, offset })
        leafIndex += 1
      }
      if (frame.type === 'disclosures') {
        const isWhole = equal(frame.digest, disclosuresDigest(leafIndex - 1, frame.bytes))
        this.disclosures.set(leafIndex - 1, { bytes: frame.bytes, file, offset, isWhole })
      }
      // A signed checkpoint ends what we were given; one in the middle was changed so that it is none.
      if (frame.type === 'commit') broken ??= offset
      offset = frame.end
    }
    if (offset < bytes.length) broken ??= offset
    return broken === undefined ? undefined : { leafIndex: Math.max(first, leafIndex - 1), file, offset: broken }
  }
}

/** No leaf or disclosure can hold these bytes: they are JSON, where a NUL is always escaped. */
function findCommits(file: string, bytes: Buffer, origin: string): StoredCommit[] {
  const commits: StoredCommit[] = []
  const needle = Buffer.from(`${origin}\n`)
  for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) {
    const frame = at < COMMIT_HEADER_BYTES ? undefined : readFrame(bytes, at - COMMIT_HEADER_BYTES)
    if (frame?.type !== 'commit') continue
    const size = sizeOf(frame.note.toString('latin1'))
    if (size !== undefined) commits.push({ size, note: frame.note, file, offset: frame.offset })
  }
  return commits
}

function sizeOf(note: string): number | undefined {
  try {
    return parseSize(note.split('\n', 2)[1] ?? '', 'malformed_checkpoint')
  } catch {
    return undefined
  }
}
