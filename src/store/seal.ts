/**
 * Sealing: full bundles of 256 leaves and full tiles become read-only files under their C2SP names, and the write-ahead
 * log forgets them. Sealing happens behind the answers: a crash in the middle repeats it.
 */

import { dirname, join } from 'node:path'
import { leafHash } from '../tlog/hash.ts'
import { encodeBundle, formatTilePath, TILE_WIDTH, type Tile } from '../tlog/tile.ts'
import { bundlePath, gzipPath } from './bundle.ts'
import type { Disclosures } from './disclosure.ts'
import { StoreError } from './error.ts'
import type { Files, StoredFile } from './file.ts'
import type { Tiles } from './tiles.ts'
import type { Wal } from './wal.ts'

/** Bundles that share one round of directory syncs. */
const MAX_ROUND = 32
export const SEALED_MODE = 0o444
export const PUBLIC_DIRECTORY_MODE = 0o755

export interface SealerOptions {
  readonly files: Files
  /** Where `tile/` and `checkpoint` are. */
  readonly publicDirectory: string
  readonly disclosures: Disclosures
}

export class Sealer {
  readonly #options: SealerOptions
  readonly #tiles: Tiles
  readonly #wal: Wal
  #bundles: number

  constructor(options: SealerOptions, tiles: Tiles, wal: Wal, bundles: number) {
    this.#options = options
    this.#tiles = tiles
    this.#wal = wal
    this.#bundles = bundles
  }

  /** Leaves below this one are in files that never change. A multiple of 256. */
  get size(): number {
    return this.#bundles * TILE_WIDTH
  }

  /** Seals every full bundle of a tree of `size` durable leaves, and calls back after each few. One caller at a time. */
  async seal(size: number, onRound: () => Promise<void>): Promise<void> {
    const full = Math.floor(size / TILE_WIDTH)
    while (this.#bundles < full) {
      await this.#sealRound(Math.min(full, this.#bundles + MAX_ROUND))
      await onRound()
    }
  }

  async #sealRound(to: number): Promise<void> {
    const { files } = this.#options
    const sealed: StoredFile[] = []
    for (let bundle = this.#bundles; bundle < to; bundle += 1) sealed.push(...(await this.#sealBundle(bundle)))
    for (const { level, index, bytes } of this.#tiles.unsealed(to * TILE_WIDTH))
      sealed.push(this.#publicFile({ level, index }, bytes))
    const directories = new Map(
      sealed.map(({ path, mode }) => [dirname(path), mode === SEALED_MODE ? PUBLIC_DIRECTORY_MODE : 0o700]),
    )
    for (const [directory, mode] of directories) await files.makeDirectory(directory, mode)
    await files.replaceAll(sealed)
    for (const directory of directories.keys()) await files.syncDirectory(directory)
    // Everything up to here has its final name on the disk; from here on it is read from there, and the log may forget it.
    this.#bundles = to
    this.#tiles.sealed(to * TILE_WIDTH)
    // tlog-tiles: logs "MAY delete any partial tile once the corresponding full tile is available".
    for (const { path, mode } of sealed) if (mode === SEALED_MODE) await files.remove(`${path}.p`)
    await this.#wal.recycle(to * TILE_WIDTH)
  }

  /** The files of one bundle: its leaves, and their disclosures if there are any. */
  async #sealBundle(bundle: number): Promise<StoredFile[]> {
    const [from, to] = [bundle * TILE_WIDTH, (bundle + 1) * TILE_WIDTH]
    const records = await verifiedRecords(this.#wal, this.#tiles, from, to)
    const bytes = encodeBundle(records.map(({ leaf }) => leaf))
    const entries = this.#publicFile({ level: 'entries', index: bundle }, bytes)
    const disclosures = new Map<number, Uint8Array>()
    for (const [i, record] of records.entries()) if (record.disclosures) disclosures.set(from + i, record.disclosures)
    const beside = await this.#options.disclosures.seal(bundle, disclosures)
    return beside ? [entries, beside] : [entries]
  }

  #publicFile(tile: Omit<Tile, 'width'>, bytes: Uint8Array): StoredFile {
    const path = join(this.#options.publicDirectory, formatTilePath({ ...tile, width: TILE_WIDTH }))
    return { path, bytes, mode: SEALED_MODE }
  }
}

/**
 * Leaves of one bundle out of the write-ahead log, each compared with its hash in the tree, with what is beside them: what was
 * changed on the disk since is never sealed. A StoreError `damaged` names the first one that differs.
 */
export async function verifiedRecords(wal: Wal, tiles: Tiles, from: number, to: number) {
  const hashes = await tiles.read(0, Math.floor(from / TILE_WIDTH))
  const records = await wal.records(from, to)
  return records.map(({ leaf, disclosures }, i) => {
    if (leaf && isLeafOf(hashes, from + i, leaf)) return { leaf, disclosures }
    throw new StoreError('damaged', `leaf ${from + i} was changed in the write-ahead log`)
  })
}

/** Whether the level-0 tile commits to this leaf. */
export function isLeafOf(tile: Uint8Array, leafIndex: number, leaf: Uint8Array): boolean {
  const at = (leafIndex % TILE_WIDTH) * 32
  return Buffer.compare(tile.subarray(at, at + 32), leafHash(leaf)) === 0
}

/** Bundles that stand complete in files, from the one that holds leaf `from`. */
export async function countSealed(files: Files, publicDirectory: string, from: number): Promise<number> {
  let bundle = Math.ceil(from / TILE_WIDTH)
  while (await isSealed(files, publicDirectory, bundle)) bundle += 1
  return bundle
}

async function isSealed(files: Files, publicDirectory: string, bundle: number): Promise<boolean> {
  const hashes = join(publicDirectory, formatTilePath({ level: 0, index: bundle, width: TILE_WIDTH }))
  const entries = bundlePath(publicDirectory, bundle)
  if (!(await files.read(hashes))) return false
  return ((await files.read(entries)) ?? (await files.read(gzipPath(entries)))) !== undefined
}
