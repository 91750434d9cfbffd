/** A drag over the bars marks a stretch, letting go asks for it; a click is a drag over one bar. */

import { useRef, useState, type PointerEvent } from 'react'
import styles from './histogram.module.css'

/** Bars `first` up to `end`, which is not in it. */
export type Stretch = { readonly first: number; readonly end: number }

type Props = {
  readonly count: number
  /** What a bar says of itself. */
  readonly tell: (bar: number) => string
  readonly marked: Stretch | undefined
  readonly mark: (stretch: Stretch | undefined) => void
  readonly apply: (stretch: Stretch) => void
}

export function Brush({ tell, ...props }: Props) {
  const { count, marked } = props
  const [hover, setHover] = useState<number>()
  const { barAt, begin, drag, release, cancel } = useDrag(props)
  const move = (event: PointerEvent<HTMLDivElement>) => {
    setHover(barAt(event))
    drag(event)
  }
  return (
    <div
      className={styles.brush}
      onPointerDown={begin}
      onPointerMove={move}
      onPointerUp={release}
      onPointerCancel={cancel}
      onPointerLeave={() => setHover(undefined)}
      title={hover === undefined ? undefined : tell(hover)}
    >
      {marked && (
        <div
          className={styles.marked}
          style={{ left: percent(marked.first, count), right: percent(count - marked.end, count) }}
        />
      )}
    </div>
  )
}

function useDrag({ count, mark, apply }: Omit<Props, 'tell'>) {
  const anchor = useRef<number | undefined>(undefined)
  const barAt = (event: PointerEvent<HTMLDivElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect()
    return Math.min(count - 1, Math.max(0, Math.floor(((event.clientX - left) / width) * count)))
  }
  const stretchTo = (bar: number): Stretch => {
    const from = anchor.current ?? bar
    return { first: Math.min(from, bar), end: Math.max(from, bar) + 1 }
  }
  const begin = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0) return
    event.currentTarget.setPointerCapture(event.pointerId)
    anchor.current = barAt(event)
    mark(stretchTo(anchor.current))
  }
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (anchor.current !== undefined) mark(stretchTo(barAt(event)))
  }
  const release = (event: PointerEvent<HTMLDivElement>) => {
    if (anchor.current === undefined) return
    const stretch = stretchTo(barAt(event))
    anchor.current = undefined
    apply(stretch)
  }
  const cancel = () => {
    anchor.current = undefined
    mark(undefined)
  }
  return { barAt, begin, drag, release, cancel }
}

function percent(part: number, whole: number): string {
  return `${(part / whole) * 100}%`
}
