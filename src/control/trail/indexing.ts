/**
 * The trail as the log's side sees it. What is published is indexed behind it, by somebody who may be slow, fail and come again;
 * who asks finds everything that was published before they asked, unless the index is so far behind that the answer says so.
 */

import { reread } from '../../domain/leaf.ts'
import type { Found, Lag, Search, TrailRow } from '../../index/trail.ts'
import type { Activity } from '../../index/activity.ts'
import type { Ledger, Published } from '../ledger.ts'
import { Asking, TrailError, type Answered } from './asking.ts'
import { Feed } from './feed.ts'
import type { Link, StartLink } from './link.ts'
import { factsOf } from './memory.ts'
import type { FromIndex, Question, Questions } from './word.ts'

export type IndexingOptions = {
  readonly ledger: Pick<Ledger, 'log' | 'publishedSize' | 'state'>
  readonly start: StartLink
  readonly clock: () => number
  /** Hears in one sentence of what goes wrong. */
  readonly report: (sentence: string) => void
}

/** Everything that is published when it is made can be found by it. Rejects with a TrailError when the index cannot be asked. */
export interface TrailReader {
  /** `treeSize`: the leaves that were looked at; `lag` is what was missing then. */
  search(search: Search): Promise<Found & { readonly treeSize: number; readonly lag: Lag }>
  page(search: Search): Promise<Pick<Found, 'rows' | 'next'>>
  rows(leafIndexes: readonly number[]): Promise<TrailRow[]>
  byIdentifier(identifier: string, limit?: number): Promise<number[]>
  activity(from: number, bucketMs: number, buckets: number): Promise<Activity>
}

/** Further behind, it would not be there in time, and nobody waits. */
const WITHIN_REACH = 16_384
const REACH_MS = 1_000
const AWAKE_MS = 2_000
const PATIENCE = 2
const CLOSE_MS = 5_000
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 30_000

export class Indexing implements AsyncDisposable {
  readonly #options: IndexingOptions
  readonly #feed: Feed
  readonly #asking: Asking
  #link: Link | undefined
  #isUp = false
  #isClosed = false
  #trouble: string | undefined
  #failures = 0
  #restarts = 0
  #timer: NodeJS.Timeout | undefined
  #changed = Promise.withResolvers<void>()
  /** Leaves whose disclosures are gone, while the index may still have them. */
  readonly #owed = new Set<number>()

  constructor(options: IndexingOptions) {
    this.#options = options
    this.#feed = new Feed({ ledger: options.ledger, send: (batch) => this.#link?.post({ type: 'batch', batch }) })
    this.#asking = new Asking(() => void this.#link?.cut())
  }

  /** Begins to index; what the index lacks it gets from the log. */
  start(): void {
    if (this.#isClosed || this.#link) return
    try {
      const link = this.#options.start({
        hear: (message) => link === this.#link && this.#hear(message),
        end: (reason) => link === this.#link && this.#ended(reason),
      })
      this.#link = link
    } catch (error) {
      this.#ended((error as Error).message)
    }
  }

  /** For `ledger.follow`: never throws, never waits. */
  ingest(published: Published): void {
    this.#feed.ingest(published)
  }

  /** Undefined, or why the newest leaves cannot be found: one sentence. */
  get trouble(): string | undefined {
    return this.#trouble ?? this.#feed.trouble
  }

  /** How often the index had to be begun again. */
  get restarts(): number {
    return this.#restarts
  }

  /** Leaves on disk that no search sees yet; and for how long the oldest of them waits, if known. */
  get lag(): Lag {
    return this.#lagAt(this.#feed.indexed)
  }

  /** Resolves when everything that is published now can be found; rejects when that is not to be expected. */
  async catchUp(): Promise<void> {
    const size = this.#options.ledger.publishedSize
    while (!this.#isUp || this.#feed.indexed < size) {
      if (this.trouble !== undefined) throw new TrailError(this.trouble)
      if (this.#isClosed) throw new TrailError('the trail is closed')
      await (this.#isUp ? this.#feed.reach(size, REACH_MS) : this.#changed.promise)
    }
  }

  reader(): TrailReader {
    const size = this.#options.ledger.publishedSize
    let reached: Promise<void> | undefined
    const ask = async <Q extends Question>(name: Q, ...args: Parameters<Questions[Q]>): Promise<Answered<Q>> => {
      await (reached ??= this.#reach(size))
      return this.#ask(name, args)
    }
    return {
      search: async (search) => {
        const answer = await ask('search', search)
        return { ...answer.value, treeSize: answer.size, lag: this.#lagAt(answer.size) }
      },
      page: async (search) => (await ask('page', search)).value,
      rows: async (leafIndexes) => (await ask('rows', leafIndexes)).value,
      byIdentifier: async (identifier, limit) => (await ask('byIdentifier', identifier, limit)).value,
      activity: async (from, bucketMs, buckets) => (await ask('activity', from, bucketMs, buckets)).value,
    }
  }

  /** What these principals, no people, are called, as far as it is known. */
  async labels(ids: readonly string[]): Promise<readonly (readonly [id: string, label: string])[]> {
    if (this.#trouble !== undefined) throw new TrailError(this.#trouble)
    return (await this.#ask('labels', [ids])).value
  }

  /** Forgets what was disclosed about these leaves. Resolves when it is overwritten; rejects when that is still owed. */
  async erase(leafIndexes: readonly number[]): Promise<void> {
    for (const leafIndex of leafIndexes) this.#owed.add(leafIndex)
    await this.#awake()
    await this.#feed.alone(() => this.#payOwed(this.#link)).catch((error: Error) => this.#paidBy(leafIndexes, error))
  }

  /** Whoever begins anew begins with what is owed. */
  async #paidBy(leafIndexes: readonly number[], error: Error): Promise<void> {
    await this.#awake()
    if (leafIndexes.some((leafIndex) => this.#owed.has(leafIndex))) throw error
  }

  /** What was published is indexed, within bounds. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reachIfNear(this.#options.ledger.publishedSize, CLOSE_MS)
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#feed.stop()
    const link = this.#link
    if (!link) return
    const timer = setTimeout(() => void link.cut(), CLOSE_MS)
    link.post({ type: 'close' })
    while (this.#link) await this.#changed.promise
    clearTimeout(timer)
  }

  #hear(message: FromIndex): void {
    switch (message.type) {
      case 'opened':
        void this.#begin(message, this.#link)
        return
      case 'taken':
        this.#failures = 0
        return this.#feed.taken(message.mark)
      case 'wanted':
        return this.#link?.post({ type: 'facts', facts: factsOf(message.wanted, this.#options.ledger.state) })
      case 'answer':
      case 'failure':
        return this.#asking.hear(message)
      case 'closed':
        void this.#link?.cut()
    }
  }

  async #begin({ size, ends }: Extract<FromIndex, { type: 'opened' }>, link: Link | undefined): Promise<void> {
    try {
      const isOurs = await this.#isOfThisLog(size, ends)
      if (!link || this.#link !== link) return
      if (!isOurs) await this.#asking.ask(link, 'clear', [])
      await this.#payOwed(link)
      if (this.#link !== link) return
      this.#isUp = true
      this.#trouble = undefined
      this.#feed.begin(isOurs ? size : 0, isOurs ? ends.at(-1)?.at : undefined)
      this.#change()
    } catch (error) {
      this.#say(`couldn't begin the trail: ${(error as Error).message}`)
      await link?.cut()
    }
  }

  /** Rows must be of the very leaves that stand there: their ids are random. */
  async #isOfThisLog(size: number, ends: readonly TrailRow[]): Promise<boolean> {
    const { log, publishedSize } = this.#options.ledger
    if (size > publishedSize || (size > 0 && ends.at(-1)?.leafIndex !== size - 1)) return false
    const leaves = await Promise.all(ends.map(async ({ leafIndex }) => reread(await log.leaf(leafIndex))))
    return ends.every(({ id, at }, index) => id === leaves[index]!.id && at === leaves[index]!.at)
  }

  async #payOwed(link: Link | undefined): Promise<void> {
    if (!link) throw new TrailError('the trail is not there')
    const owed = [...this.#owed]
    if (owed.length === 0) return
    await this.#asking.ask(link, 'erase', [owed])
    for (const leafIndex of owed) this.#owed.delete(leafIndex)
  }

  #ended(reason: string): void {
    this.#link = undefined
    this.#isUp = false
    this.#feed.stop()
    this.#asking.fail(`the trail is begun again: ${reason}`)
    this.#change()
    if (this.#isClosed) return
    this.#say(`the trail is begun again, since it ended: ${reason}`)
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures)
    this.#failures += 1
    this.#restarts += 1
    this.#timer = setTimeout(() => this.start(), pause).unref()
  }

  #say(trouble: string): void {
    if (trouble !== this.#trouble) this.#options.report(trouble)
    this.#trouble = trouble
  }

  #change(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  #lagAt(size: number): Lag {
    const { ledger, clock } = this.#options
    const leaves = Math.max(0, ledger.publishedSize - size)
    if (leaves === 0) return { leaves, ms: 0 }
    const { oldestSince, indexedAt } = this.#feed
    const ms = oldestSince === undefined ? clock() - (indexedAt ?? clock()) : performance.now() - oldestSince
    return { leaves, ms: Math.max(0, Math.round(ms)) }
  }

  async #reach(size: number): Promise<void> {
    await this.#awake()
    await this.#reachIfNear(size, REACH_MS)
  }

  async #reachIfNear(size: number, forMs: number): Promise<void> {
    if (size - this.#feed.indexed <= WITHIN_REACH) await this.#feed.reach(size, forMs)
  }

  async #ask<Q extends Question>(name: Q, args: Parameters<Questions[Q]>): Promise<Answered<Q>> {
    return this.#asking.ask(await this.#awake(), name, args)
  }

  /** Whoever asks while it begins waits for it, a little; not when it has failed again and again. */
  async #awake(): Promise<Link> {
    const until = performance.now() + (this.#failures > PATIENCE ? 0 : AWAKE_MS)
    while (!this.#isUp && !this.#isClosed && performance.now() < until) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, until - performance.now())
      await Promise.race([this.#changed.promise, promise])
      clearTimeout(timer)
    }
    if (!this.#isUp || !this.#link) throw new TrailError(this.#trouble ?? 'the trail is not there yet; ask again')
    return this.#link
  }
}
