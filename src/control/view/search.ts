/** The trail as it is asked for: a query with names of people in it becomes one over ids, and rows get their names back. */

import { traces } from '../../domain/trail.ts'
import { parseQuery } from '../../match/parse.ts'
import { isProblem, type Expression, type Query, type QueryProblem, type TextTest } from '../../match/query.ts'
import type { Tally } from '../../index/summary.ts'
import { instantOf } from './phrase.ts'
import { rowOf } from './row.ts'
import type { Leaves } from './shape.ts'
import type { Sight } from './sight.ts'
import { whoOf } from './who.ts'

export type LeavesRequest = {
  readonly q?: string | undefined
  readonly after?: number | undefined
  readonly before?: number | undefined
  /** 1 to 500, 100 unless said. */
  readonly limit?: number | undefined
}

/** All but what only says that somebody looked. */
export const noTrace: Expression = {
  kind: 'not',
  of: { kind: 'any', of: [...traces].map((is) => ({ kind: 'test', field: 'type', test: { is } })) },
}

const MAX_ROWS = 500
const DEFAULT_ROWS = 100

/** Newest first unless `after` is given. A problem when the query cannot be read. */
export async function searchLeaves(
  { q = '', after, before, limit = DEFAULT_ROWS }: LeavesRequest,
  sight: Sight,
): Promise<Leaves | QueryProblem> {
  const query = understand(q, sight)
  if (isProblem(query)) return query
  const page = {
    limit: Math.min(MAX_ROWS, Math.max(1, limit)),
    ...(after !== undefined && { after }),
    ...(before !== undefined && { before }),
  }
  const { rows, total, next, facets, histogram, tally, treeSize, lag } = await sight.trail.search({ query, ...page })
  return sight.told(() => ({
    rows: rows.map((row) => rowOf(row, sight)),
    total,
    ...(next !== undefined && { next }),
    head: { treeSize, lag },
    facets: { outcome: { ...facets.outcome }, kind: { ...facets.kind }, type: { ...facets.type } },
    histogram: histogram.map(({ from, to, ...counts }) => ({ from: instantOf(from), to: instantOf(to), ...counts })),
    ...(tally && { counts: countsOf(tally, sight) }),
  }))
}

export function isLeaves(answer: Leaves | QueryProblem): answer is Leaves {
  return 'rows' in answer
}

/** The query as the index understands it: people by id. A handle that nobody has stays as it is, and so finds nothing. */
export function understand(q: string, sight: Sight): Query | QueryProblem {
  const parsed = parseQuery(q, sight.at)
  return isProblem(parsed) ? parsed : { ...parsed, where: resolve(parsed.where, sight) }
}

function resolve(where: Expression, sight: Sight): Expression {
  switch (where.kind) {
    case 'all':
    case 'any':
      return { kind: where.kind, of: where.of.map((part) => resolve(part, sight)) }
    case 'not':
      return { kind: 'not', of: resolve(where.of, sight) }
    case 'test':
      return resolveTest(where, sight)
    case 'words':
      return { kind: 'any', of: [where, ...peopleNamed(where.words.join(' '), sight).flatMap(mentions)] }
    default:
      return where
  }
}

function resolveTest(where: TextTest, { directory }: Sight): TextTest {
  if ((where.field !== 'who' && where.field !== 'id') || !('is' in where.test)) return where
  return { ...where, test: { is: directory.find(where.test.is) ?? where.test.is } }
}

/** The index holds no names; a word that is part of one also finds what names that person by id. */
function peopleNamed(word: string, { state, directory }: Sight): string[] {
  return [...state.people.keys()].filter((id) => {
    const { handle, name } = directory.person(id) ?? {}
    return [handle, name].some((text) => text?.toLowerCase().includes(word))
  })
}

function mentions(id: string): Expression[] {
  return [
    { kind: 'test', field: 'who', test: { is: id } },
    { kind: 'words', words: [id], isOpen: false },
  ]
}

function countsOf({ by, values }: Tally, sight: Sight): NonNullable<Leaves['counts']> {
  return {
    by,
    values: values.map(({ value, count }) => ({ value, count, ...(by === 'who' && { who: whoOf(value, sight) }) })),
  }
}
