/** What was asked for lately, absence too, within a bound. */

import type { Json } from '../bytes/json.ts'

const MAX_KEPT = 16_384

export class Recent {
  readonly #kept = new Map<string, Json | undefined>()

  /** As it is remembered, or as `look` finds it. */
  get(name: string, look: () => Json | undefined): Json | undefined {
    const known = this.#kept.get(name)
    const isKnown = known !== undefined || this.#kept.has(name)
    const value = isKnown ? known : look()
    if (isKnown) this.#kept.delete(name)
    else if (this.#kept.size >= MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value!)
    this.#kept.set(name, value)
    return value
  }

  delete(name: string): void {
    this.#kept.delete(name)
  }

  clear(): void {
    this.#kept.clear()
  }
}
