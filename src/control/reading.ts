/**
 * Whoever looks at the trail stands in it before anything is shown to them. What a login sees for the first time within ten minutes
 * is a leaf at once, together with whatever else it asks for while that leaf is written; that it looked again is counted, and
 * written down when the ten minutes are over. A crash loses counts of ten minutes at most, and never a first sight.
 *
 * A screen that follows the log asks again for each new leaf, those of its own reading included. Whoever asks for the very same
 * while nothing came but such traces has seen nothing new: that is not counted, and after the ten minutes it is a new sight only
 * when no trace came just before it. Otherwise looking would write without end.
 */

import { digestOf } from '../bytes/digest.ts'
import { utf8 } from '../bytes/text.ts'
import type { Command } from '../domain/command.ts'
import type { Caller } from '../domain/leaf.ts'
import { MAX_REPEATS, traces } from '../domain/trail.ts'
import { isRefusal, type Refusal } from '../evidence/refusal.ts'
import { reasonOf } from '../store/error.ts'
import { handle, systemCaller, type Desk } from './handle.ts'
import type { Recorded } from './ledger.ts'
import { Pens, type Look, type Reader } from './pen.ts'

export type ReadingOptions = {
  readonly desk: Desk
  /** Hears what could not be written down. */
  readonly report: (sentence: string) => void
  readonly sweepMs?: number
}

export const WINDOW_MS = 10 * 60_000
const SWEEP_MS = 5_000
/** How late a screen may answer to a trace: browsers let one that nobody looks at run once a minute. */
const ECHO_MS = 2 * 60_000
const MAX_WINDOWS = 4_096
const MAX_DUE = 10_000

/** Which part of what was found: a page far down shows what the first one did not. */
export type Page = { readonly after?: number | undefined; readonly before?: number | undefined }

type Window = {
  readonly caller: Caller
  readonly until: number
  readonly first: Promise<Recorded | Refusal>
  /** Where the first sight stands in the log, once it does. */
  place: { readonly leafIndex: number; readonly read: number } | undefined
  /** How much had happened by the last look, and how far that reached. */
  news: number
  after: number
  before: number
  times: number
}

type Repeats = Extract<Command, { type: 'count reads' }>
type Due = Pick<Repeats, 'principal' | 'login'> & { readonly repeat: Repeats['repeats'][number] }

export class Reading implements AsyncDisposable {
  readonly #options: ReadingOptions
  readonly #pens: Pens
  /** In the order in which they end. */
  readonly #windows = new Map<string, Window>()
  /** Those that ended, as many at most, so that an echo is known for one. */
  readonly #ended = new Map<string, Window>()
  readonly #unfollow: () => void
  readonly #timer: NodeJS.Timeout
  #due: Due[] = []
  #news = 0
  #tracedAt = -Infinity
  #turn: Promise<void> = Promise.resolve()

  constructor(options: ReadingOptions) {
    this.#options = options
    this.#pens = new Pens(options.desk)
    this.#unfollow = options.desk.ledger.follow(({ leaf }) => {
      if (traces.has(leaf.event.type)) this.#tracedAt = options.desk.clock()
      else this.#news += 1
    })
    this.#timer = setInterval(() => void this.sweep(), options.sweepMs ?? SWEEP_MS)
    this.#timer.unref()
  }

  /**
   * Resolves with what was decided about this look, once that is on disk. `reader.isAllowed` is what the policies say now: what was
   * allowed a minute ago is asked again when it would be refused. Rejects when the log cannot be written; nothing is shown then.
   */
  async see(look: Look, page: Page, reader: Reader): Promise<Recorded | Refusal> {
    const key = keyOf(look, reader)
    const known = this.#windows.get(key)
    if (known && (known.until > this.#options.desk.clock() || !known.place)) {
      this.#count(known, page)
      return await known.first
    }
    if (known) this.#close(key, known)
    const ended = this.#ended.get(key)
    if (ended && this.#isEcho(ended, page)) return await ended.first
    return await this.#open(key, look, page, reader)
  }

  /** Writes what is due. Never rejects: what could not be written stays due. */
  sweep(): Promise<void> {
    const now = this.#options.desk.clock()
    for (const [key, window] of this.#windows) {
      if (window.until > now) break
      if (window.place) this.#close(key, window)
    }
    return this.#flush()
  }

  #open(key: string, look: Look, page: Page, reader: Reader): Promise<Recorded | Refusal> {
    this.#makeRoom()
    const first = this.#pens.write(look, reader).then(({ recorded, read }) => {
      const isAsExpected = !isRefusal(recorded) && (recorded.decision.outcome === 'allowed') === reader.isAllowed
      if (isAsExpected) window.place = { leafIndex: recorded.leafIndex, read }
      else this.#windows.delete(key)
      return recorded
    })
    const window: Window = {
      caller: reader.caller,
      until: this.#options.desk.clock() + WINDOW_MS,
      first,
      place: undefined,
      news: this.#news,
      after: page.after ?? -1,
      before: page.before ?? Infinity,
      times: 0,
    }
    this.#windows.set(key, window)
    // Nothing stands in the log: whoever asks next tries again.
    first.catch(() => this.#windows.delete(key))
    return first
  }

  #isEcho(window: Window, page: Page): boolean {
    return this.#isSame(window, page) && this.#options.desk.clock() - this.#tracedAt <= ECHO_MS
  }

  /** Nothing came since but traces, and this part was shown. */
  #isSame(window: Window, { after = -1, before = Infinity }: Page): boolean {
    return window.news === this.#news && after <= window.after && before >= window.before
  }

  #count(window: Window, page: Page): void {
    if (this.#isSame(window, page)) return
    const { after = -1, before = Infinity } = page
    const isOld = window.news !== this.#news
    window.news = this.#news
    window.after = isOld ? after : Math.max(window.after, after)
    window.before = isOld ? before : Math.min(window.before, before)
    window.times += 1
  }

  /** The oldest window ends early, rather than that anything is forgotten. */
  #makeRoom(): void {
    if (this.#windows.size < MAX_WINDOWS) return
    for (const [key, window] of this.#windows) {
      if (!window.place) continue
      this.#close(key, window)
      break
    }
    if (this.#due.length >= MAX_REPEATS) void this.#flush()
  }

  #close(key: string, window: Window): void {
    const { caller, place, times } = window
    this.#windows.delete(key)
    this.#ended.delete(key)
    this.#ended.set(key, window)
    if (this.#ended.size > MAX_WINDOWS) this.#ended.delete(this.#ended.keys().next().value!)
    if (times === 0 || !place || caller.login === undefined) return
    this.#due.push({ principal: caller.id, login: caller.login, repeat: { ...place, times } })
    if (this.#due.length > MAX_DUE) this.#due.shift()
  }

  #flush(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#tell())
    return this.#turn
  }

  async #tell(): Promise<void> {
    try {
      for (let [next] = this.#due; next; [next] = this.#due) await this.#tellOf(next)
    } catch (error) {
      this.#options.report(`couldn't write down how often was read what; trying again: ${reasonOf(error)}`)
    }
  }

  async #tellOf({ principal, login }: Due): Promise<void> {
    const told = this.#due.filter((due) => due.login === login).slice(0, MAX_REPEATS)
    const repeats = told.map(({ repeat }) => repeat)
    const command = { type: 'count reads', principal, login, repeats } as const
    const said = await handle({ command, caller: systemCaller('reading') }, this.#options.desk)
    if (isRefusal(said)) throw new Error(said.because)
    const gone = new Set(told)
    this.#due = this.#due.filter((due) => !gone.has(due))
  }

  /** What was counted until now is written down. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    for (const [key, window] of this.#windows) this.#close(key, window)
    await this.#flush()
    this.#unfollow()
  }
}

/** A digest: what people type is kept nowhere but beside the leaf, from which it can be erased. */
function keyOf({ kind, query, leaf, evidence }: Look, { caller, isAllowed, personal }: Reader): string {
  const parts = [caller.login, isAllowed, personal['ip'], kind, query, leaf, evidence]
  return digestOf(utf8.encode(JSON.stringify(parts)))
}
