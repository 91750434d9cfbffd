/** Reading leaves: what is given out hashes to what the tree committed to, wherever it was stored. */

import { decodeBundle, TILE_WIDTH } from '../tlog/tile.ts'
import { bundlePath, decompress, gzipPath, readBundle } from './bundle.ts'
import { StoreError } from './error.ts'
import type { Files } from './file.ts'
import { isLeafOf, verifiedRecords, type Sealer } from './seal.ts'
import type { Tiles } from './tiles.ts'
import type { Wal } from './wal.ts'

/** Decoded bundles kept in memory: a few megabytes. */
const MAX_CACHED = 8

export interface LeafSources {
  readonly files: Files
  readonly publicDirectory: string
  readonly tiles: Tiles
  readonly wal: Wal
  readonly sealer: Sealer
}

export class Leaves {
  readonly #sources: LeafSources
  readonly #cache = new Map<number, readonly Uint8Array[]>()

  constructor(sources: LeafSources) {
    this.#sources = sources
  }

  /** Durable leaves `from` to `to` of one bundle. A StoreError `damaged` names the first one that is not as committed. */
  async within(from: number, to: number): Promise<readonly Uint8Array[]> {
    const { wal, tiles, sealer } = this.#sources
    const bundle = Math.floor(from / TILE_WIDTH)
    const first = bundle * TILE_WIDTH
    if (from >= sealer.size) {
      try {
        return (await verifiedRecords(wal, tiles, from, to)).map(({ leaf }) => leaf)
      } catch (error) {
        // They may just have been sealed, and their segment used again.
        if (from >= sealer.size) throw error
      }
    }
    return (await this.#bundle(bundle)).slice(from - first, to - first)
  }

  /** After a bundle's file was written anew. */
  forget(bundle: number): void {
    this.#cache.delete(bundle)
  }

  async #bundle(bundle: number): Promise<readonly Uint8Array[]> {
    const cached = this.#cache.get(bundle)
    if (cached) return cached
    const leaves = await this.#readBundle(bundle)
    this.#cache.set(bundle, leaves)
    if (this.#cache.size > MAX_CACHED) this.#cache.delete(this.#cache.keys().next().value!)
    return leaves
  }

  async #readBundle(bundle: number): Promise<readonly Uint8Array[]> {
    const { files, publicDirectory, tiles } = this.#sources
    const path = bundlePath(publicDirectory, bundle)
    const stored = await readBundle(files, path)
    if (!stored) throw new StoreError('damaged', `the entry bundle ${path} is missing`)
    const hashes = await tiles.read(0, bundle)
    const firstOther = firstChanged(stored.bytes, hashes)
    // The leaves of a gzip file that was changed around them may all be there; it is damaged all the same.
    const changed = firstOther === TILE_WIDTH && !stored.isWhole ? 0 : firstOther
    if (changed < TILE_WIDTH)
      throw new StoreError('damaged', `leaf ${bundle * TILE_WIDTH + changed} was changed in ${stored.path}`)
    return decodeBundle(stored.bytes, TILE_WIDTH)
  }

  /** A sealed bundle as a gzip file, if it is stored as one and as committed. */
  async gzipped(bundle: number): Promise<Uint8Array | undefined> {
    const { files, publicDirectory, tiles } = this.#sources
    const gzip = await files.read(gzipPath(bundlePath(publicDirectory, bundle)))
    const bytes = gzip && (await decompress(gzip))
    return bytes && firstChanged(bytes, await tiles.read(0, bundle)) === TILE_WIDTH ? gzip : undefined
  }
}

/** The first entry of a bundle that is not the one of its hash tile (the last, when bytes follow it); 256 where all are. */
function firstChanged(bytes: Buffer, hashes: Uint8Array): number {
  let offset = 0
  for (let entry = 0; entry < TILE_WIDTH; entry += 1) {
    const start = offset + 2
    if (start > bytes.length) return entry
    offset = start + bytes.readUInt16BE(offset)
    if (offset > bytes.length || !isLeafOf(hashes, entry, bytes.subarray(start, offset))) return entry
  }
  return offset === bytes.length ? TILE_WIDTH : TILE_WIDTH - 1
}
