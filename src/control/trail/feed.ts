/**
 * Which leaves the index gets next, in the order of the log and without a gap: those that were just published, from memory, as
 * far as that is bounded, and everything else from the log. A few batches are on their way at a time, so that a slow index
 * costs neither memory nor anybody's time.
 */

import type { Ledger, Published } from '../ledger.ts'
import { BATCH_LEAVES, Packing, type Batch } from './batch.ts'
import type { Mark } from './word.ts'

/** One is worked on while the next one waits. */
const MAX_FLYING = 2
const MAX_WAITING = 4
const RETRY_AFTER_MS = 1_000
/** A leaf that has something kept beside it says so; what only looks like it costs a look. */
const PERSONAL = Buffer.from('"personal":{')

export type FeedOptions = {
  readonly ledger: Pick<Ledger, 'log' | 'publishedSize'>
  readonly send: (batch: Batch) => void
}

type Flight = Pick<Packing, 'end' | 'since'>

export class Feed {
  readonly #options: FeedOptions
  /** Everything below is on its way, or is being read from the log; undefined while nobody takes anything. */
  #claimed: number | undefined
  #indexed = 0
  #at: number | undefined
  #flying: Flight[] = []
  #waiting: Packing[] = []
  #reading: Promise<void> | undefined
  /** Changes when whoever took leaves is gone. */
  #life = 0
  #isPumpingSoon = false
  #isPaused = false
  #turn: Promise<unknown> = Promise.resolve()
  #retry: NodeJS.Timeout | undefined
  #trouble: string | undefined
  readonly #landings = new Set<() => void>()

  constructor(options: FeedOptions) {
    this.#options = options
  }

  /** Leaves that can be found. */
  get indexed(): number {
    return this.#indexed
  }

  /** The log's time of the last of them, if known. */
  get indexedAt(): number | undefined {
    return this.#at
  }

  /** Why the index does not get on, or undefined. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** When the oldest leaf that is not indexed was published, of the monotonic clock; undefined where that is not known. */
  get oldestSince(): number | undefined {
    return (this.#flying[0] ?? this.#waiting[0])?.since
  }

  /** From here on leaves are sent, from this one on. */
  begin(size: number, at: number | undefined): void {
    this.stop()
    this.#claimed = size
    this.#indexed = size
    this.#at = at
    this.#pump()
  }

  /** Nobody takes leaves any more; what was on its way is read from the log when somebody does. */
  stop(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    this.#trouble = undefined
    this.#claimed = undefined
    this.#life += 1
    this.#flying = []
    this.#waiting = []
    this.#land()
  }

  ingest({ leafIndex, bytes, kept }: Published): void {
    this.#pumpSoon()
    const last = this.#waiting.at(-1)
    if (leafIndex !== (last?.end ?? this.#claimed) || this.#isPaused) return
    if (last && !last.isFull) return last.add(bytes, kept)
    // Whoever is too slow reads it from the log.
    if (this.#waiting.length === MAX_WAITING) return
    const next = new Packing(leafIndex, performance.now())
    next.add(bytes, kept)
    this.#waiting.push(next)
  }

  /** The batch that was sent first is taken, or never will be. */
  taken({ size, at, trouble }: Mark): void {
    const landed = this.#flying.shift()
    if (!landed) return
    this.#indexed = size
    this.#at = at ?? this.#at
    if (size < landed.end) this.#stumble(trouble ?? `the trail stands at leaf ${size} and does not take the next one`)
    else if (!this.#retry) this.#trouble = undefined
    this.#land()
    this.#pump()
  }

  /** Resolves when everything below `size` can be found, or at the end of the time, or when nobody takes leaves. */
  async reach(size: number, forMs: number): Promise<void> {
    const until = performance.now() + forMs
    while (this.#indexed < size && this.#claimed !== undefined && performance.now() < until)
      await this.#landing(until - performance.now())
  }

  /** Does the work while nothing is on its way; nothing that was published before it is kept in memory after it. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(() => this.#pauseFor(work))
    this.#turn = done.catch(() => undefined)
    return done
  }

  async #pauseFor<T>(work: () => Promise<T>): Promise<T> {
    this.#isPaused = true
    try {
      while (this.#reading || this.#flying.length > 0) await this.#landing(RETRY_AFTER_MS)
      this.#waiting = []
      return await work()
    } finally {
      this.#isPaused = false
      this.#pump()
    }
  }

  /** What is published in one turn of the event loop goes together. */
  #pumpSoon(): void {
    if (this.#isPumpingSoon) return
    this.#isPumpingSoon = true
    setImmediate(() => {
      this.#isPumpingSoon = false
      this.#pump()
    })
  }

  #pump(): void {
    while (this.#isFree && this.#waiting[0]?.from === this.#claimed) this.#send(this.#waiting.shift()!)
    const from = this.#claimed
    if (from === undefined || !this.#isFree || from >= this.#options.ledger.publishedSize) return
    this.#waiting = []
    this.#reading = this.#read(from, this.#life).finally(() => {
      this.#reading = undefined
      this.#land()
      this.#pump()
    })
  }

  get #isFree(): boolean {
    const isHeld = this.#isPaused || this.#reading || this.#retry
    return this.#claimed !== undefined && !isHeld && this.#flying.length < MAX_FLYING
  }

  #send(packing: Packing): void {
    this.#claimed = packing.end
    this.#flying.push(packing)
    this.#options.send(packing.seal())
  }

  /** Never rejects: a log that cannot be read says so itself, and is tried again. */
  async #read(from: number, life: number): Promise<void> {
    const { ledger } = this.#options
    const to = Math.min(ledger.publishedSize, from + BATCH_LEAVES)
    this.#claimed = to
    const packing = new Packing(from)
    const problem = await fill(packing, to, ledger.log).catch((error: Error) => error.message)
    if (this.#life !== life) return
    if (packing.isEmpty) return this.#stumble(`couldn't read leaf ${from} for the trail: ${problem}`)
    // What was published meanwhile follows on `to`, and on nothing else.
    if (packing.end < to) this.#waiting = []
    this.#send(packing)
  }

  /** Again from where the index really is, after a while; whatever is on its way until then does not follow, and is not taken. */
  #stumble(trouble: string): void {
    if (this.#retry) return
    this.#trouble = trouble
    this.#waiting = []
    const again = () => {
      this.#retry = undefined
      if (this.#flying.length > 0) return this.#stumble(trouble)
      this.#claimed = this.#indexed
      this.#pump()
    }
    this.#retry = setTimeout(again, RETRY_AFTER_MS).unref()
  }

  #landing(forMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#landings.delete(done)
        resolve()
      }
      const timer = setTimeout(done, Math.max(1, forMs))
      this.#landings.add(done)
    })
  }

  #land(): void {
    for (const done of [...this.#landings]) done()
  }
}

async function fill(packing: Packing, to: number, log: Ledger['log']): Promise<string> {
  for await (const { leafIndex, leaf } of log.leaves(packing.from, to)) {
    packing.add(leaf, isPersonal(leaf) ? await log.disclosures(leafIndex) : undefined)
    if (packing.isFull) break
  }
  return 'the log gave none'
}

function isPersonal(leaf: Uint8Array): boolean {
  return Buffer.from(leaf.buffer, leaf.byteOffset, leaf.length).includes(PERSONAL)
}
