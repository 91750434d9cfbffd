/** A growing Merkle tree: its root at any moment, and every tile as soon as it is full, from memory that does not grow. */

import type { Digest } from '../bytes/digest.ts'
import { EMPTY_ROOT, HASH_BYTES, hashBytes, nodeHashText, type HashText } from './hash.ts'
import { TILE_BYTES, TILE_WIDTH, tileWidth } from './tile.ts'

/** The rightmost tile of a level: `width` hashes (0 to 255) are in use, the rest of `bytes` is free. */
export interface EdgeTile {
  readonly index: number
  readonly width: number
  readonly bytes: Uint8Array
}

/** A tree at one size. Taking and restoring one costs a few dozen references, whatever the size. */
export interface TreeState {
  readonly size: number
  readonly roots: readonly HashText[]
  readonly tiles: readonly EdgeTile[]
}

export interface TreeListener {
  /** A full tile: 256 hashes. The bytes are the caller's to keep, unless an earlier state is restored. */
  onTile(level: number, index: number, bytes: Uint8Array): void
}

interface OpenTile {
  index: number
  width: number
  bytes: Buffer
}

export class Tree {
  readonly #listener: TreeListener | undefined
  #size = 0
  /** The roots of the full subtrees that make up the tree, largest first: the binary digits of `size`. */
  #roots: HashText[] = []
  #tiles: OpenTile[] = []

  constructor(listener?: TreeListener) {
    this.#listener = listener
  }

  get size(): number {
    return this.#size
  }

  push(leaf: HashText): void {
    this.#put(0, leaf)
    let hash = leaf
    // Sizes may pass 2^32, so digits are taken with arithmetic and never with 32-bit operators.
    for (let rest = this.#size, level = 1; rest % 2 === 1; rest = (rest - 1) / 2, level += 1) {
      hash = nodeHashText(this.#roots.pop()!, hash)
      if (level % 8 === 0) this.#put(level / 8, hash)
    }
    this.#roots.push(hash)
    this.#size += 1
  }

  /** RFC 6962 MTH of all leaves so far. */
  root(): Digest {
    let hash = this.#roots.at(-1)
    if (hash === undefined) return EMPTY_ROOT
    for (let i = this.#roots.length - 2; i >= 0; i -= 1) hash = nodeHashText(this.#roots[i]!, hash)
    return hashBytes(hash)
  }

  /** The rightmost tile of a level. Its first `width` hashes stay as they are while the tree grows. */
  edge(level: number): EdgeTile | undefined {
    return this.#tiles[level]
  }

  save(): TreeState {
    return { size: this.#size, roots: [...this.#roots], tiles: this.#tiles.map((tile) => ({ ...tile })) }
  }

  /** Goes to a saved state: back after a failed write, or to where a stored tree ended. */
  restore(state: TreeState): void {
    this.#size = state.size
    this.#roots = [...state.roots]
    this.#tiles = state.tiles.map(({ index, width, bytes }) => ({
      index,
      width,
      // A copy: what was hashed of the tiles left behind must not be taken for these.
      bytes: Buffer.from(bytes),
    }))
  }

  #put(level: number, hash: HashText): void {
    const tile = (this.#tiles[level] ??= { index: 0, width: 0, bytes: Buffer.alloc(TILE_BYTES) })
    tile.bytes.write(hash, tile.width * HASH_BYTES, 'latin1')
    tile.width += 1
    if (tile.width < TILE_WIDTH) return
    this.#tiles[level] = { index: tile.index + 1, width: 0, bytes: Buffer.alloc(TILE_BYTES) }
    this.#listener?.onTile(level, tile.index, tile.bytes)
  }
}

/**
 * The state of a tree of `size` leaves, from its rightmost tiles. `readEdge` gives at least `width` hashes (1 to 255) of
 * the tile that stands at `level` and `index`.
 */
export function stateFromTiles(
  size: number,
  readEdge: (level: number, index: number, width: number) => Uint8Array,
): TreeState {
  const roots: HashText[] = []
  const tiles: EdgeTile[] = []
  const levels = levelsOf(size)
  for (let level = levels - 1; level >= 0; level -= 1) {
    const index = Math.floor(size / TILE_WIDTH ** (level + 1))
    const width = tileWidth(level, index, size)
    const bytes = Buffer.alloc(TILE_BYTES)
    if (width > 0) bytes.set(readEdge(level, index, width).subarray(0, width * HASH_BYTES))
    tiles[level] = { index, width, bytes }
    roots.push(...subtreeRoots(bytes, width))
  }
  return { size, roots, tiles }
}

function levelsOf(size: number): number {
  let levels = 0
  for (let hashes = size; hashes > 0; hashes = Math.floor(hashes / TILE_WIDTH)) levels += 1
  return levels
}

/** Roots of the full subtrees that `width` hashes make up, largest first. */
function subtreeRoots(bytes: Buffer, width: number): HashText[] {
  const roots: HashText[] = []
  for (let span = TILE_WIDTH / 2, at = 0; span >= 1; span /= 2) {
    if (width - at < span) continue
    roots.push(foldHashes(bytes, at, span))
    at += span
  }
  return roots
}

/** The root over `span` (a power of two) consecutive hashes of a tile, from hash number `first`. */
export function foldHashes(tile: Uint8Array, first: number, span: number): HashText {
  const bytes = Buffer.from(tile.buffer, tile.byteOffset, tile.byteLength)
  let level: HashText[] = []
  for (let i = first; i < first + span; i += 1)
    level.push(bytes.toString('latin1', i * HASH_BYTES, (i + 1) * HASH_BYTES))
  while (level.length > 1) {
    const above: HashText[] = []
    for (let i = 0; i < level.length; i += 2) above.push(nodeHashText(level[i]!, level[i + 1]!))
    level = above
  }
  return level[0]!
}
