/** How a query is answered: which leaves it can be about, which shapes they have, and what is left to ask of each. */

import type { Expression } from '../match/query.ts'
import { conditionOf, join, leavesBetween, shapeCondition, type Compiler, type Condition } from './condition.ts'
import { isAboutShape } from './shape.ts'

export type Plan = {
  /** Leaf indices: `from` is included, `to` is not. */
  readonly from: number
  readonly to: number
  /** Undefined: any. */
  readonly shapes: ReadonlySet<number> | undefined
  /** Undefined when range and shapes say it all. */
  readonly rest: Condition | undefined
}

export function planOf(where: Expression, size: number, compiler: Compiler): Plan {
  const parts = conjuncts(where)
  const ranges = parts.filter((part) => part.kind === 'between').map((part) => leavesBetween(part, compiler))
  const shaped = parts.filter((part) => part.kind !== 'between' && isAboutShape(part))
  const rest = parts.filter((part) => part.kind !== 'between' && !isAboutShape(part))
  return {
    from: Math.min(size, Math.max(0, ...ranges.map(({ from }) => from))),
    to: Math.min(size, ...ranges.map(({ to }) => to)),
    shapes: shaped.length > 0 ? compiler.shapes.matching({ kind: 'all', of: shaped }) : undefined,
    rest: rest.length > 0 ? conditionOf({ kind: 'all', of: rest }, compiler) : undefined,
  }
}

function conjuncts(where: Expression): readonly Expression[] {
  return where.kind === 'all' ? where.of.flatMap(conjuncts) : [where]
}

/** What holds of a row between `$from` and `$to`. */
export function conditionOfPlan({ shapes, rest }: Plan): Condition {
  const bounds = { sql: 'leaf_index >= $from AND leaf_index < $to', values: [] }
  return join([bounds, ...(rest ? [rest] : []), ...(shapes ? [shapeCondition(shapes)] : [])], 'AND')
}
