/** Leaves of a plan from one end: no segment is looked at behind the one that fills the page. */

import { offsetsOf } from './bits.ts'
import { partsOf, type Plan } from './plan.ts'
import type { Direction, Segments } from './segments.ts'

/** At most `limit` leaf indices, in that order. */
export function pageOf(plan: Plan, direction: Direction, limit: number, segments: Segments): number[] {
  const found: number[] = []
  for (const { segment, bits } of partsOf(plan, segments, direction)) {
    const offsets = direction === 'ASC' ? offsetsOf(bits) : offsetsOf(bits).toReversed()
    for (const offset of offsets.slice(0, limit - found.length)) found.push(segment.start + offset)
    if (found.length >= limit) break
  }
  return found
}
