/**
 * A query laid over the log as it grows: which leaves it lets through. Leaf by leaf it is the predicate that the index answers
 * like; who is far behind is told by the index itself where the next ones are.
 */

import { reread } from '../../domain/leaf.ts'
import { predicateOf } from '../../match/predicate.ts'
import { isProblem, type Expression, type QueryProblem } from '../../match/query.ts'
import { indexed, rowOf } from './row.ts'
import { understand } from './search.ts'
import type { Row } from './shape.ts'
import type { Sight } from './sight.ts'

export type Sieve = {
  /** The row of this leaf, or undefined where it is not asked for. */
  pick(leafIndex: number, bytes: Uint8Array): Promise<Row | undefined>
  /** Out of `from` up to `end`: the first leaves that are asked for, and where to go on behind them. */
  leap(from: number, end: number): Promise<{ readonly found: readonly number[]; readonly next: number }>
}

const LEAP = 100

/**
 * Times and names in the query mean what they mean now, however long it is followed. `look`: what is known at each moment, of a leaf
 * that was just written, too.
 */
export function sieveOf(q: string, look: () => Sight): Sieve | QueryProblem {
  const query = understand(q, look())
  if (isProblem(query)) return query
  if (query.count) return { at: q.indexOf('|'), problem: 'what is followed is leaves; leave out | count by' }
  const { where } = query
  const isAskedFor = predicateOf(where)
  const needsDisclosures = asksForAddress(where)
  return {
    async pick(leafIndex, bytes) {
      const sight = look()
      const { leaf, disclosures } = needsDisclosures
        ? await sight.archive.open(leafIndex)
        : { leaf: reread(bytes), disclosures: [] }
      const row = indexed(leaf, leafIndex, sight.state, disclosures)
      return isAskedFor(row) ? await sight.told(() => rowOf(row, sight)) : undefined
    },
    async leap(from, end) {
      const bounds = { kind: 'between', field: 'leaf', from, to: end } as const
      const bounded = { where: { kind: 'all', of: [where, bounds] } } as const
      const { rows, next } = await look().trail.page({ query: bounded, after: from - 1, limit: LEAP })
      const found = rows.map(({ leafIndex }) => leafIndex)
      return { found, next: next === undefined ? end : found.at(-1)! + 1 }
    },
  }
}

function asksForAddress(where: Expression): boolean {
  if (where.kind === 'all' || where.kind === 'any') return where.of.some(asksForAddress)
  return where.kind === 'not' ? asksForAddress(where.of) : where.kind === 'network'
}
