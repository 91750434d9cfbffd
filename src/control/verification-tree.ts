/**
 * Each stored copy of each leaf hash against the others and against the signed roots. Where copies differ, the one that fits the
 * tree above it is believed, and the others are named.
 */

import { equal, type Digest } from '../bytes/digest.ts'
import type { Checkpoint } from '../tlog/checkpoint.ts'
import { hashText, leafHash, type HashText } from '../tlog/hash.ts'
import { partialTiles, TILE_BYTES, TILE_WIDTH, tileWidth } from '../tlog/tile.ts'
import { foldHashes, Tree } from '../tlog/tree.ts'
import { readTile, splitEntries, type StoredLeaf, type StoredLog } from '../store/stored.ts'
import type { StoredWal } from '../store/stored-wal.ts'
import type { VerifyFinding } from './verification-source.ts'
import { meaningOf } from './verification-content.ts'

export interface CheckedLeaf {
  readonly leafIndex: number
  /** A copy that the tree commits to; undefined when every copy was changed. */
  readonly stored: StoredLeaf | undefined
}

export interface Extent {
  readonly size: number
  readonly publishedSize: number
}

type Report = (finding: VerifyFinding) => void
/** Hashes of one bundle by one source, undefined where it has none. */
type Column = readonly (HashText | undefined)[]

type Place = { readonly file: string; readonly offset?: number }

interface Bundle {
  readonly first: number
  readonly count: number
  readonly entries: ReadonlyMap<number, StoredLeaf>
  readonly fromEntries: Column
  readonly fromWal: Column
  readonly fromTile: Column
  readonly tileFile: string | undefined
  readonly entriesFile: string | undefined
}

export class TreeCheck {
  readonly #log: StoredLog
  readonly #wal: StoredWal
  readonly #extent: Extent
  readonly #report: Report
  readonly #tree: Tree
  readonly #milestones: ReadonlySet<number>
  readonly #roots = new Map<number, Digest>()
  readonly #expected: ReadonlyMap<number, Digest>
  #full: { readonly level: number; readonly index: number; readonly bytes: Uint8Array }[] = []
  tiles = 0

  constructor(log: StoredLog, wal: StoredWal, extent: Extent, checkpoints: readonly Checkpoint[], report: Report) {
    this.#log = log
    this.#wal = wal
    this.#extent = extent
    this.#report = report
    this.#milestones = new Set(checkpoints.map(({ size }) => size))
    this.#expected = new Map(checkpoints.map(({ size, rootHash }) => [size, rootHash]))
    this.#tree = new Tree({ onTile: (level, index, bytes) => this.#full.push({ level, index, bytes }) })
    this.#roots.set(0, this.#tree.root())
  }

  get size(): number {
    return this.#tree.size
  }

  /** The size that it has when every leaf was read. */
  get endSize(): number {
    return this.#extent.size
  }

  get rootHash(): Digest {
    return this.#tree.root()
  }

  /** Every leaf in order; reports what differs on the way. */
  async *leaves(): AsyncGenerator<CheckedLeaf> {
    const { size } = this.#extent
    for (let first = 0; first < size; first += TILE_WIDTH) {
      const bundle = await this.#readBundle(first, Math.min(TILE_WIDTH, size - first))
      const trusted = await this.#resolve(bundle)
      this.#compare(bundle, trusted)
      for (let i = 0; i < bundle.count; i += 1)
        yield { leafIndex: first + i, stored: this.#copyOf(bundle, i, trusted[i]) }
      if (!(await this.#push(trusted))) return
    }
  }

  async #readBundle(first: number, count: number): Promise<Bundle> {
    const index = first / TILE_WIDTH
    const width = Math.max(0, Math.min(TILE_WIDTH, this.#extent.publishedSize - first)) || TILE_WIDTH
    const entriesTile = await readTile(this.#log, 'entries', index, width)
    if (entriesTile && !entriesTile.isWhole)
      this.#report({ leafIndex: first, file: entriesTile.file, problem: 'the gzip file of a bundle was changed' })
    const entries = entriesTile ? splitEntries(entriesTile, first, TILE_WIDTH) : new Map<number, StoredLeaf>()
    const tile = await readTile(this.#log, 0, index, width)
    const indexes = Array.from({ length: count }, (_, i) => first + i)
    const hashOf = (leaf: StoredLeaf | undefined) => leaf && hashText(leafHash(leaf.bytes))
    return {
      first,
      count,
      entries,
      entriesFile: entriesTile?.file,
      tileFile: tile?.file,
      fromEntries: indexes.map((leafIndex) => hashOf(entries.get(leafIndex))),
      fromWal: indexes.map((leafIndex) => hashOf(this.#wal.leaves.get(leafIndex))),
      fromTile: indexes.map((_, i) => hashAt(tile?.bytes, i)),
    }
  }

  /** The hashes that the tree above commits to, as far as that can be told. */
  async #resolve({ first, count, fromTile, fromEntries, fromWal }: Bundle): Promise<(HashText | undefined)[]> {
    const columns = [fromEntries, fromWal, fromTile]
    const likely = Array.from({ length: count }, (_, i) => mostly(columns.map((column) => column[i])))
    const isEasy = likely.every((hash, i) => columns.every((column) => column[i] === undefined || column[i] === hash))
    if (isEasy) return likely
    // A copy that is not complete takes the rest from what most say.
    const candidates = [likely, ...columns.map((column) => likely.map((hash, i) => column[i] ?? hash))]
    for (const candidate of candidates) if (await this.#fits(candidate, first)) return candidate
    return likely
  }

  async #fits(candidate: readonly (HashText | undefined)[], first: number): Promise<boolean> {
    if (candidate.some((hash) => hash === undefined)) return false
    const before = this.#tree.save()
    try {
      let signedUpTo = 0
      for (const [i, hash] of candidate.entries()) {
        this.#tree.push(hash!)
        const expected = this.#expected.get(first + i + 1)
        if (expected && !equal(expected, this.#tree.root())) return false
        if (expected) signedUpTo = i + 1
      }
      return signedUpTo === candidate.length || (await this.#isUnderParent(candidate as readonly HashText[], first))
    } finally {
      this.#full = []
      this.#tree.restore(before)
    }
  }

  async #isUnderParent(hashes: readonly HashText[], first: number): Promise<boolean> {
    const index = first / TILE_WIDTH
    const above = Math.floor(index / TILE_WIDTH)
    const width = tileWidth(1, above, this.#extent.publishedSize)
    const parent = width > index % TILE_WIDTH ? await readTile(this.#log, 1, above, width) : undefined
    const own = Buffer.from(hashes.join(''), 'latin1')
    return own.length === TILE_BYTES && hashAt(parent?.bytes, index % TILE_WIDTH) === foldHashes(own, 0, TILE_WIDTH)
  }

  #copyOf({ first, entries, fromEntries, fromWal }: Bundle, i: number, trusted: HashText | undefined) {
    if (trusted === undefined) return undefined
    if (fromWal[i] === trusted) return this.#wal.leaves.get(first + i)
    return fromEntries[i] === trusted ? entries.get(first + i) : undefined
  }

  #compare(bundle: Bundle, trusted: readonly (HashText | undefined)[]): void {
    const { first, count, entries, fromEntries, fromWal, fromTile, tileFile, entriesFile } = bundle
    const { publishedSize } = this.#extent
    for (let i = 0; i < count; i += 1) {
      const leafIndex = first + i
      const anyCopy = () => entries.get(leafIndex) ?? this.#wal.leaves.get(leafIndex)
      const tell = () => told(leafIndex, this.#copyOf(bundle, i, trusted[i]) ?? anyCopy())
      const isInWal = this.#wal.start !== undefined && leafIndex >= this.#wal.start && leafIndex < this.#wal.size
      if (isInWal)
        this.#compareCopy(tell, this.#wal.leaves.get(leafIndex), fromWal[i], trusted[i], this.#breakAt(leafIndex))
      if (leafIndex < publishedSize || fromEntries[i] !== undefined)
        this.#compareCopy(
          tell,
          entries.get(leafIndex),
          fromEntries[i],
          trusted[i],
          entriesFile === undefined ? undefined : { file: entriesFile },
        )
      if ((leafIndex < publishedSize || fromTile[i] !== undefined) && fromTile[i] !== trusted[i])
        this.#report({
          ...tell(),
          problem: 'the stored hash of the leaf was changed',
          ...(tileFile && { file: tileFile, offset: i * 32 }),
        })
    }
    if (tileFile !== undefined) this.tiles += 1
  }

  /** Where the write-ahead log has something in the place of this leaf that is no record. */
  #breakAt(leafIndex: number): Place | undefined {
    const found = this.#wal.breaks.find((each) => each.leafIndex === leafIndex)
    return found && { file: found.file, offset: found.offset }
  }

  #compareCopy(
    tell: () => Pick<VerifyFinding, 'leafIndex' | 'meaning'>,
    stored: StoredLeaf | undefined,
    hash: HashText | undefined,
    trusted: HashText | undefined,
    elsewhere: Place | undefined,
  ): void {
    if (hash !== undefined && hash === trusted) return
    const place = stored ? { file: stored.file, offset: stored.offset } : elsewhere
    this.#report({
      ...tell(),
      ...place,
      problem: stored ? 'the leaf was changed' : 'the leaf is missing or cannot be read',
    })
  }

  /** False when a hash is unknown: nothing behind it can be compared any more. */
  async #push(hashes: readonly (HashText | undefined)[]): Promise<boolean> {
    for (const hash of hashes) {
      if (hash === undefined) return false
      this.#tree.push(hash)
      if (this.#milestones.has(this.size)) this.#roots.set(this.size, this.#tree.root())
      if (this.size === this.#extent.publishedSize) await this.#compareEdges()
    }
    const full = this.#full.filter(({ level }) => level > 0)
    this.#full = []
    for (const { level, index, bytes } of full) await this.#compareTile(level, index, TILE_WIDTH, bytes)
    return true
  }

  async #compareEdges(): Promise<void> {
    for (const { level, index, width } of partialTiles(this.size)) {
      if (level > 0) await this.#compareTile(level, index, width, this.#tree.edge(level)!.bytes)
    }
  }

  async #compareTile(level: number, index: number, width: number, bytes: Uint8Array): Promise<void> {
    const stored = await readTile(this.#log, level, index, width)
    this.tiles += 1
    if (stored && equal(stored.bytes.subarray(0, width * 32), bytes.subarray(0, width * 32))) return
    const problem = stored ? 'a hash tile was changed' : 'a hash tile is missing'
    this.#report({ problem: `${problem}: level ${level}, number ${index}`, ...(stored && { file: stored.file }) })
  }

  /** Whether the stored leaves are those that were signed, at every size that was. */
  compareRoots(
    signed: readonly { readonly file: string; readonly offset?: number; readonly checkpoint: Checkpoint }[],
  ): void {
    let lastGood = 0
    for (const { file, offset, checkpoint } of signed.toSorted((a, b) => a.checkpoint.size - b.checkpoint.size)) {
      const { size, rootHash } = checkpoint
      const root = this.#roots.get(size)
      if (root && equal(root, rootHash)) {
        lastGood = size
        continue
      }
      const problem = root
        ? `the stored leaves are not those of the checkpoint at ${size}: leaves ${lastGood} to ${size - 1} or the checkpoint were changed`
        : `the checkpoint at ${size} leaves cannot be compared: the stored leaves end before`
      return this.#report({ problem, file, ...(offset !== undefined && { offset }) })
    }
  }
}

function told(leafIndex: number, stored: StoredLeaf | undefined): Pick<VerifyFinding, 'leafIndex' | 'meaning'> {
  const meaning = meaningOf(stored)
  return { leafIndex, ...(meaning !== undefined && { meaning }) }
}

function hashAt(tile: Buffer | undefined, i: number): HashText | undefined {
  return tile && tile.length >= i * 32 + 32 ? tile.toString('latin1', i * 32, i * 32 + 32) : undefined
}

/** What two sources agree on, else what the first one says that says anything. */
function mostly(hashes: readonly (HashText | undefined)[]): HashText | undefined {
  const known = hashes.filter((hash) => hash !== undefined)
  return known.find((hash, i) => known.indexOf(hash) !== i) ?? known[0]
}
