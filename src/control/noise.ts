/** What unverified callers send is counted and not logged one by one, or the log could be flooded by anyone. */

export class Noise {
  readonly #counts = new Map<string, number>()
  #told = new Map<string, number>()

  /** `code` comes from a closed list of refusals, so the map cannot be made to grow. */
  count(code: string): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1)
  }

  /** What came since this was asked last, and only that. */
  news(): { readonly code: string; readonly count: number }[] {
    const told = this.#told
    this.#told = new Map(this.#counts)
    const since = [...this.#counts].map(([code, count]) => ({ code, count: count - (told.get(code) ?? 0) }))
    return since.filter(({ count }) => count > 0).slice(0, 256)
  }

  totals(): ReadonlyMap<string, number> {
    return this.#counts
  }
}
