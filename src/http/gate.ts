/** How many requests a route works on at once, all together and for one caller: what comes on top is told to come again. */

export class Gate {
  readonly #inside = new Map<string, number>()
  readonly #most: number
  readonly #mostPerCaller: number
  #count = 0

  constructor(most: number, mostPerCaller: number) {
    this.#most = most
    this.#mostPerCaller = mostPerCaller
  }

  /** Undefined when there is no room; else what must be called once the request is over, however it ended. */
  enter(caller: string): (() => void) | undefined {
    const own = this.#inside.get(caller) ?? 0
    if (this.#count >= this.#most || own >= this.#mostPerCaller) return undefined
    this.#count += 1
    this.#inside.set(caller, own + 1)
    let isInside = true
    return () => {
      if (!isInside) return
      isInside = false
      this.#count -= 1
      const left = this.#inside.get(caller)! - 1
      if (left > 0) this.#inside.set(caller, left)
      else this.#inside.delete(caller)
    }
  }
}
