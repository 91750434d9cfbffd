/** What exactly is wrong with lines that are not as they should be, told while both go by. */

import { isSame } from '../../bytes/portable.ts'

export type Difference = {
  readonly cause: 'gap' | 'altered' | 'reordered' | 'truncated' | 'added'
  /** Of the first line that differs, from 0. */
  readonly index: number
  readonly expected: Uint8Array | undefined
  readonly given: Uint8Array | undefined
}

export class Comparison {
  readonly #given: AsyncIterator<Uint8Array>
  #index = 0
  /** The first place where both differ. */
  #place: Pick<Difference, 'index' | 'expected' | 'given'> | undefined
  /** Whether what stands there is expected further on. */
  #isForeign = true

  constructor(given: AsyncIterable<Uint8Array>) {
    this.#given = given[Symbol.asyncIterator]()
  }

  /** The next line as it should be. */
  async expect(line: Uint8Array): Promise<void> {
    if (this.#place) {
      const { given } = this.#place
      if (given && isSame(given, line)) this.#isForeign = false
      return
    }
    const next = await this.#given.next()
    const given = next.done ? undefined : next.value
    if (given && isSame(given, line)) this.#index += 1
    else this.#place = { index: this.#index, expected: line, given }
  }

  /** Undefined when both are the same; otherwise what was done to the given lines, by its first trace. */
  async end(): Promise<Difference | undefined> {
    if (!this.#place) {
      const next = await this.#given.next()
      return next.done ? undefined : { cause: 'added', index: this.#index, expected: undefined, given: next.value }
    }
    if (!this.#place.given) return { cause: 'truncated', ...this.#place }
    const isLost = !(await this.#isFurtherOn(this.#place.expected!))
    return { cause: causeOf(isLost, this.#isForeign), ...this.#place }
  }

  async #isFurtherOn(line: Uint8Array): Promise<boolean> {
    for (let next = await this.#given.next(); !next.done; next = await this.#given.next())
      if (isSame(next.value, line)) return true
    return false
  }
}

function causeOf(isLost: boolean, isForeign: boolean): Difference['cause'] {
  if (isLost && isForeign) return 'altered'
  if (isLost) return 'gap'
  return isForeign ? 'added' : 'reordered'
}
