/** Which leaves a period means, in the log as it is now. */

import { read } from '../../domain/leaf.ts'
import { parseBound, type Bound } from '../../domain/package/bound.ts'
import { MAX_LEAVES } from '../../domain/package/layout.ts'
import type { Asked } from '../../domain/package/manifest.ts'
import { refuse, type Refusal } from '../../evidence/refusal.ts'
import type { Log } from '../../store/log.ts'

export type LeafRange = { readonly from: number; readonly to: number }
export type RangeRefusal = Refusal<'malformed' | 'conflict' | 'too_large'>

export async function findRange({ from, to }: Asked, log: Log): Promise<LeafRange | RangeRefusal> {
  const [first, last] = [parseBound(from, 'first'), parseBound(to, 'last')]
  if (!first || !last)
    return refuse('malformed', 'A period is from and to a leaf index, a day (2026-11-23) or an instant (…T14:02:11Z).')
  const { size } = log.head
  const range = { from: await indexOf(first, size, log), to: await indexOf(last, size, log) }
  if (range.from > size || range.to > size) return refuse('conflict', `The log ends at ${size} leaves.`)
  if (range.to <= range.from) return refuse('conflict', 'No leaf of the log is in this period.')
  if (range.to - range.from > MAX_LEAVES)
    return refuse(
      'too_large',
      `${range.to - range.from} leaves, and a package holds at most ${MAX_LEAVES}; choose a shorter period.`,
    )
  return range
}

/** The log's time never runs backwards, so the first leaf of a moment is found by halving. */
async function indexOf(bound: Bound, size: number, log: Log): Promise<number> {
  if ('leafIndex' in bound) return bound.leafIndex
  let [low, high] = [0, size]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (read(await log.leaf(middle)).at < bound.at) low = middle + 1
    else high = middle
  }
  return low
}
