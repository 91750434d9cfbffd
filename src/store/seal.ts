/**
 * Sealing: full bundles of 256 leaves and full tiles become read-only files under their C2SP names, and the write-ahead
 * log forgets them. Sealing happens behind the answers: a crash in the middle repeats it.
 */

import { basename, dirname, join } from 'node:path'
import { leafHash } from '../tlog/hash.ts'
import { encodeBundle, formatTilePath, TILE_WIDTH, type Tile } from '../tlog/tile.ts'
import { bundlePath, gzipPath } from './bundle.ts'
import { GROUP_BUNDLES, type Disclosures } from './disclosure.ts'
import { StoreError } from './error.ts'
import type { Files, StoredFile } from './file.ts'
import type { Tiles } from './tiles.ts'
import type { Wal } from './wal.ts'

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
      // Bundles whose disclosures can share a file also share one round of directory syncs.
      const group = (Math.floor(this.#bundles / GROUP_BUNDLES) + 1) * GROUP_BUNDLES
      await this.#sealRound(Math.min(full, group))
      await onRound()
    }
  }

  async #sealRound(to: number): Promise<void> {
    const entries: StoredFile[] = []
    const disclosures = new Map<number, Uint8Array>()
    for (let bundle = this.#bundles; bundle < to; bundle += 1) entries.push(await this.#sealBundle(bundle, disclosures))
    await this.#store(await this.#options.disclosures.seal(this.#bundles, to, disclosures), 0o700)
    // Nothing says yet that these leaves are sealed: a crash now is clean, because theirs are taken from the log again.
    const tiles = this.#tiles.unsealed(to * TILE_WIDTH)
    const sealed = [...entries, ...tiles.map(({ level, index, bytes }) => this.#publicFile({ level, index }, bytes))]
    await this.#store(sealed, PUBLIC_DIRECTORY_MODE)
    // Everything up to here has its final name on the disk; from here on it is read from there, and the log may forget it.
    this.#bundles = to
    this.#tiles.sealed(to * TILE_WIDTH)
    await this.#removePartials(sealed)
    await this.#wal.recycle(to * TILE_WIDTH)
  }

  /** tlog-tiles: logs "MAY delete any partial tile once the corresponding full tile is available". */
  async #removePartials(sealed: readonly StoredFile[]): Promise<void> {
    const { files } = this.#options
    for (const [directory, within] of Map.groupBy(sealed, ({ path }) => dirname(path))) {
      // Few have one: a look at the directory is cheaper than a try for each.
      const names = new Set(await files.list(directory))
      for (const { path } of within) if (names.has(`${basename(path)}.p`)) await files.remove(`${path}.p`)
    }
  }

  async #store(sealed: readonly StoredFile[], directoryMode: number): Promise<void> {
    const { files } = this.#options
    const directories = new Set(sealed.map(({ path }) => dirname(path)))
    for (const directory of directories) await files.makeDirectory(directory, directoryMode)
    await files.replaceAll(sealed)
    for (const directory of directories) await files.syncDirectory(directory)
  }

  /** The file of one bundle; what is beside its leaves goes to the others. */
  async #sealBundle(bundle: number, disclosures: Map<number, Uint8Array>): Promise<StoredFile> {
    const [from, to] = [bundle * TILE_WIDTH, (bundle + 1) * TILE_WIDTH]
    const records = await verifiedRecords(this.#wal, this.#tiles, from, to)
    for (const [i, record] of records.entries()) if (record.disclosures) disclosures.set(from + i, record.disclosures)
    return this.#publicFile({ level: 'entries', index: bundle }, encodeBundle(records.map(({ leaf }) => leaf)))
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

/** Bundles that stand complete in files, from the one that holds leaf `from`: a file has its name once all of it is on the disk. */
export async function countSealed(files: Files, publicDirectory: string, from: number): Promise<number> {
  const directories = new Map<string, Promise<ReadonlySet<string>>>()
  const isThere = async (path: string) => {
    const directory = dirname(path)
    const names = directories.get(directory) ?? files.list(directory).then((found) => new Set(found))
    directories.set(directory, names)
    return (await names).has(basename(path))
  }
  let bundle = Math.ceil(from / TILE_WIDTH)
  while (await isSealed(publicDirectory, bundle, isThere)) bundle += 1
  return bundle
}

async function isSealed(publicDirectory: string, bundle: number, isThere: (path: string) => Promise<boolean>) {
  const hashes = join(publicDirectory, formatTilePath({ level: 0, index: bundle, width: TILE_WIDTH }))
  const entries = bundlePath(publicDirectory, bundle)
  return (await isThere(hashes)) && ((await isThere(entries)) || (await isThere(gzipPath(entries))))
}
