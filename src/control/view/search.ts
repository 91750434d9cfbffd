/** The trail as it is asked for: a query with names of people in it becomes one over ids, and rows get their names back. */

import { isProblem, parseQuery, type Query, type QueryProblem, type Term } from '../../match/query.ts'
import { instantOf } from './phrase.ts'
import { rowOf } from './row.ts'
import type { Leaves } from './shape.ts'
import type { Sight } from './sight.ts'

export type LeavesRequest = {
  readonly q?: string | undefined
  readonly after?: number | undefined
  readonly before?: number | undefined
  /** 1 to 500, 100 unless said. */
  readonly limit?: number | undefined
}

const MAX_ROWS = 500
const DEFAULT_ROWS = 100

/** Newest first unless `after` is given. A problem when the query cannot be read. */
export function searchLeaves(
  { q = '', after, before, limit = DEFAULT_ROWS }: LeavesRequest,
  sight: Sight,
): Leaves | QueryProblem {
  const parsed = parseQuery(q)
  if (isProblem(parsed)) return parsed
  const page = {
    limit: Math.min(MAX_ROWS, Math.max(1, limit)),
    ...(after !== undefined && { after }),
    ...(before !== undefined && { before }),
  }
  const { rows, total, next, facets, histogram } = sight.trail.search({ query: resolve(parsed, sight), ...page })
  return {
    rows: rows.map((row) => rowOf(row, sight)),
    total,
    ...(next !== undefined && { next }),
    head: { treeSize: sight.trail.size },
    facets: { outcome: { ...facets.outcome }, kind: { ...facets.kind }, type: { ...facets.type } },
    histogram: histogram.map(({ from, to, ...counts }) => ({ from: instantOf(from), to: instantOf(to), ...counts })),
  }
}

export function isLeaves(answer: Leaves | QueryProblem): answer is Leaves {
  return 'rows' in answer
}

function resolve(query: Query, sight: Sight): Query {
  return query.map((term) => resolveTerm(term, sight))
}

/** A handle that nobody has stays as it is, and so finds nothing. */
function resolveTerm(term: Term, sight: Sight): Term {
  if (term.field === 'text') return { ...term, texts: [...term.texts, ...peopleNamed(term.texts[0]!, sight)] }
  if (term.field === 'who' || term.field === 'id')
    return { ...term, value: sight.directory.find(term.value) ?? term.value }
  return term
}

/** The index holds no names; a word that is part of one also finds what names that person by id. */
function peopleNamed(word: string, { state, directory }: Sight): string[] {
  const wanted = word.toLowerCase()
  return [...state.people.keys()].filter((id) => {
    const { handle, name } = directory.person(id) ?? {}
    return [handle, name].some((text) => text?.toLowerCase().includes(wanted))
  })
}
