/**
 * The log: what it has acknowledged is on the disk, in order, and provable; nobody can change it unseen.
 *
 *     lock, owner        one process
 *     meta.json          format and origin, written once
 *     wal/               the newest leaves with their disclosures
 *     disclosures/       those of sealed leaves, erasable
 *     cosigned           the latest checkpoint that witnesses signed
 *     public/            C2SP tlog-tiles: what any static server may serve
 *       checkpoint
 *       tile/0/000  tile/1/000.p/1  tile/entries/000 or tile/entries/000.gz
 */

import { join } from 'node:path'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Digest } from '../bytes/digest.ts'
import { isRotationPath } from '../domain/rotation.ts'
import type { Signer } from '../tlog/key.ts'
import { consistencyRanges, inclusionRanges, type Range } from '../tlog/proof.ts'
import { encodeBundle, parseTilePath, TILE_WIDTH, tileWidth } from '../tlog/tile.ts'
import type { Entry } from './batch.ts'
import type { Erasing } from './disclosure.ts'
import { StoreError } from './error.ts'
import type { Head } from './head.ts'
import { openParts, type LogOptions, type LogParts } from './open.ts'
import { repairLeaf } from './repair.ts'
import { scrubAll, type Finding } from './scrub.ts'
import { isStampPath } from './stamps.ts'
import type { Appended } from './writer.ts'

export type { Appended, Finding, Head, LogOptions }

export interface Log extends AsyncDisposable {
  readonly origin: string
  /** Leaves assigned so far, some perhaps not durable yet. */
  readonly size: number
  /** The latest durable signed checkpoint. */
  readonly head: Head
  /** Undefined, or why appending (or sealing behind it) fails right now: one sentence. */
  readonly trouble: string | undefined
  /**
   * Takes the next leaf index at once, in call order; copies the bytes. Throws a StoreError when it takes none: `busy` (8,192
   * leaves or 64 MiB wait), `unwritable` (a LogUnwritable), `size` (a leaf is 1 to 65,535 bytes, disclosures at most 256 KiB)
   * or `closed`. `durable` resolves after write and sync of the group commit, with the head that first covers the leaf, or
   * rejects with LogUnwritable; then every leaf from that index on is gone and listeners of `onRollback` were told.
   */
  append(leaf: Uint8Array, disclosures?: Uint8Array): Appended
  /** The same for 1 to 1,024 leaves in their order: all are taken or none, and they become durable together, or none does. */
  appendAll(entries: readonly Entry[]): Appended
  /** Called with the durable size after a failed write, before the promises of lost leaves reject. Returns its own end. */
  onRollback(listener: (durableSize: number) => void): () => void
  /** A durable leaf; a StoreError `absent` beyond the head, `damaged` when stored bytes are not as committed. */
  leaf(leafIndex: number): Promise<Uint8Array>
  /** Durable leaves `from` to `to` (excluded), which may be beyond the head: then it ends there. */
  leaves(from: number, to: number): AsyncIterable<{ readonly leafIndex: number; readonly leaf: Uint8Array }>
  /** Undefined when there were none, or they are erased. */
  disclosures(leafIndex: number): Promise<Uint8Array | undefined>
  /**
   * Erases the disclosures of durable leaves from every file, but for what is said to be left of each; resolves when that is
   * durable. Safe to repeat after a crash.
   */
  eraseDisclosures(leaves: Erasing): Promise<void>
  /** RFC 6962 PATH, leaf to root. `treeSize` at most head.size, else a RangeError. */
  inclusionProof(leafIndex: number, treeSize: number): Promise<Digest[]>
  /** The same at once, where the tiles are in memory: always for the newest 256 leaves at the head. */
  inclusionProofNow(leafIndex: number, treeSize: number): Digest[] | undefined
  consistencyProof(oldSize: number, newSize: number): Promise<Digest[]>
  rootAt(size: number): Promise<Digest>
  /** A C2SP tlog-tiles resource ('checkpoint', 'tile/0/000.p/5', 'tile/entries/000'), 'checkpoints/42.tsr' or a rotation; undefined when absent. */
  resource(path: string): Promise<Uint8Array | undefined>
  /** A full entry bundle ('tile/entries/000') as a gzip file, where it is stored as one and is as committed; else undefined. */
  gzipped(path: string): Promise<Uint8Array | undefined>
  /** The latest checkpoint with cosignatures, a signed note. */
  readonly cosigned: string | undefined
  /**
   * Keeps cosignature lines (already verified by the caller) on a checkpoint of this log, given as its signed note. The
   * latest cosigned checkpoint is what 'checkpoint' serves from then on. A StoreError for a note that is not of this tree.
   */
  addCosignatures(note: string, lines: string): Promise<void>
  /**
   * Later checkpoints are signed with this key, and with `overlapping` as well if there is one; put former ones into `formerKeys` at
   * the next start.
   */
  useSigner(signer: Signer, overlapping?: Signer): void
  /** Compares every stored byte with the tree once; yields what differs. */
  scrubOnce(): AsyncIterable<Finding>
  /**
   * The same again and again until the signal aborts, `intervalMs` (1,000 unless said) after each pass, using at most a
   * fifth of one core. What is not repaired is found in every pass.
   */
  scrub(signal: AbortSignal, intervalMs?: number): AsyncIterable<Finding>
  /**
   * Puts a changed leaf back wherever it is stored, with the hashes over it; durable when it resolves. A StoreError
   * `damaged` when the tree does not commit to this leaf there. `bundle`: all 256 leaves of its bundle, if they are at hand,
   * for one of which no more than the beginning can be read.
   */
  repair(leafIndex: number, leaf: Uint8Array, bundle?: readonly Uint8Array[]): Promise<void>
  /** Seals and publishes everything durable now. */
  flush(): Promise<void>
  /** Resolves when all that was accepted is durable (or rejected), sealed and published. */
  close(): Promise<void>
}

/**
 * Opens the log in a directory, or creates it there when the directory is empty or absent. A StoreError: `locked` (names the
 * process), `rolled_back` and `damaged` (say the way out), `unwritable`.
 */
export async function openLog(options: LogOptions): Promise<Log> {
  return new DirectoryLog(options.origin, await openParts(options))
}

class DirectoryLog implements Log {
  readonly origin: string
  readonly #parts: LogParts

  constructor(origin: string, parts: LogParts) {
    this.origin = origin
    this.#parts = parts
  }

  get size(): number {
    return this.#parts.writer.size
  }

  get head(): Head {
    return this.#parts.writer.head
  }

  get trouble(): string | undefined {
    return this.#parts.writer.trouble ?? this.#parts.keeper.trouble
  }

  get cosigned(): string | undefined {
    return this.#parts.keeper.cosigned?.note
  }

  append(leaf: Uint8Array, disclosures?: Uint8Array): Appended {
    return this.#parts.writer.append([{ leaf, disclosures }])
  }

  appendAll(entries: readonly Entry[]): Appended {
    return this.#parts.writer.append(entries)
  }

  onRollback(listener: (durableSize: number) => void): () => void {
    return this.#parts.writer.onRollback(listener)
  }

  async leaf(leafIndex: number): Promise<Uint8Array> {
    this.#requireDurable(leafIndex)
    return (await this.#parts.leaves.within(leafIndex, leafIndex + 1))[0]!
  }

  async *leaves(from: number, to: number): AsyncIterable<{ leafIndex: number; leaf: Uint8Array }> {
    const end = Math.min(to, this.head.size)
    let leafIndex = from
    while (leafIndex < end) {
      const boundary = (Math.floor(leafIndex / TILE_WIDTH) + 1) * TILE_WIDTH
      for (const leaf of await this.#parts.leaves.within(leafIndex, Math.min(end, boundary))) {
        yield { leafIndex, leaf }
        leafIndex += 1
      }
    }
  }

  disclosures(leafIndex: number): Promise<Uint8Array | undefined> {
    this.#requireDurable(leafIndex)
    return this.#parts.keeper.disclosures(leafIndex)
  }

  async eraseDisclosures(leaves: Erasing): Promise<void> {
    for (const leafIndex of leaves.keys()) this.#requireDurable(leafIndex)
    await this.#parts.keeper.eraseDisclosures(leaves)
  }

  inclusionProofNow(leafIndex: number, treeSize: number): Digest[] | undefined {
    return this.#parts.tiles.proveNow(this.#ranges(inclusionRanges(leafIndex, treeSize), treeSize))
  }

  async inclusionProof(leafIndex: number, treeSize: number): Promise<Digest[]> {
    return this.#parts.tiles.prove(this.#ranges(inclusionRanges(leafIndex, treeSize), treeSize))
  }

  async consistencyProof(oldSize: number, newSize: number): Promise<Digest[]> {
    return this.#parts.tiles.prove(this.#ranges(consistencyRanges(oldSize, newSize), newSize))
  }

  async rootAt(size: number): Promise<Digest> {
    this.#ranges([], size)
    return this.#parts.tiles.rootAt(size)
  }

  async resource(path: string): Promise<Uint8Array | undefined> {
    if (path === 'checkpoint') return Buffer.from(this.cosigned ?? this.head.note)
    const { files, publicDirectory } = this.#parts.sources
    if (isStampPath(path) || isRotationPath(path)) return files.read(join(publicDirectory, path))
    const tile = parseTilePath(path)
    if (!tile) return undefined
    const { level, index, width } = tile
    if (width > tileWidth(level === 'entries' ? 0 : level, index, this.head.size)) return undefined
    if (level !== 'entries')
      return Uint8Array.from((await this.#parts.tiles.read(level, index)).subarray(0, width * 32))
    return encodeBundle(await this.#parts.leaves.within(index * TILE_WIDTH, index * TILE_WIDTH + width))
  }

  async gzipped(path: string): Promise<Uint8Array | undefined> {
    const { level, index, width } = parseTilePath(path) ?? {}
    if (level !== 'entries' || width !== TILE_WIDTH || (index! + 1) * TILE_WIDTH > this.head.size) return undefined
    return this.#parts.leaves.gzipped(index!)
  }

  addCosignatures(note: string, lines: string): Promise<void> {
    return this.#parts.keeper.addCosignatures(note, lines, this.head.size)
  }

  useSigner(signer: Signer, overlapping?: Signer): void {
    this.#parts.keeper.trust(signer.key)
    this.#parts.writer.useSigners(overlapping ? [signer, overlapping] : [signer])
  }

  scrubOnce(): AsyncIterable<Finding> {
    return this.#pass(() => setImmediate())
  }

  async *scrub(signal: AbortSignal, intervalMs = 1000): AsyncIterable<Finding> {
    while (!signal.aborted) {
      yield* this.#pass((elapsedMs) => pause(4 * elapsedMs, signal), signal)
      await pause(intervalMs, signal)
    }
  }

  async *#pass(rest: (elapsedMs: number) => Promise<unknown>, signal?: AbortSignal): AsyncGenerator<Finding> {
    const { sources, keeper } = this.#parts
    for await (const finding of scrubAll(sources, (work) => keeper.inTurn(work), rest, signal)) {
      if (signal?.aborted) return
      yield finding
    }
  }

  async repair(leafIndex: number, leaf: Uint8Array, bundle?: readonly Uint8Array[]): Promise<void> {
    this.#requireDurable(leafIndex)
    await this.#parts.keeper.inTurn(() => repairLeaf(this.#parts.sources, leafIndex, leaf, bundle))
  }

  flush(): Promise<void> {
    return this.#parts.keeper.flush(this.head)
  }

  async close(): Promise<void> {
    await this.#parts.writer.close()
    await this.#parts.keeper.close(this.head)
    await this.#parts.wal.close()
    this.#parts.lock[Symbol.dispose]()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #requireDurable(leafIndex: number): void {
    if (Number.isSafeInteger(leafIndex) && leafIndex >= 0 && leafIndex < this.head.size) return
    throw new StoreError('absent', `there is no leaf ${leafIndex}; the log ends at ${this.head.size}`)
  }

  /** Proofs speak of durable leaves only. */
  #ranges(ranges: Range[], size: number): Range[] {
    if (size > this.head.size) throw new RangeError(`the log ends at ${this.head.size}, before ${size}`)
    return ranges
  }
}

/** Ends early, without an error, when the signal aborts. */
async function pause(forMs: number, signal: AbortSignal): Promise<void> {
  await setTimeout(forMs, undefined, { signal, ref: false }).catch(() => {})
}
