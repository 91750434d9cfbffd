/** Leaves of a plan from one end: no segment is looked at behind the one that fills the page. */

import { bitsBetween, intersect, offsetsOf } from './bits.ts'
import type { Part } from './plan.ts'
import type { Direction } from './segments.ts'

/** `from` is included, `to` is not. */
export type Stretch = { readonly from: number; readonly to: number }

/** At most `limit` leaf indices of the stretch, in the order of the parts. */
export function pageOf(parts: Iterable<Part>, { from, to }: Stretch, direction: Direction, limit: number): number[] {
  const found: number[] = []
  for (const { segment, bits } of parts) {
    const own = bitsBetween(from - segment.start, to - segment.start)
    intersect(own, bits)
    const offsets = direction === 'ASC' ? offsetsOf(own) : offsetsOf(own).toReversed()
    for (const offset of offsets.slice(0, limit - found.length)) found.push(segment.start + offset)
    if (found.length >= limit) break
  }
  return found
}
