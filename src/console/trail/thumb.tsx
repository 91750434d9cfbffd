/** One end of a marked stretch, moved by keyboard; its value is said as a moment. */

import type { KeyboardEvent } from 'react'
import { join } from '../part/class.ts'
import styles from './histogram.module.css'

type ThumbProps = {
  readonly name: string
  readonly value: number
  readonly min: number
  readonly max: number
  readonly count: number
  readonly text: string
  readonly move: (to: number) => void
}

export function Thumb({ name, value, min, max, count, text, move }: ThumbProps) {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: value - 1,
    ArrowDown: value - 1,
    ArrowRight: value + 1,
    ArrowUp: value + 1,
    PageDown: value - 4,
    PageUp: value + 4,
    Home: min,
    End: max,
  }
  const press = (event: KeyboardEvent) => {
    const to = steps[event.key]
    if (to === undefined) return
    event.preventDefault()
    move(Math.min(max, Math.max(min, to)))
  }
  return (
    <div
      role="slider"
      tabIndex={0}
      className={join(styles.thumb, value === count && styles.last)}
      style={{ left: `${(value / count) * 100}%` }}
      aria-label={name}
      aria-valuemin={min}
      aria-valuemax={max}
      aria-valuenow={value}
      aria-valuetext={text}
      onKeyDown={press}
    >
      <span className={styles.tip} aria-hidden="true">
        {text}
      </span>
    </div>
  )
}
