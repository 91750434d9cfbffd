/** Repair: stored bytes that were changed are put back, from a leaf that the tree itself vouches for. */

import { dirname, join } from 'node:path'
import { openCheckpoint, signCheckpoint, type Checkpoint } from '../tlog/checkpoint.ts'
import { hashBytes, leafHash } from '../tlog/hash.ts'
import type { Signer, VerifierKey } from '../tlog/key.ts'
import { formatNote, parseNote } from '../tlog/note.ts'
import { decodeBundle, encodeBundle, formatTilePath, TILE_BYTES, TILE_WIDTH } from '../tlog/tile.ts'
import { foldHashes } from '../tlog/tree.ts'
import { bundlePath, readBundle, rewriteBundle } from './bundle.ts'
import { StoreError } from './error.ts'
import { commitFrame, LEAF_HEADER_BYTES, readFrame, writeLeaf, type Frame } from './frame.ts'
import type { Leaves } from './leaves.ts'
import { isTileOf, parentHash, type ScrubSources } from './scrub.ts'
import { isLeafOf, SEALED_MODE } from './seal.ts'
import type { Segment } from './segment.ts'

export interface RepairSources extends ScrubSources {
  readonly leaves: Leaves
  readonly origin: string
  readonly signers: () => readonly Signer[]
  readonly keys: () => readonly VerifierKey[]
}

/**
 * Durable when it resolves. A StoreError `damaged` when the tree does not commit to this leaf at this place, or when other
 * leaves beside it must be repaired first: `bundle`, all leaves of its bundle, spares that.
 */
export async function repairLeaf(
  sources: RepairSources,
  leafIndex: number,
  leaf: Uint8Array,
  bundle: readonly Uint8Array[] = [],
): Promise<void> {
  const isSealed = leafIndex < sources.sealer.size
  if (isSealed) await repairSealed(sources, leafIndex, leaf, bundle)
  else if (!isLeafOf(await sources.tiles.read(0, Math.floor(leafIndex / TILE_WIDTH)), leafIndex, leaf))
    throw notThatLeaf(leafIndex)
  const segment = sources.wal.segmentOf(leafIndex)
  if (segment) await repairSegment(sources, segment, leafIndex, leaf)
  await rewritePublished(sources)
}

/** The copies for static servers; while other leaves in them are damaged, the repair of the last one writes them. */
async function rewritePublished({ publisher }: RepairSources): Promise<void> {
  try {
    await publisher.rewrite()
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'damaged') throw error
  }
}

function notThatLeaf(leafIndex: number): StoreError {
  return new StoreError('damaged', `the tree does not commit to that leaf at ${leafIndex}`)
}

async function repairSealed(
  sources: RepairSources,
  leafIndex: number,
  leaf: Uint8Array,
  copy: readonly Uint8Array[],
): Promise<void> {
  const bundle = Math.floor(leafIndex / TILE_WIDTH)
  await repairUpperTiles(sources, bundle)
  const parent = await parentHash(sources, 0, bundle)
  const path = formatTilePath({ level: 0, index: bundle, width: TILE_WIDTH })
  const stored = await read(sources, path)
  const isCopyWhole = parent !== undefined && isTileOf(hashesOf(copy), parent)
  const leaves = isCopyWhole ? copy : await salvage(sources, bundle, leafIndex, leaf, stored)
  const hashes = hashesOf(leaves)
  if (isCopyWhole && !isLeafOf(hashes, leafIndex, leaf)) throw notThatLeaf(leafIndex)
  if (!parent || hashes.length !== TILE_BYTES || !isTileOf(hashes, parent)) {
    if (!stored || !parent || !isTileOf(stored, parent) || !isLeafOf(stored, leafIndex, leaf))
      throw notThatLeaf(leafIndex)
  } else if (!stored || !isTileOf(stored, parent)) {
    await write(sources, path, hashes)
    sources.tiles.forget(0, bundle)
  }
  await rewriteBundle(sources.files, bundlePath(sources.publicDirectory, bundle), encodeBundle(leaves))
  sources.leaves.forget(bundle)
}

function hashesOf(leaves: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(leaves.map(leafHash))
}

/** The stored leaves of a bundle with the given one in its place: also where the stored length was what had changed. */
async function salvage(
  sources: RepairSources,
  bundle: number,
  leafIndex: number,
  leaf: Uint8Array,
  hashes: Uint8Array | undefined,
): Promise<Uint8Array[]> {
  const path = bundlePath(sources.publicDirectory, bundle)
  const bytes = (await readBundle(sources.files, path).catch(() => undefined))?.bytes ?? new Uint8Array(0)
  const at = leafIndex % TILE_WIDTH
  const before = startsOf(bytes, at)
  for (const resume of [before + 2 + leaf.length, startsOf(bytes, at + 1)]) {
    try {
      const head = decodeBundle(bytes.subarray(0, before), at)
      const rest = decodeBundle(bytes.subarray(resume), TILE_WIDTH - at - 1)
      return [...head, leaf, ...rest]
    } catch {
      // The other place to go on from may fit.
    }
  }
  const why = hashes
    ? 'other leaves of its bundle cannot be read; repair those before it first, or bring the whole bundle'
    : 'its bundle and its hashes are both changed'
  throw new StoreError('damaged', `leaf ${leafIndex} can't be put back alone: ${why}`)
}

/** Where entry number `count` starts, as far as lengths can be believed. */
function startsOf(bytes: Uint8Array, count: number): number {
  let offset = 0
  for (let i = 0; i < count; i += 1) offset += 2 + (bytes[offset] ?? 0) * 256 + (bytes[offset + 1] ?? 0)
  return Math.min(offset, bytes.length)
}

/** Hash tiles above the bundle, from the top: each can be made again from the tiles below it. */
async function repairUpperTiles(sources: RepairSources, bundle: number): Promise<void> {
  const path: { level: number; index: number }[] = []
  for (
    let level = 1, index = Math.floor(bundle / TILE_WIDTH);
    (index + 1) * TILE_WIDTH ** (level + 1) <= sources.sealer.size;
    level += 1
  ) {
    path.unshift({ level, index })
    index = Math.floor(index / TILE_WIDTH)
  }
  for (const { level, index } of path) {
    const parent = await parentHash(sources, level, index)
    const name = formatTilePath({ level, index, width: TILE_WIDTH })
    if (!parent || isTileOf(await read(sources, name), parent)) continue
    const bytes = Buffer.alloc(TILE_BYTES)
    for (let i = 0; i < TILE_WIDTH; i += 1) {
      const below = await read(
        sources,
        formatTilePath({ level: level - 1, index: index * TILE_WIDTH + i, width: TILE_WIDTH }),
      )
      if (below?.length === TILE_BYTES) bytes.set(hashBytes(foldHashes(below, 0, TILE_WIDTH)), i * 32)
    }
    if (!isTileOf(bytes, parent))
      throw new StoreError('damaged', `tile ${level}/${index} can't be made again: tiles below it are changed, too`)
    await write(sources, name, bytes)
    sources.tiles.forget(level, index)
  }
}

async function repairSegment(
  sources: RepairSources,
  segment: Segment,
  leafIndex: number,
  leaf: Uint8Array,
): Promise<void> {
  if (await segment.isIntact()) return
  const frame = Buffer.alloc(LEAF_HEADER_BYTES + leaf.length)
  writeLeaf(frame, 0, leaf)
  await segment.rewrite(frame, segment.placements[leafIndex - segment.start]!.leaf)
  if (await segment.isIntact()) return
  const bytes = await segment.read(0, segment.tail)
  for (const { offset, size } of segment.commits) {
    if (offset >= bytes.length || isOurs(sources, readFrame(bytes, offset), size)) continue
    const rootHash = await sources.tiles.rootAt(size)
    await segment.rewrite(signAgain(sources, { size, rootHash }, roomAt(segment, offset)), offset)
  }
}

/**
 * Ed25519 is deterministic: a checkpoint that was changed is signed again to the very same bytes. It has as many signatures as it had:
 * with another number it would run into what stands behind it.
 */
function signAgain(sources: RepairSources, head: Pick<Checkpoint, 'size' | 'rootHash'>, room: number): Uint8Array {
  const { origin } = sources
  const signers = sources.signers()
  for (const chosen of [signers, signers.slice(0, 1)]) {
    const frame = commitFrame(signCheckpoint({ origin, ...head }, ...chosen))
    if (frame.length === room) return frame
  }
  throw new StoreError('damaged', `the checkpoint at ${head.size} leaves in the write-ahead log cannot be signed again`)
}

/** Bytes from a commit frame to whatever follows it. */
function roomAt({ placements, commits, tail }: Segment, at: number): number {
  const next = [placements.find(({ leaf }) => leaf > at)?.leaf, commits.find(({ offset }) => offset > at)?.offset]
  return Math.min(tail, ...next.filter((offset) => offset !== undefined)) - at
}

function isOurs({ origin, keys }: RepairSources, frame: Frame | undefined, size: number): boolean {
  if (frame?.type !== 'commit') return false
  try {
    return openCheckpoint(frame.note, origin, keys()).size === size && isOnlySpelling(frame.note)
  } catch {
    return false
  }
}

function isOnlySpelling(note: Buffer): boolean {
  return Buffer.from(formatNote(parseNote(note))).equals(note)
}

function read({ files, publicDirectory }: RepairSources, path: string): Promise<Uint8Array | undefined> {
  return files.read(join(publicDirectory, path)).catch(() => undefined)
}

async function write({ files, publicDirectory }: RepairSources, path: string, bytes: Uint8Array): Promise<void> {
  const full = join(publicDirectory, path)
  await files.replace(full, bytes, SEALED_MODE)
  await files.syncDirectory(dirname(full))
}
