/** What every statement is held to before it is signed here: it is read strictly, and says what is shown beside it. */

import { parseCanonical } from '../bytes/json.ts'
import type * as z from '../bytes/schema.ts'
import { Failure } from './failure.ts'
import { printable } from './text.ts'

export class StatementCheck {
  readonly #next: string

  /** `next`: what to do with a statement that is not as it is shown. */
  constructor(next: string) {
    this.#next = next
  }

  /** Throws a Failure `unverified` for anything but canonical JSON of this shape. */
  read<T>(text: string, shape: z.ZodType<T>): T {
    try {
      return shape.parse(parseCanonical(text))
    } catch {
      throw this.#mismatch('the statement is not canonical JSON of the known form')
    }
  }

  /** Throws a Failure `unverified` when the server says one thing and would have another signed. */
  require(what: string, shown: string, computed: string): void {
    if (shown !== computed)
      throw this.#mismatch(`the ${what} is ${printable(shown)} outside the statement and ${printable(computed)} by it`)
  }

  #mismatch(message: string): Failure {
    return new Failure('unverified', 'statement_mismatch', message, { next: this.#next })
  }
}
