/**
 * Scrubbing: every stored byte is compared with the tree held in memory, from its top down. What a pass did not find
 * changed, a reader can believe; what it found, it names.
 */

import { join } from 'node:path'
import { equal } from '../bytes/digest.ts'
import { hashBytes, prefixedLeafHash } from '../tlog/hash.ts'
import { formatTilePath, TILE_BYTES, TILE_WIDTH, tileWidth } from '../tlog/tile.ts'
import { foldHashes } from '../tlog/tree.ts'
import { bundlePath, readBundle, readCompressed, type StoredBundle } from './bundle.ts'
import type { Files } from './file.ts'
import { disclosuresDigest, readFrame } from './frame.ts'
import type { Publisher } from './publication.ts'
import { isLeafOf, type Sealer } from './seal.ts'
import type { Segment } from './segment.ts'
import type { Tiles } from './tiles.ts'
import type { Wal } from './wal.ts'

export interface Finding {
  /** The leaf, or the first leaf that the changed bytes speak for. */
  readonly leafIndex: number
  readonly file: string
  /** Where in the file the changed record starts. */
  readonly offset: number
  /** One sentence. */
  readonly problem: string
}

export interface ScrubSources {
  readonly files: Files
  readonly publicDirectory: string
  readonly tiles: Tiles
  readonly wal: Wal
  readonly sealer: Sealer
  readonly publisher: Publisher
}

/**
 * One pass over everything. `inTurn` keeps files from being moved meanwhile; `rest` is awaited between pieces of work, with
 * the milliseconds that the piece took.
 */
export async function* scrubAll(
  sources: ScrubSources,
  inTurn: <T>(work: () => Promise<T>) => Promise<T>,
  rest: (elapsedMs: number) => Promise<unknown>,
  signal?: AbortSignal,
): AsyncGenerator<Finding> {
  yield* await inTurn(() => collect(scrubWal(sources)))
  yield* await inTurn(() => collect(scrubPublished(sources)))
  yield* scrubTiles(sources)
  // The newest first: what changed lately is found soonest.
  for (let bundle = sources.sealer.size / TILE_WIDTH - 1; bundle >= 0 && !signal?.aborted; bundle -= 1) {
    const startedAt = performance.now()
    yield* scrubBundle(sources, bundle)
    await rest(performance.now() - startedAt)
  }
}

async function collect(findings: AsyncIterable<Finding>): Promise<Finding[]> {
  const collected: Finding[] = []
  for await (const finding of findings) collected.push(finding)
  return collected
}

/** The write-ahead log. Nothing may be sealed or recycled meanwhile. */
export async function* scrubWal({ wal, tiles }: ScrubSources): AsyncGenerator<Finding> {
  for (const segment of wal.segments) {
    if (await segment.isIntact()) continue
    yield* locate(segment, await segment.read(0, segment.tail), tiles)
  }
}

async function* locate(segment: Segment, bytes: Buffer, tiles: Tiles): AsyncGenerator<Finding> {
  const { path: file, start, placements } = segment
  let isFound = false
  for (const [i, { leaf: offset, disclosures }] of placements.entries()) {
    const leafIndex = start + i
    const frame = readFrame(bytes, offset)
    const hashes = await tiles.read(0, Math.floor(leafIndex / TILE_WIDTH))
    if (offset < bytes.length && (frame?.type !== 'leaf' || !isCommitted(hashes, leafIndex, frame.prefixed))) {
      yield { leafIndex, file, offset, problem: `leaf ${leafIndex} was changed in the write-ahead log` }
      isFound = true
    } else if (
      disclosures !== undefined &&
      disclosures < bytes.length &&
      !hasDisclosures(bytes, disclosures, leafIndex)
    ) {
      yield {
        leafIndex,
        file,
        offset: disclosures,
        problem: `the disclosures of leaf ${leafIndex} were changed in the write-ahead log`,
      }
      isFound = true
    }
  }
  if (isFound) return
  // The leaves are whole, so it is a checkpoint between them.
  const leafIndex = Math.max(0, segment.end - 1)
  yield {
    leafIndex,
    file,
    offset: 0,
    problem: `a signed checkpoint up to leaf ${leafIndex} was changed in the write-ahead log`,
  }
}

function isCommitted(hashes: Uint8Array, leafIndex: number, prefixed: Uint8Array): boolean {
  const at = (leafIndex % TILE_WIDTH) * 32
  return equal(hashes.subarray(at, at + 32), hashBytes(prefixedLeafHash(prefixed)))
}

function hasDisclosures(bytes: Buffer, offset: number, leafIndex: number): boolean {
  const frame = readFrame(bytes, offset)
  if (frame?.type === 'erased') return true
  return frame?.type === 'disclosures' && equal(frame.digest, disclosuresDigest(leafIndex, frame.bytes))
}

/** Sealed hash tiles, from the highest level down: each is the sum of its parent's word for it. */
export async function* scrubTiles(sources: ScrubSources): AsyncGenerator<Finding> {
  const { tiles, publicDirectory, sealer } = sources
  const { size } = sealer
  for (let level = Math.max(0, levelsOf(size) - 1); level >= 0; level -= 1) {
    const full = Math.floor(size / TILE_WIDTH ** (level + 1))
    for (let index = full - 1; index >= 0; index -= 1) {
      const parent = await parentHash(sources, level, index)
      const bytes = await readOrNothing(sources, formatTilePath({ level, index, width: TILE_WIDTH }))
      if (parent && isTileOf(bytes, parent)) continue
      const leafIndex = index * TILE_WIDTH ** (level + 1)
      const file = join(publicDirectory, formatTilePath({ level, index, width: TILE_WIDTH }))
      tiles.forget(level, index)
      yield {
        leafIndex,
        file,
        offset: 0,
        problem: `the hashes of leaves from ${leafIndex} on were changed in tile ${level}/${index}`,
      }
    }
  }
}

function levelsOf(size: number): number {
  let levels = 0
  for (let hashes = size; hashes > 0; hashes = Math.floor(hashes / TILE_WIDTH)) levels += 1
  return levels
}

/** What the tree says about a full tile: from memory at the edge, else from a parent tile that was checked before. */
export async function parentHash(
  { tiles }: ScrubSources,
  level: number,
  index: number,
): Promise<Uint8Array | undefined> {
  const [above, at] = [Math.floor(index / TILE_WIDTH), index % TILE_WIDTH]
  const edge = tiles.tree.edge(level + 1)
  const bytes = edge?.index === above ? edge.bytes : await tiles.read(level + 1, above).catch(() => undefined)
  return bytes?.subarray(at * 32, at * 32 + 32)
}

export function isTileOf(bytes: Uint8Array | undefined, parent: Uint8Array): boolean {
  return bytes?.length === TILE_BYTES && equal(hashBytes(foldHashes(bytes, 0, TILE_WIDTH)), parent)
}

/** One sealed bundle, in each form that it has, against its hash tile (checked before). */
export async function* scrubBundle(sources: ScrubSources, bundle: number): AsyncGenerator<Finding> {
  const { files } = sources
  const hashes = await readOrNothing(sources, formatTilePath({ level: 0, index: bundle, width: TILE_WIDTH }))
  if (hashes?.length !== TILE_BYTES) return
  const first = bundle * TILE_WIDTH
  const path = bundlePath(sources.publicDirectory, bundle)
  const stored = await readBundle(files, path).catch(() => undefined)
  yield* compareStored(stored ?? { path, bytes: Buffer.alloc(0), isWhole: false }, hashes, first)
  if (stored?.path !== path) return
  // A crash, or a compression under way, leaves both; a static server may give out either.
  const beside = await readCompressed(files, path).catch(() => undefined)
  if (beside) yield* compareStored(beside, hashes, first)
}

function* compareStored({ path, bytes, isWhole }: StoredBundle, hashes: Uint8Array, first: number): Generator<Finding> {
  const found = [...compareBundle(bytes, hashes, { file: path, first, width: TILE_WIDTH })]
  yield* found
  if (isWhole || found.length > 0) return
  const problem = `the gzip file of leaves from ${first} on was changed around them: ${path}`
  yield { leafIndex: first, file: path, offset: 0, problem }
}

/** Names every entry that differs; after one whose length was changed, nothing behind it can be told apart. */
function* compareBundle(
  bytes: Uint8Array,
  hashes: Uint8Array,
  at: { readonly file: string; readonly first: number; readonly width: number },
): Generator<Finding> {
  const { file, first, width } = at
  let offset = 0
  for (let leafIndex = first; leafIndex < first + width; leafIndex += 1) {
    const start = offset + 2
    const end = start + (bytes[offset] ?? 0) * 256 + (bytes[offset + 1] ?? 0)
    const isWhole = start <= bytes.length && end <= bytes.length
    if (!isWhole || !isLeafOf(hashes, leafIndex, bytes.subarray(start, end))) {
      yield { leafIndex, file, offset, problem: `leaf ${leafIndex} was changed in ${file}` }
      const isLengthChanged =
        !isWhole || (leafIndex + 1 < first + width && !nextFits(bytes, hashes, end, leafIndex + 1))
      if (isLengthChanged) return
    }
    offset = end
  }
  if (offset !== bytes.length)
    yield {
      leafIndex: first + width - 1,
      file,
      offset,
      problem: `bytes were added behind leaf ${first + width - 1} in ${file}`,
    }
}

function nextFits(bytes: Uint8Array, hashes: Uint8Array, offset: number, leafIndex: number): boolean {
  const start = offset + 2
  const end = start + (bytes[offset] ?? 0) * 256 + (bytes[offset + 1] ?? 0)
  return end <= bytes.length && isLeafOf(hashes, leafIndex, bytes.subarray(start, end))
}

/** The partial tiles that were published for the newest checkpoint. */
export async function* scrubPublished(sources: ScrubSources): AsyncGenerator<Finding> {
  const { publisher, publicDirectory, tiles, sealer } = sources
  const index = Math.floor(publisher.size / TILE_WIDTH)
  const width = publisher.size % TILE_WIDTH
  if (width === 0 || index * TILE_WIDTH < sealer.size || tileWidth(0, index, publisher.size) !== width) return
  const hashes = await tiles.read(0, index)
  const first = index * TILE_WIDTH
  const entries = formatTilePath({ level: 'entries', index, width })
  const bytes = (await readOrNothing(sources, entries)) ?? new Uint8Array(0)
  yield* compareBundle(bytes, hashes, { file: join(publicDirectory, entries), first, width })
  const path = formatTilePath({ level: 0, index, width })
  const stored = await readOrNothing(sources, path)
  if (stored && equal(stored, hashes.subarray(0, width * 32))) return
  yield {
    leafIndex: first,
    file: join(publicDirectory, path),
    offset: 0,
    problem: `the published hashes of leaves from ${first} on were changed`,
  }
}

/** A file that cannot be read counts as one that is not as it should be. */
async function readOrNothing({ files, publicDirectory }: ScrubSources, path: string): Promise<Uint8Array | undefined> {
  return files.read(join(publicDirectory, path)).catch(() => undefined)
}
