/**
 * Group commit: leaves get their index at once, in order, and become durable together. A batch goes to the disk as soon as
 * the one before is there; no timer. If the disk fails, the tree goes back to what is durable, as if nothing had been asked.
 */

import type { Signer } from '../tlog/key.ts'
import { MAX_LEAF_BYTES } from '../tlog/tile.ts'
import type { TreeState } from '../tlog/tree.ts'
import { Batch, framesBytes, type Entry } from './batch.ts'
import { codeOf, LogUnwritable, reasonOf, StoreError } from './error.ts'
import { commitFrame } from './frame.ts'
import { signHead, type Head } from './head.ts'
import type { Tiles } from './tiles.ts'
import { segmentHolds, type Wal } from './wal.ts'

const MAX_QUEUED_LEAVES = 8192
const MAX_QUEUED_BYTES = 1 << 26
/** Leaves that can be asked to become durable together. */
const MAX_TOGETHER = 1024
export const MAX_DISCLOSURES_BYTES = 1 << 18

export interface Appended {
  readonly leafIndex: number
  /** Resolves with the head that first covers the leaf; rejects with LogUnwritable. */
  readonly durable: Promise<Head>
}

export interface WriterOptions {
  readonly origin: string
  /** The first is the log's own key, others sign beside it. */
  readonly signers: readonly Signer[]
  readonly segmentBytes: number
  readonly probeIntervalMs: number
  /** Called after every commit. */
  readonly onCommit: (head: Head) => void
}

export class Writer {
  readonly #options: WriterOptions
  readonly #tiles: Tiles
  readonly #wal: Wal
  readonly #rollbackListeners = new Set<(durableSize: number) => void>()
  #signers: readonly Signer[]
  #head: Head
  #queue: Batch<Head>[] = []
  #size: number
  #queuedBytes = 0
  #running: Promise<void> | undefined
  #reason: string | undefined
  #probeTimer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: WriterOptions, tiles: Tiles, wal: Wal, head: Head) {
    this.#options = options
    this.#tiles = tiles
    this.#wal = wal
    this.#signers = options.signers
    this.#head = head
    this.#size = head.size
  }

  get head(): Head {
    return this.#head
  }

  get signers(): readonly Signer[] {
    return this.#signers
  }

  get size(): number {
    return this.#size
  }

  /** Why appending fails right now, in one sentence. */
  get trouble(): string | undefined {
    return this.#reason && new LogUnwritable(this.#size, this.#reason).message
  }

  onRollback(listener: (durableSize: number) => void): () => void {
    this.#rollbackListeners.add(listener)
    return () => this.#rollbackListeners.delete(listener)
  }

  /** The next checkpoint is signed with these keys. */
  useSigners(signers: readonly Signer[]): void {
    this.#signers = signers
  }

  /** Takes all of them or none, in their order, into one group commit. */
  append(entries: readonly Entry[]): Appended {
    this.#requireAcceptable(entries)
    let batch = this.#queue.at(-1)
    if (!batch?.hasRoomFor(entries)) {
      batch = new Batch(this.#size)
      this.#queue.push(batch)
    }
    const leafIndex = this.#size
    for (const entry of entries) {
      batch.add(entry)
      this.#queuedBytes += entry.leaf.length + (entry.disclosures?.length ?? 0)
    }
    this.#size += entries.length
    this.#running ??= this.#run()
    return { leafIndex, durable: batch.durable }
  }

  #requireAcceptable(entries: readonly Entry[]): void {
    if (this.#isClosed) throw new StoreError('closed', `couldn't append leaf ${this.#size}: the log is closed`)
    for (const entry of entries) requireSize(entry)
    if (entries.length === 0 || entries.length > MAX_TOGETHER)
      throw new StoreError('size', `1 to ${MAX_TOGETHER} leaves go into one commit, not ${entries.length}`)
    const bytes = framesBytes(entries)
    if (!segmentHolds(this.#options.segmentBytes, bytes))
      throw new StoreError('size', `${bytes} bytes are more than goes into one commit`)
    if (this.#reason) throw new LogUnwritable(this.#size, this.#reason)
    const waiting = this.#size - this.#head.size
    if (waiting + entries.length > MAX_QUEUED_LEAVES || this.#queuedBytes > MAX_QUEUED_BYTES)
      throw new StoreError('busy', `${waiting} leaves wait for the disk; try again shortly`)
  }

  async #run(): Promise<void> {
    // Callers that were just answered, and others ready in this turn, join the next batch.
    await nextTurn()
    for (let batch = this.#queue.shift(); batch; batch = this.#queue.shift()) {
      await this.#commit(batch)
      await nextTurn()
    }
    this.#running = undefined
  }

  async #commit(batch: Batch<Head>): Promise<void> {
    const before = this.#tiles.tree.save()
    try {
      this.#tiles.push(batch.hashes)
      const head = signHead(this.#options.origin, this.#tiles.tree, this.#signers)
      const commitAt = batch.bytes.length
      await this.#wal.commit(batch.seal(commitFrame(head.note)), batch.placements, commitAt, this.#head.note)
      // From here on the batch is durable: only now does anyone see its head.
      this.#head = head
      this.#queuedBytes = this.#queue.reduce((sum, { bytes }) => sum + bytes.length, 0)
    } catch (error) {
      return this.#rollBack(before, batch, error)
    } finally {
      batch.release()
    }
    batch.resolve(this.#head)
    this.#options.onCommit(this.#head)
  }

  #rollBack(before: TreeState, batch: Batch<Head>, error: unknown): void {
    const lost = [batch, ...this.#queue]
    this.#tiles.restore(before)
    this.#queue = []
    this.#queuedBytes = 0
    this.#size = this.#head.size
    this.#reason = reasonOf(error)
    // Listeners put their state back before any caller hears of the failure.
    for (const listener of this.#rollbackListeners) listener(this.#size)
    for (const { firstLeafIndex, reject } of lost)
      reject(new LogUnwritable(firstLeafIndex, this.#reason, { cause: error }))
    if (isFatal(error)) this.#reason = `${this.#reason}; check the disk, then restart`
    else this.#scheduleProbe()
  }

  #scheduleProbe(): void {
    if (this.#isClosed) return
    this.#probeTimer = setTimeout(() => void this.#probe(), this.#options.probeIntervalMs).unref()
  }

  async #probe(): Promise<void> {
    try {
      await this.#wal.probe(this.#head.note)
      this.#reason = undefined
    } catch (error) {
      this.#reason = reasonOf(error)
      if (!isFatal(error)) this.#scheduleProbe()
    }
  }

  /** Resolves when everything accepted is durable or rejected. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#probeTimer)
    await this.#running
  }
}

function requireSize({ leaf, disclosures }: Entry): void {
  if (leaf.length === 0 || leaf.length > MAX_LEAF_BYTES)
    throw new StoreError('size', `a leaf has 1 to ${MAX_LEAF_BYTES} bytes, not ${leaf.length}`)
  const more = disclosures?.length ?? 0
  if (more > MAX_DISCLOSURES_BYTES)
    throw new StoreError('size', `the disclosures of a leaf have at most ${MAX_DISCLOSURES_BYTES} bytes, not ${more}`)
}

/**
 * After an input/output error nobody knows which pages the kernel dropped: a second sync may report success for bytes that
 * are not on the disk. So that, and a file that does not read back as written, are final for this process.
 */
function isFatal(error: unknown): boolean {
  return codeOf(error) === 'EIO' || (error instanceof StoreError && error.code === 'damaged')
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
