/**
 * What a directory holds after any crash: every batch up to the last commit frame whose root recomputes and whose note is,
 * byte for byte, one that we signed. What stands behind it was never acknowledged.
 */

import { equal } from '../bytes/digest.ts'
import { formatCheckpoint, openCheckpoint, parseCheckpoint, type Checkpoint } from '../tlog/checkpoint.ts'
import { prefixedLeafHash } from '../tlog/hash.ts'
import type { VerifierKey } from '../tlog/key.ts'
import { formatNote, parseNote } from '../tlog/note.ts'
import type { TreeState } from '../tlog/tree.ts'
import type { Placement } from './batch.ts'
import { StoreError } from './error.ts'
import type { Files } from './file.ts'
import { disclosuresDigest, readFrame } from './frame.ts'
import type { Head } from './head.ts'
import { Segment, type CommitPlacement } from './segment.ts'
import type { Tiles } from './tiles.ts'
import { parseSegmentName, segmentPath } from './wal.ts'

export interface RecoveryOptions {
  readonly directory: string
  readonly files: Files
  readonly origin: string
  readonly keys: readonly VerifierKey[]
}

/** A commit frame that may be the end of the log. */
interface Candidate {
  readonly end: number
  readonly note: string
  readonly leaves: number
  readonly state: TreeState
}

/** Only the last few could be signed wrongly by a crash; all are kept that could. */
const MAX_CANDIDATES = 32

export interface Recovered {
  readonly segments: readonly Segment[]
  readonly head: Head
}

/**
 * Brings `tiles` to the recovered size. Changes nothing on disk. A StoreError `damaged` when files that were durable do not
 * fit together.
 */
export async function recover(options: RecoveryOptions, tiles: Tiles): Promise<Recovered> {
  const starts = (await options.files.list(options.directory))
    .map(parseSegmentName)
    .filter((start) => start !== undefined)
  if (starts[0] === undefined)
    throw new StoreError('damaged', `the write-ahead log in ${options.directory} is gone; restore the directory`)
  await tiles.load(starts[0])
  const segments: Segment[] = []
  let head: Head | undefined
  for (const start of starts) {
    const recovered = await recoverSegment(options, start, tiles)
    segments.push(recovered.segment)
    head = recovered.head
  }
  return { segments, head: head! }
}

async function recoverSegment(options: RecoveryOptions, start: number, tiles: Tiles) {
  const path = segmentPath(options.directory, start)
  const bytes = await options.files.read(path)
  const head = bytes && startOf(bytes, options)
  if (!bytes || !head) throw new StoreError('damaged', `${path} does not start with a checkpoint of this log`)
  if (start !== tiles.tree.size || head.size !== start || !equal(head.rootHash, tiles.tree.root())) {
    throw new StoreError(
      'damaged',
      `the files before leaf ${start} are not those that ${path} continues; restore them from a copy`,
    )
  }
  const { placements, commits, candidates } = replay(bytes, start, options.origin, tiles)
  const last = candidates.findLast(({ note }) => isSigned(note, options)) ?? candidates[0]!
  tiles.restore(last.state)
  requireTorn(bytes.subarray(last.end), last.state.size, path, options)
  const segment = new Segment(path, await options.files.open(path), {
    start,
    sizeBytes: bytes.length,
    placements: placements.slice(0, last.leaves),
    commits: commits.filter(({ offset }) => offset < last.end),
    tail: last.end,
    written: bytes.subarray(0, last.end),
  })
  return { segment, head: { size: last.state.size, rootHash: tiles.tree.root(), note: last.note } }
}

/**
 * A crash tears one batch at most, and that one has one checkpoint. Where two stand behind the end, leaves that were
 * acknowledged follow bytes that were changed: then nothing may be cut off.
 */
function requireTorn(rest: Buffer, size: number, path: string, options: RecoveryOptions): void {
  const line = Buffer.from(`${options.origin}\n`)
  let later = 0
  for (let at = rest.indexOf(line, 2); at >= 0; at = rest.indexOf(line, at + 1)) {
    const note = rest.subarray(at, at + rest.readUInt16BE(at - 2))
    if (isSigned(note, options) && parseCheckpoint(parseNote(note).text).size > size) later += 1
    if (later < 2) continue
    throw new StoreError(
      'damaged',
      `${path} was changed behind leaf ${size}: acknowledged leaves follow that can't be read. Restore it from a copy or a witness`,
    )
  }
}

function startOf(bytes: Buffer, { origin, keys }: RecoveryOptions): Head | undefined {
  const frame = readFrame(bytes, 0)
  if (frame?.type !== 'commit') return undefined
  try {
    return { ...openCheckpoint(frame.note, origin, keys), note: frame.note.toString() }
  } catch {
    return undefined
  }
}

interface Replayed {
  readonly placements: Placement[]
  readonly commits: CommitPlacement[]
  /** The first one is the start of the segment. */
  readonly candidates: Candidate[]
}

/** Pushes every leaf that can be read. */
function replay(bytes: Buffer, start: number, origin: string, tiles: Tiles): Replayed {
  const [placements, commits, candidates]: [Placement[], CommitPlacement[], Candidate[]] = [[], [], []]
  let isTorn = false
  for (let frame = readFrame(bytes, 0); frame; frame = readFrame(bytes, frame.end)) {
    if (frame.type === 'leaf') {
      tiles.tree.push(prefixedLeafHash(frame.prefixed))
      placements.push({ leaf: frame.offset })
    } else if (frame.type === 'disclosures' || frame.type === 'erased') {
      // What is erased may still have bytes in it, if that was cut short: its place is kept, to erase it again.
      isTorn ||=
        frame.type === 'disclosures' &&
        !equal(frame.digest, disclosuresDigest(start + placements.length - 1, frame.bytes))
      const place = placements.at(-1)
      if (place) placements[placements.length - 1] = { ...place, disclosures: frame.offset }
    } else if (frame.type === 'commit') {
      const note = frame.note.toString()
      commits.push({ offset: frame.offset, size: start + placements.length })
      const isWhole = !isTorn && isOurs(frame.note, note, origin, tiles)
      if (isWhole) candidates.push({ end: frame.end, note, leaves: placements.length, state: tiles.tree.save() })
      if (candidates.length > MAX_CANDIDATES) candidates.splice(1, 1)
      isTorn = false
    }
  }
  return { placements, commits, candidates }
}

/** The checkpoint of the tree as it is now, in the one spelling that we write. Signatures are looked at later, and once. */
function isOurs(bytes: Buffer, note: string, origin: string, { tree }: Tiles): boolean {
  const text = formatCheckpoint({ origin, size: tree.size, rootHash: tree.root() })
  if (!note.startsWith(`${text}\n`)) return false
  try {
    // A parser that accepts two spellings would accept an edit.
    return Buffer.from(formatNote(parseNote(note))).equals(bytes)
  } catch {
    return false
  }
}

function isSigned(note: string | Buffer, { origin, keys }: RecoveryOptions): boolean {
  try {
    openCheckpoint(note, origin, keys)
    return true
  } catch {
    return false
  }
}

/**
 * Refuses a log that is behind, or other than, what it signed before: it was restored from an old copy or edited, and going
 * on would show two histories. `note` is a stored checkpoint, `name` where it stands.
 */
export async function requireNoRollback(
  path: string,
  { files, origin, keys }: RecoveryOptions,
  head: Head,
  tiles: Tiles,
): Promise<void> {
  const note = await files.read(path)
  if (!note) return
  const { size, rootHash } = openStored(path, note, origin, keys)
  if (size > head.size) {
    throw new StoreError(
      'rolled_back',
      `${path} is at ${size} leaves but the log ends at ${head.size}: the newest leaves are lost. Restore them from a copy or a witness; never go on under this origin without them`,
    )
  }
  if (!equal(rootHash, await tiles.rootAt(size))) {
    throw new StoreError(
      'rolled_back',
      `${path} has another root hash at ${size} leaves than the log: stored leaves were changed. Restore the directory from a copy or a witness`,
    )
  }
}

function openStored(path: string, note: Buffer, origin: string, keys: readonly VerifierKey[]): Checkpoint {
  try {
    return openCheckpoint(note, origin, keys)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new StoreError(
      'damaged',
      `${path} is not a checkpoint that this log signed (${why}); restore that file from a copy`,
      { cause },
    )
  }
}
