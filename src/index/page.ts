/** Rows of a plan from one end, looked for in windows that grow: what is frequent is found at once, what is rare soon. */

import { BLOCK } from './count.ts'
import { conditionOfPlan, type Plan } from './plan.ts'
import type { Tables } from './summary.ts'

const FIRST_WINDOW = 16_384
const GROWTH = 4

export type Direction = 'ASC' | 'DESC'

/** At most `limit` leaves of the plan as they are stored, in that order. */
export function pageOf(plan: Plan, direction: Direction, limit: number, tables: Tables): Record<string, unknown>[] {
  return collect('leaf.*', plan, direction, limit, tables)
}

/** The first and the last leaf that a plan finds. */
export function endsOf(plan: Plan, tables: Tables): { readonly first: number; readonly last: number } | undefined {
  const [last] = collect('leaf_index', plan, 'DESC', 1, tables)
  if (!last) return undefined
  const [first] = collect('leaf_index', { ...plan, to: Number(last['leaf_index']) + 1 }, 'ASC', 1, tables)
  return { first: Number(first!['leaf_index']), last: Number(last['leaf_index']) }
}

function collect(
  columns: 'leaf.*' | 'leaf_index',
  plan: Plan,
  direction: Direction,
  limit: number,
  tables: Tables,
): Record<string, unknown>[] {
  const { sql, values } = conditionOfPlan(plan)
  const order = `ORDER BY leaf_index ${direction} LIMIT ?`
  const statement = tables.database.prepare(`SELECT ${columns} FROM leaf WHERE ${sql} ${order}`)
  const found: Record<string, unknown>[] = []
  for (const window of windowsOf(plan, direction, tables)) {
    found.push(...statement.all(window, ...values, limit - found.length))
    if (found.length >= limit) break
  }
  return found
}

type Window = { readonly from: number; readonly to: number }

/** Where a shape is rare, only the blocks that have it are read. */
function* windowsOf(
  { from, to, shapes, rest }: Plan,
  direction: Direction,
  { counts }: Tables,
): Generator<Window, void> {
  if (!shapes || rest) {
    yield* growing(from, to, direction)
    return
  }
  const blocks = counts.holding(shapes, from, to)
  for (const block of direction === 'ASC' ? blocks : blocks.toReversed())
    yield { from: Math.max(from, block * BLOCK), to: Math.min(to, (block + 1) * BLOCK) }
}

function* growing(from: number, to: number, direction: Direction): Generator<Window, void> {
  let [low, high, width] = [from, to, FIRST_WINDOW]
  while (low < high) {
    const window =
      direction === 'ASC'
        ? { from: low, to: Math.min(high, low + width) }
        : { from: Math.max(low, high - width), to: high }
    yield window
    if (direction === 'ASC') low = window.to
    else high = window.from
    width *= GROWTH
  }
}
