/** How a query is answered: which leaves it can be about, and what is left to ask of each segment of them. */

import type { Expression } from '../match/query.ts'
import type { Bits } from './bits.ts'
import { isEmpty } from './bits.ts'
import { conditionOf, leavesBetween, type Compiler, type Condition } from './condition.ts'
import type { Segment } from './segment.ts'
import type { Direction, Segments } from './segments.ts'

export type Plan = {
  /** Leaf indices: `from` is included, `to` is not. */
  readonly from: number
  readonly to: number
  readonly condition: Condition
}

/** Leaves of one segment, at least one. */
export type Part = { readonly segment: Segment; readonly bits: Bits }

export function planOf(where: Expression, size: number, compiler: Compiler): Plan {
  const parts = conjuncts(where)
  const ranges = parts.filter((part) => part.kind === 'between').map((part) => leavesBetween(part, compiler))
  const rest = parts.filter((part) => part.kind !== 'between')
  return {
    from: Math.min(size, Math.max(0, ...ranges.map(({ from }) => from))),
    to: Math.min(size, ...ranges.map(({ to }) => to)),
    condition: conditionOf({ kind: 'all', of: rest }, compiler),
  }
}

function conjuncts(where: Expression): readonly Expression[] {
  return where.kind === 'all' ? where.of.flatMap(conjuncts) : [where]
}

/** What the plan finds, segment by segment. */
export function* partsOf(
  { from, to, condition }: Plan,
  segments: Segments,
  direction: Direction = 'ASC',
): Generator<Part, void> {
  for (const [segment, within] of segments.between(from, to, direction)) {
    const bits = condition(segment, within)
    if (!isEmpty(bits)) yield { segment, bits }
  }
}
