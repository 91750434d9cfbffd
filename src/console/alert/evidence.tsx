/** The leaves an alert rests on, as a small timeline. */

import { useQueries } from '@tanstack/react-query'
import { get } from '../api/client.ts'
import type { Leaf } from '../api/shape.ts'
import { Name } from '../part/name.tsx'
import { OutcomePill } from '../part/pill.tsx'
import { ProofLink } from '../part/proof-link.tsx'
import { formatClock, formatExact } from '../part/words.ts'
import styles from './alerts.module.css'

const SHOWN = 12

export function Evidence({ leaves }: { readonly leaves: readonly number[] }) {
  const shown = leaves.slice(0, SHOWN)
  const queries = useQueries({
    queries: shown.map((leafIndex) => ({
      queryKey: ['leaf', leafIndex],
      queryFn: () => get<Leaf>(`/api/v1/leaves/${leafIndex}`),
    })),
  })
  return (
    <>
      <ol className={styles.timeline}>
        {shown.map((leafIndex, index) => {
          const row = queries[index]?.data?.row
          return (
            <li key={leafIndex} className={styles.event}>
              {row ? (
                <>
                  <time className={styles.time} dateTime={row.at} title={formatExact(row.at)}>
                    {formatClock(row.at)}
                  </time>
                  <Name who={row.who} />
                  <span className={styles.what}>{row.sentence}</span>
                  <OutcomePill outcome={row.outcome} />
                </>
              ) : (
                <span className={styles.what}>{queries[index]?.error ? 'cannot be read' : 'Loading'}</span>
              )}
              <ProofLink leafIndex={leafIndex} />
            </li>
          )
        })}
      </ol>
      {leaves.length > SHOWN && <p className={styles.when}>and {leaves.length - SHOWN} more</p>}
    </>
  )
}
