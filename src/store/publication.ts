/**
 * Publication: a static file server of the public directory shows a complete log (C2SP tlog-tiles), because a checkpoint
 * is put there only after every tile and bundle that it needs.
 */

import { dirname, join } from 'node:path'
import { encodeBundle, formatTilePath, partialTiles, TILE_WIDTH } from '../tlog/tile.ts'
import type { Files } from './file.ts'
import type { Leaves } from './leaves.ts'
import { PUBLIC_DIRECTORY_MODE, SEALED_MODE, type Sealer } from './seal.ts'
import type { Tiles } from './tiles.ts'

const CHECKPOINT_MODE = 0o644

export interface Published {
  readonly size: number
  readonly note: string
}

export class Publisher {
  readonly #files: Files
  readonly #directory: string
  readonly #tiles: Tiles
  readonly #leaves: Leaves
  readonly #sealer: Sealer
  #published: Published | undefined

  constructor(files: Files, directory: string, tiles: Tiles, leaves: Leaves, sealer: Sealer) {
    this.#files = files
    this.#directory = directory
    this.#tiles = tiles
    this.#leaves = leaves
    this.#sealer = sealer
  }

  /** Leaves of the checkpoint that is out. */
  get size(): number {
    return this.#published?.size ?? 0
  }

  /** Writes the partial tiles of the published checkpoint anew. */
  async rewrite(): Promise<void> {
    await this.#writePartials(this.size)
  }

  /** One caller at a time, after all full bundles of `size` are sealed. Nothing when this very note is out. */
  async publish({ size, note }: Published): Promise<void> {
    if (this.#published?.note === note) return
    if (this.#published?.size !== size) await this.#writePartials(size)
    await this.#files.replace(join(this.#directory, 'checkpoint'), Buffer.from(note), CHECKPOINT_MODE)
    await this.#files.syncDirectory(this.#directory)
    this.#published = { size, note }
  }

  /** "Logs MUST serve partial tiles corresponding to tree sizes for which a checkpoint was produced." */
  async #writePartials(size: number): Promise<void> {
    for (const { level, index, width } of partialTiles(size)) {
      // "but MAY delete any partial tile once the corresponding full tile is available": then it is not made, either.
      if ((index + 1) * TILE_WIDTH ** (level + 1) <= this.#sealer.size) continue
      const hashes = await this.#tiles.read(level, index)
      await this.#write(formatTilePath({ level, index, width }), hashes.subarray(0, width * 32))
      if (level > 0) continue
      const leaves = await this.#leaves.within(index * TILE_WIDTH, index * TILE_WIDTH + width)
      await this.#write(formatTilePath({ level: 'entries', index, width }), encodeBundle(leaves))
    }
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    const full = join(this.#directory, path)
    await this.#files.makeDirectory(dirname(full), PUBLIC_DIRECTORY_MODE)
    await this.#files.replace(full, bytes, SEALED_MODE)
  }
}
