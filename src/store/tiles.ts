/** The hashes of the tree wherever they are: at its growing edge, full but not sealed yet, or in files. */

import { join } from 'node:path'
import type { Digest } from '../bytes/digest.ts'
import { proveRanges, rangeTiles, type Range } from '../tlog/proof.ts'
import { EMPTY_ROOT, hashBytes, type HashText } from '../tlog/hash.ts'
import { formatTilePath, TILE_BYTES, TILE_WIDTH } from '../tlog/tile.ts'
import { foldHashes, stateFromTiles, Tree, type TreeState } from '../tlog/tree.ts'
import { StoreError } from './error.ts'
import type { Files } from './file.ts'

/** Sealed tiles of leaf hashes kept in memory, and of all levels above: 2 and 8 MiB. The latter are all of those up to 67 million leaves. */
const MAX_CACHED = 256
const MAX_CACHED_ABOVE = 1024

export class Tiles {
  readonly tree = new Tree({
    onTile: (level, index, bytes) => this.#unsealed.set(`${level}/${index}`, { level, index, bytes }),
  })
  readonly #unsealed = new Map<string, { readonly level: number; readonly index: number; readonly bytes: Uint8Array }>()
  readonly #cache = new Map<string, Uint8Array>()
  readonly #cacheAbove = new Map<string, Uint8Array>()
  readonly #files: Files
  readonly #directory: string

  constructor(files: Files, publicDirectory: string) {
    this.#files = files
    this.#directory = publicDirectory
  }

  push(hashes: readonly HashText[]): void {
    for (const hash of hashes) this.tree.push(hash)
  }

  /** Back to a saved state: tiles that were not full then are not full now. */
  restore(state: TreeState): void {
    this.tree.restore(state)
    for (const [key, { level, index }] of this.#unsealed) {
      if (!isFull(level, index, state.size)) this.#unsealed.delete(key)
    }
  }

  /** Full tiles that no file holds yet and that are complete in a tree of `size`. */
  unsealed(size: number): { readonly level: number; readonly index: number; readonly bytes: Uint8Array }[] {
    return [...this.#unsealed.values()].filter(({ level, index }) => isFull(level, index, size))
  }

  /** These tiles stand in files now. */
  sealed(size: number): void {
    for (const { level, index, bytes } of this.unsealed(size)) {
      this.#unsealed.delete(`${level}/${index}`)
      this.#remember(level, index, bytes)
    }
  }

  /** The bytes of a tile from memory: all its hashes so far, at least. */
  peek(level: number, index: number): Uint8Array | undefined {
    const edge = this.tree.edge(level)
    if (edge?.index === index) return edge.bytes
    const key = `${level}/${index}`
    return this.#unsealed.get(key)?.bytes ?? this.#cacheOf(level).get(key)
  }

  /** From memory, else from its file. A StoreError `damaged` when a full tile is not where it must be. */
  async read(level: number, index: number): Promise<Uint8Array> {
    return this.peek(level, index) ?? this.#remember(level, index, await this.readFile(level, index))
  }

  async readFile(level: number, index: number): Promise<Uint8Array> {
    const path = join(this.#directory, formatTilePath({ level, index, width: TILE_WIDTH }))
    const bytes = await this.#files.read(path)
    if (bytes?.length !== TILE_BYTES) throw new StoreError('damaged', `the tile ${path} is missing or cut short`)
    return bytes
  }

  /** After a tile's file was written anew. */
  forget(level: number, index: number): void {
    this.#cacheOf(level).delete(`${level}/${index}`)
  }

  /** The hashes of a proof, or undefined when a tile is not in memory. */
  proveNow(ranges: readonly Range[]): Digest[] | undefined {
    const inMemory = ranges.flatMap(rangeTiles).every(({ level, index }) => this.peek(level, index))
    return inMemory ? proveRanges(ranges, (level, index) => this.peek(level, index)!) : undefined
  }

  async prove(ranges: readonly Range[]): Promise<Digest[]> {
    const wanted = new Map(ranges.flatMap(rangeTiles).map((tile) => [`${tile.level}/${tile.index}`, tile]))
    // At once: a proof waits for its slowest tile, and not for one after the other. They are a few dozen at most.
    const read = [...wanted].map(async ([key, { level, index }]) => [key, await this.read(level, index)] as const)
    const tiles = new Map(await Promise.all(read))
    return proveRanges(ranges, (level, index) => tiles.get(`${level}/${index}`)!)
  }

  /** The root when the tree had `size` leaves. */
  async rootAt(size: number): Promise<Digest> {
    return size === 0 ? EMPTY_ROOT : (await this.prove([{ from: 0, to: size }]))[0]!
  }

  /** The tree as it was at `size`, from the full tiles in files alone. */
  async load(size: number): Promise<void> {
    const edges = new Map<number, Uint8Array>()
    for (let level = 0, hashes = size; hashes > 0; level += 1, hashes = Math.floor(hashes / TILE_WIDTH)) {
      const [index, width] = [Math.floor(hashes / TILE_WIDTH), hashes % TILE_WIDTH]
      if (width > 0) edges.set(level, await this.#rebuild(level, index, width))
    }
    this.tree.restore(stateFromTiles(size, (level) => edges.get(level)!))
  }

  /** A partial tile: the start of one that was full later, or the roots of the full tiles below. */
  async #rebuild(level: number, index: number, width: number): Promise<Uint8Array> {
    const later = await this.#files.read(join(this.#directory, formatTilePath({ level, index, width: TILE_WIDTH })))
    if (later) return later
    const bytes = Buffer.alloc(TILE_BYTES)
    for (let i = 0; i < width && level > 0; i += 1) {
      const below = await this.readFile(level - 1, index * TILE_WIDTH + i)
      bytes.set(hashBytes(foldHashes(below, 0, TILE_WIDTH)), i * 32)
    }
    return bytes
  }

  #cacheOf(level: number): Map<string, Uint8Array> {
    return level === 0 ? this.#cache : this.#cacheAbove
  }

  #remember(level: number, index: number, bytes: Uint8Array): Uint8Array {
    const cache = this.#cacheOf(level)
    cache.set(`${level}/${index}`, bytes)
    if (cache.size > (level === 0 ? MAX_CACHED : MAX_CACHED_ABOVE)) cache.delete(cache.keys().next().value!)
    return bytes
  }
}

function isFull(level: number, index: number, size: number): boolean {
  return (index + 1) * TILE_WIDTH ** (level + 1) <= size
}
