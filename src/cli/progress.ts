/** A progress bar for people who wait longer than two seconds at a terminal; nothing for anybody else. */

import type { Sink } from './terminal.ts'

const DELAY_MS = 2_000
const INTERVAL_MS = 100
const WIDTH = 30

export interface Progress extends Disposable {
  /** Cheap to call for every item. A total of 0 is not known yet: then the time that it takes is shown. */
  update(done: number, total: number): void
}

const NOTHING: Progress = { update: () => {}, [Symbol.dispose]: () => {} }

/** Draws on `sink`, which should be stderr; wiped when disposed. */
export function startProgress(sink: Sink, noun: string, now: () => number = () => performance.now()): Progress {
  return sink.isTTY ? new Bar(sink, noun, now) : NOTHING
}

class Bar implements Progress {
  readonly #sink: Sink
  readonly #noun: string
  readonly #now: () => number
  readonly #startedAt: number
  readonly #clock: NodeJS.Timeout
  #drawnAt: number
  #isDrawn = false
  #hasTotal = false

  constructor(sink: Sink, noun: string, now: () => number) {
    this.#sink = sink
    this.#noun = noun
    this.#now = now
    this.#startedAt = now()
    this.#drawnAt = this.#startedAt + DELAY_MS - INTERVAL_MS
    this.#clock = setInterval(() => this.#tick(), 1_000).unref()
  }

  update(done: number, total: number): void {
    if (total === 0) return
    this.#hasTotal = true
    const now = this.#now()
    if (now - this.#drawnAt < INTERVAL_MS) return
    this.#drawnAt = now
    const share = Math.min(1, done / total)
    const percent = Math.min(100, Math.floor((100 * done) / total))
    const filled = Math.round(WIDTH * share)
    const bar = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`
    this.#draw(`${bar} ${percent} %  ${done} of ${total} ${this.#noun}`)
  }

  /** While the other side works and says nothing. */
  #tick(): void {
    const passed = this.#now() - this.#startedAt
    if (!this.#hasTotal && passed >= DELAY_MS) this.#draw(`working for ${Math.floor(passed / 1000)} s`)
  }

  #draw(text: string): void {
    this.#isDrawn = true
    this.#sink.write(`\r${text}\u001b[K`)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#clock)
    if (this.#isDrawn) this.#sink.write('\r\u001b[K')
    this.#isDrawn = false
  }
}
