/** What was allowed and refused, step by step: for the overview, read from what is known of whole segments. */

import { countsBetween } from './count.ts'
import type { Tables } from './summary.ts'

export type Activity = {
  readonly buckets: readonly { readonly from: number; readonly allowed: number; readonly refused: number }[]
  readonly byReason: readonly { readonly reason: string; readonly count: number }[]
}

/** What was allowed and refused from `from` on, in `buckets` steps of `bucketMs`; refusals by reason, most first. */
export function activity({ segments, shapes }: Tables, from: number, bucketMs: number, buckets: number): Activity {
  const starts = Array.from({ length: buckets + 1 }, (_, bucket) => segments.firstSince(from + bucket * bucketMs))
  const reasons = new Map<string, number>()
  const steps = starts.slice(0, buckets).map((start, bucket) => {
    const step = { from: from + bucket * bucketMs, allowed: 0, refused: 0 }
    for (const [id, n] of countsBetween(start, starts[bucket + 1]!, segments)) {
      const { outcome, reason } = shapes.get(id)
      if (outcome === 'allowed' || outcome === 'refused') step[outcome] += n
      if (outcome === 'refused' && reason) reasons.set(reason, (reasons.get(reason) ?? 0) + n)
    }
    return step
  })
  const byReason = [...reasons].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count)
  return { buckets: steps, byReason }
}
