/** What jobs are called: from the state while their logins are in it, and from the trail for ever. Remembered, within a bound. */

import type { ReadonlyState } from '../../domain/state.ts'
import { jobFactsOf, jobLabel } from './who.ts'

const MAX_LABELS = 10_000
const MAX_ASKED = 5_000

export type LabelSource = {
  labels(ids: readonly string[]): Promise<readonly (readonly [id: string, label: string])[]>
}

export class Labels {
  readonly #source: LabelSource
  readonly #known = new Map<string, string>()

  constructor(source: LabelSource) {
    this.#source = source
  }

  get(id: string): string | undefined {
    return this.#known.get(id)
  }

  keep(id: string, label: string): void {
    this.#known.set(id, label)
    if (this.#known.size > MAX_LABELS) this.#known.delete(this.#known.keys().next().value!)
  }

  /** From the state alone: for one job that is at work right now. */
  find(id: string, state: ReadonlyState): string | undefined {
    const known = this.#known.get(id)
    if (known !== undefined || !id.startsWith('job:')) return known
    const job = jobFactsOf(id, state)
    if (job) this.keep(id, jobLabel(job))
    return this.#known.get(id)
  }

  /** Afterwards `get` knows whatever is known of them; where the trail cannot be asked, ids must do. */
  async learn(ids: ReadonlySet<string>, { jobs, logins }: ReadonlyState): Promise<void> {
    for (const [login, { principal }] of jobs) {
      const job = ids.has(principal) ? logins.get(login)?.job : undefined
      if (job) this.keep(principal, jobLabel(job))
    }
    const rest = [...ids].filter((id) => !this.#known.has(id)).slice(0, MAX_ASKED)
    if (rest.length === 0) return
    const found = await this.#source.labels(rest).catch(() => [])
    for (const [id, label] of found) this.keep(id, label)
  }

  forget(): void {
    this.#known.clear()
  }
}
