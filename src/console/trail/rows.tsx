/** The rows of the trail as sentences, under the picture of when they happened. */

import { useEffect, useRef } from 'react'
import type { Leaves, Row } from '../api/shape.ts'
import { Empty } from '../part/answer.tsx'
import { Button } from '../part/button.tsx'
import { join } from '../part/class.ts'
import { Name } from '../part/name.tsx'
import { OutcomePill } from '../part/pill.tsx'
import { ProofLink } from '../part/proof-link.tsx'
import table from '../part/table.module.css'
import { formatClock, formatDay, formatExact } from '../part/words.ts'
import { Link } from '../router.tsx'
import { Histogram } from './histogram.tsx'
import styles from './rows.module.css'

type Props = {
  readonly rows: readonly Row[]
  readonly histogram: Leaves['histogram']
  readonly q: string
  readonly selected: number | undefined
  readonly more: (() => void) | undefined
  readonly busy: boolean
}

export function Rows({ rows, histogram, q, selected, more, busy }: Props) {
  if (rows.length === 0)
    return <Empty title={q ? 'No leaf answers to this filter.' : 'The log holds no leaf that you may read.'} />
  return (
    <>
      <Histogram bars={histogram} q={q} />
      <table className={join(table.table, styles.rows)}>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Who</th>
            <th scope="col">Did what</th>
            <th scope="col">Decision</th>
            <th scope="col">Leaf</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <TrailRow key={row.leafIndex} row={row} q={q} here={row.leafIndex === selected} />
          ))}
        </tbody>
      </table>
      {more && (
        <p className={styles.more}>
          <Button onClick={more} busy={busy}>
            Older leaves
          </Button>
        </p>
      )}
    </>
  )
}

function TrailRow({ row, q, here }: { readonly row: Row; readonly q: string; readonly here: boolean }) {
  const element = useRef<HTMLTableRowElement>(null)
  useEffect(() => {
    if (here) element.current?.scrollIntoView({ block: 'nearest' })
  }, [here])
  const today = new Date(row.at).toDateString() === new Date().toDateString()
  return (
    <tr ref={element} className={join(styles.row, here && styles.here)}>
      <td className={join(table.mono, styles.time)}>
        <time dateTime={row.at} title={formatExact(row.at)}>
          {!today && <span className={styles.day}>{formatDay(row.at)} </span>}
          {formatClock(row.at)}
        </time>
      </td>
      <td className={styles.who}>
        <Name who={row.who} />
      </td>
      <td className={styles.what}>
        <Link
          className={styles.sentence}
          to={{ page: 'trail', q, leaf: row.leafIndex }}
          title={row.sentence}
          aria-current={here || undefined}
          data-row
        >
          {row.sentence}
        </Link>
      </td>
      <td className={styles.outcome}>
        <OutcomePill outcome={row.outcome} />
      </td>
      <td className={styles.leaf}>
        <ProofLink leafIndex={row.leafIndex} hash={false} />
      </td>
    </tr>
  )
}
