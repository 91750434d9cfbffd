/**
 * A copy of somebody else's log, in C2SP tlog-tiles layout. Every leaf in it was proven, before it was stored, to be under a
 * checkpoint that the log signed; so what is lost or changed over there can be fetched from here.
 *
 *     checkpoint        size and root hash of the copy, unsigned
 *     tile/0/000.p/7    tile/entries/000.p/7
 */

import { dirname, join } from 'node:path'
import { equal, type Digest } from '../bytes/digest.ts'
import { formatCheckpoint, parseCheckpoint } from '../tlog/checkpoint.ts'
import { hashText, leafHash } from '../tlog/hash.ts'
import {
  decodeBundle,
  encodeBundle,
  formatTilePath,
  parseTilePath,
  partialTiles,
  TILE_WIDTH,
  tileWidth,
  type Tile,
} from '../tlog/tile.ts'
import { stateFromTiles, Tree } from '../tlog/tree.ts'
import { readBundle } from './bundle.ts'
import { StoreError } from './error.ts'
import { diskFiles, type Files } from './file.ts'

export type Extension = { readonly outcome: 'extended' | 'conflict' | 'unproven'; readonly size: number }

/** A root hash that the tree must have when it is at that size. */
export interface Milestone {
  readonly size: number
  readonly rootHash: Digest
}

export interface Mirror {
  readonly size: number
  readonly rootHash: Digest
  /**
   * Appends leaves from leaf index `from` on: durable when it resolves with `extended`. `conflict` when the copy does not
   * end at `from`; `unproven` when `isProven` does not accept the new root, or the tree misses the milestone on its way.
   */
  extend(
    from: number,
    leaves: readonly Uint8Array[],
    isProven: (size: number, rootHash: Digest) => boolean,
    milestone?: Milestone,
  ): Promise<Extension>
  /** A C2SP tlog-tiles resource ('tile/0/000', 'tile/entries/000.p/5'); undefined for what the copy does not hold. */
  resource(path: string): Promise<Uint8Array | undefined>
}

/** A StoreError `damaged` when the files of the copy do not fit together. */
export async function openMirror(directory: string, origin: string, files: Files = diskFiles): Promise<Mirror> {
  await files.makeDirectory(directory, 0o700)
  const mirror = new MirrorDirectory(directory, origin, files)
  await mirror.load()
  return mirror
}

class MirrorDirectory implements Mirror {
  readonly #directory: string
  readonly #origin: string
  readonly #files: Files
  /** Full tiles of the extension that is under way. */
  #full: { readonly level: number; readonly index: number; readonly bytes: Uint8Array }[] = []
  readonly #tree = new Tree({ onTile: (level, index, bytes) => this.#full.push({ level, index, bytes }) })
  /** The leaves of the last, partial bundle. */
  #edge: readonly Uint8Array[] = []
  #turn: Promise<unknown> = Promise.resolve()

  constructor(directory: string, origin: string, files: Files) {
    this.#directory = directory
    this.#origin = origin
    this.#files = files
  }

  get size(): number {
    return this.#tree.size
  }

  get rootHash(): Digest {
    return this.#tree.root()
  }

  async load(): Promise<void> {
    const stored = await this.#files.read(join(this.#directory, 'checkpoint'))
    if (!stored) return
    try {
      const { origin, size, rootHash } = parseCheckpoint(stored.toString())
      const edges = new Map<number, Uint8Array>()
      for (const tile of partialTiles(size)) edges.set(tile.level, await this.#read(tile))
      this.#tree.restore(stateFromTiles(size, (level) => edges.get(level)!))
      const width = size % TILE_WIDTH
      const bundle: Tile = { level: 'entries', index: Math.floor(size / TILE_WIDTH), width }
      this.#edge = width === 0 ? [] : decodeBundle(await this.#read(bundle), width)
      if (origin === this.#origin && equal(rootHash, this.#tree.root())) return
    } catch {
      // Said below.
    }
    throw new StoreError(
      'damaged',
      `the copy in ${this.#directory} does not fit together; remove that directory, and the log will send it again`,
    )
  }

  async #read(tile: Tile): Promise<Uint8Array> {
    const path = join(this.#directory, formatTilePath(tile))
    const isBundle = tile.level === 'entries' && tile.width === TILE_WIDTH
    const bytes = isBundle ? (await readBundle(this.#files, path))?.bytes : await this.#files.read(path)
    if (!bytes) throw new StoreError('damaged', `${formatTilePath(tile)} is missing`)
    return bytes
  }

  extend(
    from: number,
    leaves: readonly Uint8Array[],
    isProven: (size: number, rootHash: Digest) => boolean,
    milestone?: Milestone,
  ): Promise<Extension> {
    const result = this.#turn.then(() => this.#extend(from, leaves, isProven, milestone))
    this.#turn = result.catch(() => {})
    return result
  }

  async #extend(
    from: number,
    leaves: readonly Uint8Array[],
    isProven: (size: number, rootHash: Digest) => boolean,
    milestone: Milestone | undefined,
  ): Promise<Extension> {
    if (from !== this.size) return { outcome: 'conflict', size: this.size }
    const before = this.#tree.save()
    this.#full = []
    const passes = this.#push(leaves, milestone)
    try {
      if (!passes || !isProven(this.size, this.#tree.root())) {
        this.#tree.restore(before)
        return { outcome: 'unproven', size: this.size }
      }
      await this.#store(from, [...this.#edge, ...leaves])
    } catch (error) {
      this.#tree.restore(before)
      throw error
    }
    return { outcome: 'extended', size: this.size }
  }

  #push(leaves: readonly Uint8Array[], milestone: Milestone | undefined): boolean {
    for (const leaf of leaves) {
      this.#tree.push(hashText(leafHash(leaf)))
      if (this.size === milestone?.size && !equal(this.#tree.root(), milestone.rootHash)) return false
    }
    return true
  }

  /** `leaves`: from the start of the bundle in which `from` stands. */
  async #store(from: number, leaves: readonly Uint8Array[]): Promise<void> {
    const directories = new Set<string>()
    const write = async (tile: Tile, bytes: Uint8Array) => directories.add(await this.#write(tile, bytes))
    for (const { level, index, bytes } of this.#full) await write({ level, index, width: TILE_WIDTH }, bytes)
    for (const { level, index, width } of partialTiles(this.size)) {
      await write({ level, index, width }, this.#tree.edge(level)!.bytes.subarray(0, width * 32))
    }
    const first = Math.floor(from / TILE_WIDTH)
    for (let at = 0; at < leaves.length; at += TILE_WIDTH) {
      const bundle = leaves.slice(at, at + TILE_WIDTH)
      await write({ level: 'entries', index: first + at / TILE_WIDTH, width: bundle.length }, encodeBundle(bundle))
    }
    for (const directory of directories) await this.#files.syncDirectory(directory)
    // Everything up to here is durable beside what was there; the copy grows by the next rename.
    const text = formatCheckpoint({ origin: this.#origin, size: this.size, rootHash: this.#tree.root() })
    await this.#files.replace(join(this.#directory, 'checkpoint'), Buffer.from(text), 0o600)
    await this.#files.syncDirectory(this.#directory)
    // Copies: these are views of a request's body.
    this.#edge = leaves.slice(leaves.length - (this.size % TILE_WIDTH)).map((leaf) => Uint8Array.from(leaf))
    await this.#removeOutgrown(from)
  }

  async #write(tile: Tile, bytes: Uint8Array): Promise<string> {
    const path = join(this.#directory, formatTilePath(tile))
    await this.#files.makeDirectory(dirname(path), 0o700)
    await this.#files.replace(path, bytes, 0o600)
    return dirname(path)
  }

  /** Partial tiles of the size before, unless they are partial tiles of this size, too. */
  async #removeOutgrown(from: number): Promise<void> {
    const kept = new Set(partialTiles(this.size).map(formatTilePath))
    for (const tile of partialTiles(from).filter((old) => !kept.has(formatTilePath(old)))) {
      await this.#files.remove(join(this.#directory, formatTilePath(tile)))
      if (tile.level === 0)
        await this.#files.remove(join(this.#directory, formatTilePath({ ...tile, level: 'entries' })))
    }
  }

  resource(path: string): Promise<Uint8Array | undefined> {
    const result = this.#turn.then(() => this.#resource(path))
    this.#turn = result.catch(() => {})
    return result
  }

  async #resource(path: string): Promise<Uint8Array | undefined> {
    const tile = parseTilePath(path)
    if (!tile) return undefined
    const width = tileWidth(tile.level === 'entries' ? 0 : tile.level, tile.index, this.size)
    if (tile.width > width) return undefined
    const bytes = await this.#read({ ...tile, width })
    if (tile.level !== 'entries') return bytes.subarray(0, tile.width * 32)
    return tile.width === width ? bytes : encodeBundle(decodeBundle(bytes, width).slice(0, tile.width))
  }
}
