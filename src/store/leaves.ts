/** Reading leaves: what is given out hashes to what the tree committed to, wherever it was stored. */

import { join } from 'node:path'
import { decodeBundle, formatTilePath, TILE_WIDTH } from '../tlog/tile.ts'
import { StoreError } from './error.ts'
import type { Files } from './file.ts'
import { isLeafOf, verifiedLeaves, type Sealer } from './seal.ts'
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
        return await verifiedLeaves(wal, tiles, from, to)
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
    const path = join(publicDirectory, formatTilePath({ level: 'entries', index: bundle, width: TILE_WIDTH }))
    const bytes = await files.read(path)
    if (!bytes) throw new StoreError('damaged', `the entry bundle ${path} is missing`)
    const hashes = await tiles.read(0, bundle)
    const leaves = decodeBundleOr(path, bytes)
    const changed = leaves.findIndex((leaf, i) => !isLeafOf(hashes, i, leaf))
    if (changed >= 0) throw new StoreError('damaged', `leaf ${bundle * TILE_WIDTH + changed} was changed in ${path}`)
    return leaves
  }
}

function decodeBundleOr(path: string, bytes: Uint8Array): Uint8Array[] {
  try {
    return decodeBundle(bytes, TILE_WIDTH)
  } catch (cause) {
    throw new StoreError('damaged', `the entry bundle ${path} was changed`, { cause })
  }
}
