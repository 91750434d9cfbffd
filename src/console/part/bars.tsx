/** Counts over time as bars, what was refused at their foot; each bar says itself in words on hover. */

import styles from './bars.module.css'

export type Bar = { readonly total: number; readonly refused: number; readonly label: string }

type Props = { readonly bars: readonly Bar[]; readonly height: number; readonly label: string }

const STEP = 10
const GAP = 2

export function Bars({ bars, height, label }: Props) {
  const most = Math.max(1, ...bars.map((bar) => bar.total))
  const refused = bars.reduce((sum, bar) => sum + bar.refused, 0)
  const total = bars.reduce((sum, bar) => sum + bar.total, 0)
  const width = Math.max(1, bars.length) * STEP
  const tall = (count: number) => (count === 0 ? 0 : Math.max(2, (count / most) * (height - 4)))
  return (
    <svg
      className={styles.bars}
      viewBox={`0 0 ${width} ${height}`}
      height={height}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${label}: ${total} in all, ${refused} refused`}
    >
      <path className={styles.base} d={`M0 ${height - 0.5}H${width}`} />
      {bars.map((bar, index) => (
        <g key={index}>
          <title>{bar.label}</title>
          <rect className={styles.hit} x={index * STEP} y={0} width={STEP} height={height} />
          <Column className={styles.all} at={index} tall={tall(bar.total)} height={height} />
          <Column className={styles.refused} at={index} tall={tall(bar.refused)} height={height} />
        </g>
      ))}
    </svg>
  )
}

type ColumnProps = {
  readonly className: string | undefined
  readonly at: number
  readonly tall: number
  readonly height: number
}

function Column({ className, at, tall, height }: ColumnProps) {
  if (tall === 0) return null
  return (
    <rect className={className} x={at * STEP + GAP / 2} y={height - 1 - tall} width={STEP - GAP} height={tall} rx={1} />
  )
}
