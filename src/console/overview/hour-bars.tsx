/** Decisions per hour, refused ones at the foot of each bar. */

import type { Overview } from '../api/shape.ts'
import { formatClock } from '../part/words.ts'
import { Bars } from '../part/bars.tsx'

export function HourBars({ hours }: { readonly hours: Overview['last24h']['hours'] }) {
  const bars = hours.map(({ from, allowed, refused }) => ({
    total: allowed + refused,
    refused,
    label: `${formatClock(from).slice(0, 5)}: ${allowed} allowed, ${refused} refused`,
  }))
  return <Bars bars={bars} height={72} label="Decisions per hour in the last 24 hours" />
}
