/** What unverified callers send is counted and not logged one by one, or the log could be flooded by anyone. */

export class Noise {
  readonly #counts = new Map<string, number>()

  /** `code` comes from a closed list of refusals, so the map cannot be made to grow. */
  count(code: string): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1)
  }

  totals(): ReadonlyMap<string, number> {
    return this.#counts
  }
}
