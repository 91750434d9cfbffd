/**
 * A second copy of a log in a directory that any static server can serve. Every leaf in it hashes to the tree under the checkpoint beside
 * it, that checkpoint was signed by the log, and the copy before it is a past of it: a log that shows two histories is refused.
 */

import { dirname, join } from 'node:path'
import { equal, type Digest } from '../bytes/digest.ts'
import { bundlePath, readBundle } from '../store/bundle.ts'
import { followRotations } from '../domain/rotation.ts'
import { attempt } from '../evidence/refusal.ts'
import { reasonOf, StoreError } from '../store/error.ts'
import { diskFiles, type StoredFile } from '../store/file.ts'
import { PUBLIC_DIRECTORY_MODE, SEALED_MODE } from '../store/seal.ts'
import { splitEntries } from '../store/stored.ts'
import { openCheckpoint, parseCheckpoint, type Checkpoint } from '../tlog/checkpoint.ts'
import { hashText, leafHash } from '../tlog/hash.ts'
import type { VerifierKey } from '../tlog/key.ts'
import { parseNote } from '../tlog/note.ts'
import { encodeBundle, formatTilePath, partialTiles, TILE_BYTES, TILE_WIDTH, type Tile } from '../tlog/tile.ts'
import { stateFromTiles, Tree } from '../tlog/tree.ts'
import type { TileSource } from './tile-source.ts'

export interface TileCopyOptions {
  readonly source: TileSource
  /** The directory of the copy; made when absent, continued where one is. */
  readonly to: string
  /** One of these must have signed; the name of the first is the origin. */
  readonly keys: readonly VerifierKey[]
  readonly onProgress?: (done: number, total: number) => void
}

export interface Copied {
  readonly origin: string
  readonly treeSize: number
  readonly rootHash: Digest
  /** What the copy held before. */
  readonly previousSize: number
  /** Bundles that came from the source; others were there from a run that was interrupted. */
  readonly bundlesFetched: number
}

const MAX_WAITING = 32
/** Hash tiles stand here until their root was compared with the signed one. */
const INCOMING = 'incoming'

/**
 * Brings the copy to the size of the source, or leaves it as it was and rejects with a StoreError: `rolled_back` when source and copy
 * are two histories, `damaged` when either has other bytes than were signed, `absent` when the source lacks something.
 */
export async function copyTiles(options: TileCopyOptions): Promise<Copied> {
  const { source, to, keys } = options
  const note = await source.checkpoint()
  const next = openNext(note, [...keys, ...(await followed(source, note, keys))])
  await diskFiles.makeDirectory(to, PUBLIC_DIRECTORY_MODE)
  const previous = await readPrevious(to)
  if (previous && previous.origin !== next.origin)
    throw new StoreError('damaged', `${to} is a copy of ${previous.origin}; use another directory for ${next.origin}`)
  const copy = new TileCopy(options, note, next, previous)
  if (previous && previous.size > next.size) await copy.requirePast()
  else await copy.run()
  const { origin, size, rootHash } = previous && previous.size > next.size ? previous : next
  const { bundlesFetched } = copy
  return { origin, treeSize: size, rootHash, previousSize: previous?.size ?? 0, bundlesFetched }
}

/** Keys that replaced the ones that were named, as far as those vouch for them. */
async function followed(source: TileSource, note: Uint8Array, keys: readonly VerifierKey[]): Promise<VerifierKey[]> {
  const isKnown = attempt(() => openCheckpoint(note, keys[0]!.name, keys)) !== undefined
  if (isKnown) return []
  const look = async (path: string) => {
    const bytes = await source.file(path)
    return bytes && Buffer.from(bytes).toString()
  }
  const chains = keys.map((key) => followRotations(key, look).catch(() => []))
  return (await Promise.all(chains)).flat()
}

function openNext(note: Uint8Array, keys: readonly VerifierKey[]): Checkpoint {
  try {
    return openCheckpoint(note, keys[0]!.name, keys)
  } catch (error) {
    throw new StoreError(
      'damaged',
      `the checkpoint of the source is not one of ${keys[0]!.name}: ${reasonOf(error)}; if its key was replaced, name the new one: --log-key`,
    )
  }
}

async function readPrevious(to: string): Promise<Checkpoint | undefined> {
  const note = await diskFiles.read(join(to, 'checkpoint'))
  if (!note) return undefined
  try {
    return parseCheckpoint(parseNote(note).text)
  } catch (error) {
    throw new StoreError('damaged', `${join(to, 'checkpoint')} cannot be read: ${reasonOf(error)}`)
  }
}

class TileCopy {
  readonly #options: TileCopyOptions
  readonly #next: Checkpoint
  readonly #previous: Checkpoint | undefined
  readonly #note: Uint8Array
  #waiting: StoredFile[] = []
  #staged: string[] = []
  bundlesFetched = 0

  constructor(options: TileCopyOptions, note: Uint8Array, next: Checkpoint, previous: Checkpoint | undefined) {
    this.#options = options
    this.#note = note
    this.#next = next
    this.#previous = previous
  }

  /** A source that is behind must be a past of what is here. */
  async requirePast(): Promise<void> {
    const tree = await this.#treeAt(this.#next.size)
    if (!equal(tree.root(), this.#next.rootHash)) throw await this.#fork()
  }

  async run(): Promise<void> {
    const from = this.#previous?.size ?? 0
    if (!(await this.#copyHashes(from, true)) && !(await this.#copyHashes(from, false))) throw await this.#fork()
    await this.#moveIn()
    // What was fetched stays, also where the source breaks off.
    await this.#copyBundles(from).finally(() => this.#flush())
    // Everything that the checkpoint needs is durable; from here on it may be shown.
    await diskFiles.replace(this.#path('checkpoint'), this.#note, 0o644)
    await diskFiles.syncDirectory(this.#options.to)
    await this.#removeOutgrown(from)
  }

  /** The hash tiles, from where the copy ends. False when they do not lead to the signed root; leftovers of an earlier run may be why. */
  async #copyHashes(from: number, useLeftovers: boolean): Promise<boolean> {
    this.#staged = []
    const tree = await this.#treeAt(from)
    if (this.#previous && !equal(tree.root(), this.#previous.rootHash))
      throw new StoreError(
        'damaged',
        `the copy in ${this.#options.to} was changed; see countersign verify, and copy anew`,
      )
    const { size, rootHash } = this.#next
    for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < size; index += 1) {
      const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH)
      const hashes = await this.#hashes(index, width, useLeftovers)
      const known = tree.size - index * TILE_WIDTH
      const edge = tree.edge(0)
      if (known > 0 && !equal(hashes.subarray(0, known * 32), edge!.bytes.subarray(0, known * 32))) return false
      for (let at = known; at < width; at += 1) tree.push(hashText(hashes.subarray(at * 32, at * 32 + 32)))
      if (this.#waiting.length >= MAX_WAITING) await this.#flush()
    }
    if (!equal(tree.root(), rootHash)) return false
    for (const tile of partialTiles(size)) this.#stage(tile, tree.edge(tile.level)!.bytes.subarray(0, tile.width * 32))
    await this.#flush()
    return true
  }

  async #hashes(index: number, width: number, useLeftovers: boolean): Promise<Uint8Array> {
    const tile = { level: 0, index, width }
    const own =
      useLeftovers && width === TILE_WIDTH ? ((await this.#staging(tile)) ?? (await this.#own(tile))) : undefined
    if (own?.length === TILE_BYTES) return own
    const bytes = await this.#options.source.tile(0, index, width)
    if (bytes && bytes.length >= width * 32) return bytes.subarray(0, width * 32)
    throw new StoreError('absent', `the source lacks ${formatTilePath(tile)}`)
  }

  async #copyBundles(from: number): Promise<void> {
    const { size } = this.#next
    for (let first = from - (from % TILE_WIDTH); first < size; first += TILE_WIDTH) {
      await this.#copyBundle(first / TILE_WIDTH)
      this.#options.onProgress?.(Math.min(first + TILE_WIDTH, size), size)
    }
  }

  /** Every leaf is compared with its hash, which the signed root covers; also those that were here already. */
  async #copyBundle(index: number): Promise<void> {
    const width = Math.min(TILE_WIDTH, this.#next.size - index * TILE_WIDTH)
    const hashes = (await this.#own({ level: 0, index, width }))!
    const tile = { level: 'entries', index, width } as const
    const own = await this.#ownBundle(tile)
    if (own && isBundleOf(own, hashes, width)) return
    const bytes = await this.#options.source.tile('entries', index, width)
    if (!bytes) throw new StoreError('absent', `the source lacks ${formatTilePath(tile)}`)
    const leaves = leavesOf(bytes, width)
    const bundle = encodeBundle(leaves)
    if (!isBundleOf(bundle, hashes, width))
      throw new StoreError('damaged', `the source has other leaves in ${formatTilePath(tile)} than it signed`)
    this.bundlesFetched += 1
    this.#put(tile, bundle)
    if (this.#waiting.length >= MAX_WAITING) await this.#flush()
  }

  /** The tree over what is in the copy, at a size that it reaches. */
  async #treeAt(size: number): Promise<Tree> {
    const edges = new Map<string, Uint8Array>()
    for (const { level, index, width } of partialTiles(size)) {
      const bytes = (await this.#own({ level, index, width: TILE_WIDTH })) ?? (await this.#edgeOf(level, index, width))
      if (!bytes || bytes.length < width * 32)
        throw new StoreError('damaged', `the copy in ${this.#options.to} lacks tiles; copy anew into another directory`)
      edges.set(`${level}/${index}`, bytes)
    }
    const tree = new Tree({ onTile: (level, index, bytes) => this.#stage({ level, index, width: TILE_WIDTH }, bytes) })
    tree.restore(stateFromTiles(size, (level, index) => edges.get(`${level}/${index}`)!))
    return tree
  }

  /** A partial tile that is at least that wide. */
  async #edgeOf(level: number, index: number, width: number): Promise<Uint8Array | undefined> {
    const known = this.#previous ? partialTiles(this.#previous.size).find((tile) => tile.level === level) : undefined
    const widest = known?.index === index ? Math.max(known.width, width) : width
    return this.#own({ level, index, width: widest })
  }

  #own(tile: Tile): Promise<Uint8Array | undefined> {
    return diskFiles.read(this.#path(formatTilePath(tile)))
  }

  async #ownBundle(tile: Tile): Promise<Uint8Array | undefined> {
    if (tile.width < TILE_WIDTH) return this.#own(tile)
    return (await readBundle(diskFiles, bundlePath(this.#options.to, tile.index)))?.bytes
  }

  #staging(tile: Tile): Promise<Uint8Array | undefined> {
    return diskFiles.read(join(this.#path(INCOMING), formatTilePath(tile)))
  }

  #stage(tile: Tile, bytes: Uint8Array): void {
    const path = formatTilePath(tile)
    this.#staged.push(path)
    this.#waiting.push({ path: join(this.#path(INCOMING), path), bytes: Uint8Array.from(bytes), mode: SEALED_MODE })
  }

  /** They lead to the signed root: each may stand where it is served. */
  async #moveIn(): Promise<void> {
    const directories = new Set(this.#staged.map((path) => dirname(this.#path(path))))
    for (const directory of directories) await diskFiles.makeDirectory(directory, PUBLIC_DIRECTORY_MODE)
    for (const path of this.#staged) await diskFiles.rename(join(this.#path(INCOMING), path), this.#path(path))
    for (const directory of directories) await diskFiles.syncDirectory(directory)
    await diskFiles.remove(this.#path(INCOMING))
  }

  #put(tile: Tile, bytes: Uint8Array): void {
    this.#waiting.push({ path: this.#path(formatTilePath(tile)), bytes: Uint8Array.from(bytes), mode: SEALED_MODE })
  }

  async #flush(): Promise<void> {
    const files = this.#waiting
    this.#waiting = []
    const directories = new Set(files.map(({ path }) => dirname(path)))
    for (const directory of directories) await diskFiles.makeDirectory(directory, PUBLIC_DIRECTORY_MODE)
    await diskFiles.replaceAll(files)
    for (const directory of directories) await diskFiles.syncDirectory(directory)
  }

  /** tlog-tiles: logs "MAY delete any partial tile once the corresponding full tile is available". */
  async #removeOutgrown(from: number): Promise<void> {
    for (const { level, index } of partialTiles(from)) {
      if ((index + 1) * TILE_WIDTH ** (level + 1) > this.#next.size) continue
      for (const each of level === 0 ? ([0, 'entries'] as const) : [level])
        await diskFiles.remove(this.#path(`${formatTilePath({ level: each, index, width: TILE_WIDTH })}.p`))
    }
  }

  #path(path: string): string {
    return join(this.#options.to, path)
  }

  /** What a stranger would call a lie is kept: two signed checkpoints that cannot both be true. */
  async #fork(): Promise<StoreError> {
    const { origin, size } = this.#next
    await diskFiles.remove(this.#path(INCOMING))
    if (!this.#previous)
      return new StoreError(
        'damaged',
        `the hashes of the source do not lead to the root that ${origin} signed at ${size} leaves`,
      )
    await diskFiles.replace(this.#path('fork'), this.#note, 0o644)
    await diskFiles.syncDirectory(this.#options.to)
    return new StoreError(
      'rolled_back',
      `the source shows ${size} leaves of ${origin} that are not the history that this copy holds up to ${this.#previous?.size ?? 0}. Its checkpoint is kept as ${this.#path('fork')}: together they prove that two histories were signed`,
    )
  }
}

function leavesOf(bytes: Uint8Array, width: number): Uint8Array[] {
  const tile = { file: '', bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) }
  return [...splitEntries(tile, 0, width).values()].map((leaf) => leaf.bytes)
}

function isBundleOf(bundle: Uint8Array, hashes: Uint8Array, width: number): boolean {
  const leaves = leavesOf(bundle, width)
  return leaves.length === width && equal(Buffer.concat(leaves.map(leafHash)), hashes.subarray(0, width * 32))
}
