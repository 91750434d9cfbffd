/** What kept searches are called and what they ask for: a projection of disclosures, which forgets when they are erased. */

import type { Disclosure } from '../bytes/disclosure.ts'
import type { Leaf } from '../domain/leaf.ts'
import { fold, mentions } from './mention.ts'
import { valueOf } from './seal.ts'

/** A text that was erased is not there any more. */
export type SavedSearch = { readonly person: string; readonly name?: string; readonly query?: string }

export class SavedSearches {
  readonly #byId = new Map<string, SavedSearch>()

  get(id: string): SavedSearch | undefined {
    return this.#byId.get(id)
  }

  /** Whether this person has a search of that name; case makes no difference. */
  has(person: string, name: string): boolean {
    return [...this.#byId.values()].some((saved) => saved.person === person && fold(saved.name ?? '') === fold(name))
  }

  apply({ event }: Leaf, disclosures: readonly Disclosure[]): void {
    if (event.type === 'search.removed') this.#byId.delete(event.search)
    if (event.type !== 'search.saved') return
    const name = valueOf(disclosures, 'searchName')
    const query = valueOf(disclosures, 'query')
    const texts = { ...(name !== undefined && { name }), ...(query !== undefined && { query }) }
    this.#byId.set(event.search, { person: event.person, ...texts })
  }

  /** Drops what is covered: of the person’s own, and wherever others named them. */
  forget(id: string, values: ReadonlySet<string>, covers: (name: string) => boolean): void {
    const goes = (saved: SavedSearch, name: string, text: string | undefined) =>
      covers(name) && (saved.person === id || mentions(text ?? '', values))
    for (const [search, saved] of this.#byId) {
      const name = goes(saved, 'searchName', saved.name) ? undefined : saved.name
      const query = goes(saved, 'query', saved.query) ? undefined : saved.query
      const texts = { ...(name !== undefined && { name }), ...(query !== undefined && { query }) }
      this.#byId.set(search, { person: saved.person, ...texts })
    }
  }
}
