/**
 * What is known of other leaves where rows are made: releases, grants and alerts that were looked up lately. What is not here is
 * wanted, and learnt from whoever holds the state.
 */

import type { ReadonlyState } from '../../domain/state.ts'
import type { Known } from '../view/phrase.ts'

const REMEMBERED = 4_096

type Names = { readonly [K in keyof Known]: readonly string[] }
type Told<K extends keyof Known> = NonNullable<ReturnType<Known[K]['get']>>

/** Ids by what they are of. */
export type Wanted = Names
/** Ids that are not there are those of nothing. */
export type Facts = { readonly [K in keyof Known]: readonly (readonly [id: string, told: Told<K>])[] }

export class Memory implements Known {
  readonly releases = new Shelf<Told<'releases'>>()
  readonly grants = new Shelf<Told<'grants'>>()
  readonly alerts = new Shelf<Told<'alerts'>>()
  readonly #shelves = [this.releases, this.grants, this.alerts]

  /** What was asked for in vain since the last `learn`. */
  get wanted(): Wanted {
    return { releases: this.releases.wanted, grants: this.grants.wanted, alerts: this.alerts.wanted }
  }

  /** From here on `isRowLacking` is about one row. */
  beginRow(): void {
    for (const shelf of this.#shelves) shelf.isLacking = false
  }

  get isRowLacking(): boolean {
    return this.#shelves.some(({ isLacking }) => isLacking)
  }

  learn({ releases, grants, alerts }: Facts): void {
    this.releases.learn(releases)
    this.grants.learn(grants)
    this.alerts.learn(alerts)
  }

  /** What did not exist may exist by now. */
  forgetNothings(): void {
    for (const shelf of this.#shelves) shelf.forgetNothings()
  }
}

class Shelf<T> {
  isLacking = false
  readonly #known = new Map<string, T>()
  readonly #wanted = new Set<string>()
  readonly #nothings = new Set<string>()

  get(id: string): T | undefined {
    const known = this.#known.get(id)
    if (known === undefined && !this.#nothings.has(id)) {
      this.#wanted.add(id)
      this.isLacking = true
    }
    return known
  }

  get wanted(): readonly string[] {
    return [...this.#wanted]
  }

  learn(told: readonly (readonly [string, T])[]): void {
    for (const [id, one] of told) {
      this.#known.set(id, one)
      this.#wanted.delete(id)
    }
    for (const id of this.#wanted) this.#nothings.add(id)
    this.#wanted.clear()
    const most = REMEMBERED + told.length
    for (const id of this.#known.keys()) {
      if (this.#known.size <= most) break
      this.#known.delete(id)
    }
  }

  forgetNothings(): void {
    this.#nothings.clear()
  }
}

/** What the state says of these ids; a grant comes with its release. */
export function factsOf({ releases, grants, alerts }: Wanted, state: ReadonlyState): Facts {
  const foundGrants = pick(grants, (id) => {
    const found = state.grants.get(id)
    if (!found) return undefined
    const { grant, leafIndex, release, kind, target } = found
    return { grant, leafIndex, release, kind, target }
  })
  const foundReleases = pick([...releases, ...foundGrants.map(([, { release }]) => release)], (id) => {
    const found = state.releases.get(id)
    if (!found) return undefined
    const { release, repository, commit, environment, artifact, statementDigest } = found
    return { release, repository, commit, environment, artifact, statementDigest }
  })
  return { releases: foundReleases, grants: foundGrants, alerts: pick(alerts, (id) => state.alerts.get(id)) }
}

function pick<T>(ids: readonly string[], look: (id: string) => T | undefined): (readonly [string, T])[] {
  return ids.flatMap((id) => {
    const found = look(id)
    return found === undefined ? [] : [[id, found] as const]
  })
}
