/** A progress bar for people who wait longer than two seconds at a terminal; nothing for anybody else. */

import type { Sink } from './terminal.ts'

const DELAY_MS = 2_000
const INTERVAL_MS = 100
const WIDTH = 30

export interface Progress extends Disposable {
  /** Cheap to call for every item. */
  update(done: number, total: number): void
}

/** Draws on `sink`, which should be stderr; wiped when disposed. */
export function startProgress(sink: Sink, noun: string): Progress {
  if (!sink.isTTY) return { update: () => {}, [Symbol.dispose]: () => {} }
  const startedAt = performance.now()
  let drawnAt = startedAt + DELAY_MS - INTERVAL_MS
  let isDrawn = false
  return {
    update(done, total) {
      // The clock is asked for one item in 64.
      if (done % 64 !== 0 || total === 0) return
      const now = performance.now()
      if (now - drawnAt < INTERVAL_MS) return
      drawnAt = now
      isDrawn = true
      const share = Math.min(1, done / total)
      const filled = Math.round(WIDTH * share)
      const bar = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`
      sink.write(`\r${bar} ${Math.floor(100 * share)} %  ${done} of ${total} ${noun}`)
    },
    [Symbol.dispose]() {
      if (isDrawn) sink.write('\r\u001b[K')
    },
  }
}
