/** What `| count by` asked for: each value with its count, and the way to its leaves. */

import type { Leaves } from '../api/shape.ts'
import { Empty } from '../part/answer.tsx'
import { Name } from '../part/name.tsx'
import table from '../part/table.module.css'
import { formatCount } from '../part/words.ts'
import { Link } from '../router.tsx'
import { toggleTerm, withoutPipe } from './query.ts'
import styles from './tally.module.css'

type Props = { readonly counts: NonNullable<Leaves['counts']>; readonly q: string }

export function Tally({ counts: { by, values }, q }: Props) {
  if (values.length === 0) return <Empty title="No leaf answers to this filter." />
  const most = Math.max(...values.map(({ count }) => count))
  return (
    <table className={table.table}>
      <thead>
        <tr>
          <th scope="col">{by}</th>
          <th scope="col" className={styles.number}>
            Leaves
          </th>
          <th scope="col" className={styles.wide}>
            <span className={styles.hidden}>Share of the most frequent</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {values.map(({ value, count, who }) => (
          <tr key={value}>
            <td>
              <Link to={{ page: 'trail', q: narrowed(q, by, value) }} data-row>
                {who ? <Name who={who} /> : value || 'none'}
              </Link>
            </td>
            <td className={styles.number}>{formatCount(count)}</td>
            <td className={styles.wide}>
              <meter className={styles.meter} min={0} max={most} value={count} aria-label={`${count} of ${most}`} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** The leaves behind one count. */
function narrowed(q: string, by: string, value: string): string {
  const term = value === '' ? `-exists:${by}` : `${by}:${/[\s"(),|*?]/.test(value) ? JSON.stringify(value) : value}`
  return toggleTerm(withoutPipe(q), term)
}
