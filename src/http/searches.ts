/** Searches that people keep: their own, and those that others share. A malformed one is never kept. */

import * as z from '../bytes/schema.ts'
import { freshId } from '../control/fresh.ts'
import * as shape from '../control/view/shape-word.ts'
import { isVisible, searchId, type SearchId } from '../domain/search.ts'
import { parseQuery } from '../match/parse.ts'
import { isProblem } from '../match/query.ts'
import type { Caller } from '../domain/leaf.ts'
import { act, type Desk } from './act.ts'
import { nothing } from './field.ts'
import type { Port } from './port.ts'
import { problem, Problem, problemOfQuery } from './problem.ts'
import { read } from './read.ts'

const name = z.string().regex(/^[\p{L}\p{N}](?:[\p{L}\p{N} ._/-]{0,62}[\p{L}\p{N}])?$/u, {
  error: 'letters and digits, with spaces and . _ / - in between, at most 64',
})
const body = z.strictObject({
  name,
  query: z.string().trim().min(1).max(1000).describe('As for /api/v1/leaves.'),
  isShared: z.boolean().default(false).describe('In the list of everyone who reads, and not of its owner alone.'),
})

const saved = z.object({
  search: z.string(),
  name: z.string().optional().describe('Absent when it was erased.'),
  query: z.string().optional(),
  isShared: z.boolean(),
  isOwn: z.boolean(),
  by: shape.who,
  leafIndex: z.int(),
})

export function searches(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/searches',
    summary: 'Searches that the caller keeps, and those that others share',
    isForPeople: true,
    answer: z.object({ searches: z.array(saved) }),
    look: ({ caller }) => ({ searches: listSearches(caller!, port) }),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/searches',
    summary: 'Keeps a search under a name, for its owner or for everyone',
    body,
    result: z.object({ search: z.string() }),
    status: 201,
    ask: ({ body: { name: searchName, query, isShared }, caller, personal, at }) => {
      const parsed = parseQuery(query, at)
      if (isProblem(parsed)) return problemOfQuery(parsed, 'body.query')
      const search = freshId('search') as SearchId
      return {
        perform: {
          command: { type: 'save search', search, isShared },
          caller,
          personal: { ...personal, searchName, query },
          given: ({ searches: kept }) => ({ isNameTaken: kept.has(caller.id, searchName) }),
        },
        result: () => ({ search }),
      }
    },
  })
  act(desk, {
    method: 'DELETE',
    url: '/api/v1/searches/:search',
    summary: 'Drops a saved search; administrators also those that others share',
    params: z.object({ search: searchId }),
    result: nothing,
    ask: ({ params: { search }, caller, personal }) => ({
      perform: { command: { type: 'remove search', search }, caller, personal },
      result: () => ({}),
    }),
  })
}

/** Oldest first. Of others' searches nothing is shown once its text was erased. */
function listSearches({ id: viewer }: Caller, { ledger, views }: Port): z.input<typeof saved>[] {
  const { searches: kept } = ledger.directory
  return [...ledger.state.searches.values()].flatMap((search) => {
    const { name: called, query } = kept.get(search.id) ?? {}
    const isOwn = search.person === viewer
    if (!isVisible(search, viewer) || (!isOwn && (called === undefined || query === undefined))) return []
    const texts = { ...(called !== undefined && { name: called }), ...(query !== undefined && { query }) }
    const { id, isShared, leafIndex, person } = search
    return [{ search: id, ...texts, isShared, isOwn, by: views.who(person), leafIndex }]
  })
}

type Asked = { readonly q?: string | undefined; readonly search?: string | undefined }

/** The query that is asked, by itself or by the search that keeps it, understood well enough to be asked. */
export function queryOf({ q, search }: Asked, { id: viewer }: Caller, port: Port): string | Problem {
  const asked = search === undefined ? (q ?? '') : keptQuery(search, viewer, port)
  if (asked instanceof Problem) return asked
  if (search !== undefined && q !== undefined)
    return problem('malformed', 'Either q or search: a saved search is asked as it was saved.')
  const parsed = parseQuery(asked, port.clock())
  return isProblem(parsed) ? problemOfQuery(parsed) : asked
}

function keptQuery(id: string, viewer: string, { ledger }: Port): string | Problem {
  const search = ledger.state.searches.get(id)
  const query = search && isVisible(search, viewer) ? ledger.directory.searches.get(id)?.query : undefined
  return query ?? problem('not_found', 'There is no such saved search.', { next: 'countersign trail searches' })
}
