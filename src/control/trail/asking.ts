/** Questions on their way to the index: each is answered, or fails with a sentence, within a bounded time. */

import type { Link } from './link.ts'
import type { FromIndex, Question, Questions } from './word.ts'

const MAX_ASKED = 64
const MOST_MS = 30_000

export type Answered<Q extends Question> = { readonly size: number; readonly value: ReturnType<Questions[Q]> }

/** The trail cannot be asked now. Nothing but searching depends on it. */
export class TrailError extends Error {
  override readonly name = 'TrailError'
}

type Asked = {
  readonly resolve: (answer: Answered<Question>) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

export class Asking {
  readonly #asked = new Map<number, Asked>()
  readonly #onSilence: () => void
  #last = 0

  /** `onSilence`: a question was not answered in time. */
  constructor(onSilence: () => void) {
    this.#onSilence = onSilence
  }

  /** Rejects with a TrailError, or with what was wrong with the question. */
  ask<Q extends Question>(link: Link, name: Q, args: Parameters<Questions[Q]>): Promise<Answered<Q>> {
    if (this.#asked.size >= MAX_ASKED) return Promise.reject(new TrailError('the trail is asked too much at once'))
    const id = (this.#last += 1)
    const { promise, resolve, reject } = Promise.withResolvers<Answered<Q>>()
    const timer = setTimeout(() => this.#giveUp(id), MOST_MS).unref()
    this.#asked.set(id, { resolve: resolve as Asked['resolve'], reject, timer })
    link.post({ type: 'question', id, name, args })
    return promise
  }

  hear(message: Extract<FromIndex, { readonly type: 'answer' | 'failure' }>): void {
    const asked = this.#take(message.id)
    if (message.type === 'failure') asked?.reject(new Error(message.problem))
    else asked?.resolve({ size: message.size, value: message.value as Answered<Question>['value'] })
  }

  /** Nobody answers any more. */
  fail(because: string): void {
    for (const id of [...this.#asked.keys()]) this.#take(id)?.reject(new TrailError(because))
  }

  #giveUp(id: number): void {
    this.#take(id)?.reject(new TrailError(`the trail has no answer within ${MOST_MS / 1000} seconds; ask for less`))
    this.#onSilence()
  }

  #take(id: number): Asked | undefined {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    clearTimeout(asked?.timer)
    return asked
  }
}
