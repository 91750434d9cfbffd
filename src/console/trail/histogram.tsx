/** When it happened; a stretch of it that is dragged over, or marked by keyboard, becomes the time that the query asks for. */

import { useState, type KeyboardEvent } from 'react'
import type { Leaves } from '../api/shape.ts'
import { Bars } from '../part/bars.tsx'
import { formatClock, formatDay } from '../part/words.ts'
import { go } from '../router.tsx'
import { Brush, type Stretch } from './brush.tsx'
import styles from './histogram.module.css'
import { withTime } from './query.ts'
import { Thumb } from './thumb.tsx'
import { formatRange } from './time.ts'

type Props = { readonly bars: Leaves['histogram']; readonly q: string }

export function Histogram({ bars, q }: Props) {
  const [marked, mark] = useState<Stretch>()
  const count = bars.length
  if (count === 0) return null
  const apply = (stretch: Stretch) => {
    mark(undefined)
    const [from, to] = [Date.parse(bars[stretch.first]!.from), Date.parse(bars[stretch.end - 1]!.to)]
    go({ page: 'trail', q: withTime(q, formatRange({ from, to })) })
  }
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && marked) apply(marked)
    else if (event.key === 'Escape') mark(undefined)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  const tell = (bar: number) => {
    const { from, to, total, refused } = bars[bar]!
    return `${moment(from)} to ${moment(to)}: ${total} leaves, ${refused} refused`
  }
  return (
    <div className={styles.histogram} role="group" aria-label="Time of the leaves" onKeyDown={press}>
      <Bars
        height={56}
        label="Leaves over time"
        bars={bars.map(({ total, refused }, bar) => ({ total, refused, label: tell(bar) }))}
      />
      <Brush count={count} tell={tell} marked={marked} mark={mark} apply={apply} />
      <Ends bars={bars} marked={marked ?? { first: 0, end: count }} mark={mark} />
    </div>
  )
}

type EndsProps = {
  readonly bars: Leaves['histogram']
  readonly marked: Stretch
  readonly mark: (stretch: Stretch) => void
}

function Ends({ bars, marked: { first, end }, mark }: EndsProps) {
  const count = bars.length
  return (
    <>
      <Thumb
        name="Start of the stretch; Enter asks for it"
        value={first}
        min={0}
        max={end - 1}
        count={count}
        text={moment(bars[first]!.from)}
        move={(to) => mark({ first: to, end })}
      />
      <Thumb
        name="End of the stretch; Enter asks for it"
        value={end}
        min={first + 1}
        max={count}
        count={count}
        text={moment(bars[end - 1]!.to)}
        move={(to) => mark({ first, end: to })}
      />
    </>
  )
}

function moment(at: string): string {
  return `${formatDay(at)} ${formatClock(at)}`
}
