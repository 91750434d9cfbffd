/** Saved searches as the command line calls them: `@name`, one's own before those that others share. */

import * as z from '../bytes/schema.ts'
import type { Client } from './client.ts'
import { leafIndex, shown, who } from './contract.ts'
import { Failure } from './failure.ts'
import { printable } from './text.ts'

const saved = z.object({
  search: shown,
  name: shown.optional(),
  query: shown.optional(),
  isShared: z.boolean(),
  isOwn: z.boolean(),
  by: who,
  leafIndex,
})
export const savedSearches = z.object({ searches: z.array(saved).max(100_000) })
export type SavedSearch = z.infer<typeof saved>

export async function listSearches(client: Client): Promise<SavedSearch[]> {
  return (await client.get('/api/v1/searches', savedSearches)).searches
}

/** Throws a Failure when no search, or more than one, has that name or id. Names are compared without regard to case. */
export async function findSearch(nameOrId: string, client: Client): Promise<SavedSearch> {
  const wanted = nameOrId.replace(/^@/, '')
  const all = await listSearches(client)
  const means = ({ search, name }: SavedSearch) =>
    search === wanted || name?.normalize('NFKC').toLowerCase() === wanted.normalize('NFKC').toLowerCase()
  const own = all.filter((search) => search.isOwn && means(search))
  const found = own.length > 0 ? own : all.filter(means)
  const next = 'countersign trail searches'
  if (found.length === 0)
    throw new Failure('notFound', 'no_such_search', `there is no saved search ${printable(wanted)}`, { next })
  if (found.length > 1) {
    const ids = found.map(({ search }) => search).join(', ')
    throw new Failure('usage', 'ambiguous_search', `several people share a search ${printable(wanted)}: ${ids}`, {
      next: `countersign trail @${found[0]!.search}`,
    })
  }
  return found[0]!
}

/** What a search is asked by: its own words, or `@name` alone for a saved one. */
export async function askedBy(query: readonly string[], client: Client): Promise<Readonly<Record<string, string>>> {
  const [first, ...rest] = query
  if (first === undefined) return {}
  if (rest.length > 0 || !/^@\S/.test(first)) return { q: query.join(' ') }
  return { search: (await findSearch(first, client)).search }
}
