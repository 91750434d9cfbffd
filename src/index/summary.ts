/** Counts over what a query finds: exact, and of one reading of the table, so that facets always add up to their total. */

import type { DatabaseSync } from 'node:sqlite'
import type { CountField } from '../match/query.ts'
import type { Counts } from './count.ts'
import { endsOf } from './page.ts'
import { conditionOfPlan, type Plan } from './plan.ts'
import type { Shape, Shapes } from './shape.ts'

export type Facets = Readonly<Record<'outcome' | 'kind' | 'type', Readonly<Record<string, number>>>>
/** `from` is included, `to` is not; milliseconds since the epoch. */
export type Bar = { readonly from: number; readonly to: number; readonly total: number; readonly refused: number }
/** The histogram has 24 bars of one width over the time of the rows, or none when there are no rows. */
export type Summary = { readonly total: number; readonly facets: Facets; readonly histogram: readonly Bar[] }
/** Most frequent first. */
export type Tally = {
  readonly by: CountField
  readonly values: readonly { readonly value: string; readonly count: number }[]
}

export type Tables = { readonly database: DatabaseSync; readonly shapes: Shapes; readonly counts: Counts }

const BARS = 24
const NOTHING: Summary = { total: 0, facets: { outcome: {}, kind: {}, type: {} }, histogram: [] }

type Group = { readonly bar: number; readonly shape: number; readonly n: number }

export function summarize(plan: Plan, tables: Tables): Summary {
  const ends = endsOf(plan, tables)
  if (!ends) return NOTHING
  const [first, last] = [tables.counts.at(ends.first), tables.counts.at(ends.last)]
  const width = Math.max(1, Math.ceil((last - first + 1) / BARS))
  const within = { ...plan, from: ends.first, to: ends.last + 1 }
  const groups = plan.rest ? groupsBySearch(within, first, width, tables) : groupsByBlock(within, first, width, tables)
  const shapeOf = (group: Group) => tables.shapes.get(group.shape)
  const facet = (by: 'outcome' | 'kind' | 'type') => tally(groups, (group) => shapeOf(group)[by])
  return {
    total: sum(groups),
    facets: { outcome: facet('outcome'), kind: facet('kind'), type: facet('type') },
    histogram: Array.from({ length: BARS }, (_, bar) => {
      const own = groups.filter((group) => group.bar === bar)
      const refused = own.filter((group) => shapeOf(group).outcome === 'refused')
      return { from: first + bar * width, to: first + (bar + 1) * width, total: sum(own), refused: sum(refused) }
    }),
  }
}

function groupsBySearch(plan: Plan, first: number, width: number, { database }: Tables): Group[] {
  const { sql, values } = conditionOfPlan(plan)
  const statement = `SELECT CAST((at - ?) / ? AS INTEGER) AS bar, shape, count(*) AS n FROM leaf WHERE ${sql} GROUP BY 1, 2`
  const { from, to } = plan
  return database.prepare(statement).all({ from, to }, first, width, ...values) as unknown as Group[]
}

function groupsByBlock({ from, to, shapes }: Plan, first: number, width: number, { counts }: Tables): Group[] {
  const starts = Array.from({ length: BARS + 1 }, (_, bar) =>
    bar === 0 ? from : bar === BARS ? to : counts.firstSince(first + bar * width, to),
  )
  return starts.slice(0, BARS).flatMap((start, bar) => {
    const found = counts.between(start, Math.max(start, starts[bar + 1]!))
    return [...found].filter(([shape]) => !shapes || shapes.has(shape)).map(([shape, n]) => ({ bar, shape, n }))
  })
}

function sum(groups: readonly { readonly n: number }[]): number {
  return groups.reduce((total, { n }) => total + n, 0)
}

function tally<G extends { readonly n: number }>(
  groups: readonly G[],
  by: (group: G) => string,
): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const group of groups) counts[by(group)] = (counts[by(group)] ?? 0) + group.n
  return counts
}

/** `| count by`: values that are absent are not counted. */
export function countBy(by: CountField, top: number, plan: Plan, { database, shapes }: Tables): Tally {
  const column = by === 'who' ? 'who' : by === 'resource' ? 'resource_id' : 'shape'
  const { sql, values } = conditionOfPlan(plan)
  const bound = column === 'shape' ? '' : `AND ${column} IS NOT NULL`
  const limit = column === 'shape' ? '' : `ORDER BY n DESC, value LIMIT ${Math.trunc(top)}`
  const statement = `SELECT ${column} AS value, count(*) AS n FROM leaf WHERE ${sql} ${bound} GROUP BY 1 ${limit}`
  const { from, to } = plan
  const rows = database.prepare(statement).all({ from, to }, ...values) as unknown as {
    value: string | number
    n: number
  }[]
  if (column !== 'shape') return { by, values: rows.map(({ value, n }) => ({ value: String(value), count: n })) }
  const counts = new Map<string, number>()
  for (const { value, n } of rows) {
    const text = shapeValue(shapes.get(Number(value)), by)
    if (text !== undefined) counts.set(text, (counts.get(text) ?? 0) + n)
  }
  const ranked = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
  return { by, values: ranked.slice(0, top).map(([value, count]) => ({ value, count })) }
}

function shapeValue(shape: Shape, by: CountField): string | undefined {
  return by === 'env' ? shape.environment : shape[by as 'type' | 'outcome' | 'kind' | 'reason']
}
