/** Waiting for something to become true, never longer than said. */

import { setTimeout as sleep } from 'node:timers/promises'
import { fall, type Stage } from './stage.ts'

const POLL_MS = 100

/** What `look` finds once it finds anything. Rejects after `timeoutMs`, or as soon as a program of the stage has ended. */
export async function eventually<T>(
  what: string,
  timeoutMs: number,
  look: () => Promise<T | undefined> | T | undefined,
  stage: Stage,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (stage.fallen) throw fall(stage.fallen, await stage.fallen.ended)
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${timeoutMs / 1000} s`)
    await sleep(POLL_MS)
  }
}

/** A statement of the demo about what just happened; a lie of it ends the demo. */
export function mustHold(isTrue: boolean, statement: string): asserts isTrue {
  if (!isTrue) throw new Error(`not true: ${statement}`)
}
