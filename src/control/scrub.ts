/** The log's stored bytes are compared with its tree over and over; what was changed under us is reported within seconds, once. */

import { watch, type FSWatcher } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../store/log.ts'
import { reasonOf } from '../store/error.ts'

export interface Damage {
  readonly leafIndex: number
  /** Relative to the log's directory, so that it can be written into a leaf. */
  readonly file: string
  /** Bytes from the start of the file. */
  readonly offset: number
  /** At most 64 characters. */
  readonly problem: string
  /** The same for people. */
  readonly sentence: string
}

export interface ScrubOptions {
  readonly log: Log
  /** Where the log is kept. */
  readonly directory: string
  /** Called once for each damaged leaf; again only when it was whole in between. */
  readonly onDamage: (damage: Damage) => void | Promise<void>
  /** Called with why a pass could not be made. */
  readonly onTrouble?: (sentence: string) => void
  /** Time between two passes, 1,000 ms unless said. */
  readonly intervalMs?: number
}

export interface Scrub extends AsyncDisposable {
  /** When the latest whole pass ended, in ms of the system clock. */
  readonly lastPassAt: number | undefined
  /** Leaves found damaged in the latest pass or since, in order. */
  readonly damaged: readonly number[]
  /** Resolves after a whole pass that began now or later. */
  pass(): Promise<void>
}

const INTERVAL_MS = 1_000
/** A change on the disk starts a pass this much later, so that one pass sees all of a burst. */
const SETTLE_MS = 100
/** A pass may take a fifth of the time at most. */
const REST_FACTOR = 4

export function startScrub(options: ScrubOptions): Scrub {
  return new Scrubber(options)
}

class Scrubber implements Scrub {
  readonly #options: ScrubOptions
  readonly #abort = new AbortController()
  readonly #watcher: FSWatcher | undefined
  readonly #running: Promise<void>
  #reported = new Set<number>()
  #wake: (() => void) | undefined
  #turn: Promise<void> = Promise.resolve()
  #sizeAtPass = 0
  lastPassAt: number | undefined

  constructor(options: ScrubOptions) {
    this.#options = options
    this.#watcher = this.#watch()
    this.#running = this.#run()
  }

  get damaged(): readonly number[] {
    return [...this.#reported].sort((a, b) => a - b)
  }

  pass(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#pass())
    return this.#turn
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      const startedAt = performance.now()
      await this.pass()
      await this.#rest(performance.now() - startedAt)
    }
  }

  /** Until the interval is over, or something changed on the disk; never less than what keeps the share of time. */
  async #rest(elapsedMs: number): Promise<void> {
    const { signal } = this.#abort
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    const ended = new AbortController()
    await Promise.race([
      sleep(this.#options.intervalMs ?? INTERVAL_MS, AbortSignal.any([signal, ended.signal])),
      promise,
    ])
    ended.abort()
    await sleep(Math.max(SETTLE_MS, REST_FACTOR * elapsedMs), signal)
  }

  async #pass(): Promise<void> {
    if (this.#abort.signal.aborted) return
    const found = new Set<number>()
    this.#sizeAtPass = this.#options.log.size
    try {
      for await (const { leafIndex, file, offset, problem } of this.#options.log.scrubOnce()) {
        if (found.has(leafIndex)) continue
        found.add(leafIndex)
        if (this.#reported.has(leafIndex)) continue
        this.#reported.add(leafIndex)
        const name = relative(this.#options.directory, file)
        await this.#options.onDamage({ leafIndex, file: name, offset, problem: problemIn(name), sentence: problem })
      }
      // Whatever was whole this time was repaired: should it be changed again, that is news.
      this.#reported = found
      this.lastPassAt = Date.now()
    } catch (error) {
      this.#options.onTrouble?.(`couldn't compare the stored log with its tree: ${reasonOf(error)}`)
    }
  }

  /** Only makes it faster: a system that cannot watch, or an attacker who avoids it, is met by the next pass. */
  #watch(): FSWatcher | undefined {
    try {
      const watcher = watch(this.#options.directory, { recursive: true, persistent: false }, () => this.#changed())
      return watcher.on('error', () => watcher.close())
    } catch {
      return undefined
    }
  }

  /** While the log grows its files change by themselves; what else changes then is met by the next pass. */
  #changed(): void {
    if (this.#options.log.size === this.#sizeAtPass) this.#wake?.()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    this.#watcher?.close()
    await this.#running
    await this.#turn
  }
}

function problemIn(file: string): string {
  if (file.startsWith(`wal${sep}`)) return 'the write-ahead log is not as committed'
  return file.includes(join('tile', 'entries'))
    ? 'the entry bundle is not as committed'
    : 'the tile is not as committed'
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal, ref: false }).catch(() => {})
}
