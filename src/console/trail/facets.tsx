/** Saved searches, and counts by decision, kind of actor and room; each count is a link that turns its filter on or off. */

import type { Leaves } from '../api/shape.ts'
import { join } from '../part/class.ts'
import { formatCount } from '../part/words.ts'
import { Link } from '../router.tsx'
import styles from './facets.module.css'
import { countRooms, hasTerm, toggleTerm } from './query.ts'
import { Saved } from './saved.tsx'

type Count = readonly [label: string, count: number, term: string]

const OUTCOMES = ['allowed', 'refused', 'waiting', 'recorded'] as const
const KINDS: Readonly<Record<string, string>> = { agent: 'AI agent' }

export function Facets({ q, facets }: { readonly q: string; readonly facets: Leaves['facets'] | undefined }) {
  const counts = (key: 'outcome' | 'kind', order: readonly string[]): Count[] =>
    order.flatMap((value) => {
      const count = facets?.[key][value]
      return count === undefined ? [] : [[KINDS[value] ?? value, count, `${key}:${value}`]]
    })
  const rooms = countRooms(facets?.type ?? {}).map(([room, count]): Count => [room, count, `type:${room}.*`])
  return (
    <details className={styles.facets} open={!matchMedia('(max-width: 900px)').matches}>
      <summary className={styles.summary}>Filters</summary>
      <div className={styles.groups}>
        <Saved q={q} />
        <Group title="Decision" q={q} counts={counts('outcome', OUTCOMES)} />
        <Group title="Actor kind" q={q} counts={counts('kind', ['person', 'job', 'agent', 'system'])} />
        <Group title="Action" q={q} counts={rooms} />
      </div>
    </details>
  )
}

type GroupProps = { readonly title: string; readonly q: string; readonly counts: readonly Count[] }

function Group({ title, q, counts }: GroupProps) {
  if (counts.length === 0) return null
  return (
    <section aria-label={title}>
      <h2 className={styles.title}>{title}</h2>
      <ul>
        {counts.map(([label, count, term]) => {
          const next = toggleTerm(q, term)
          const on = hasTerm(q, term)
          return (
            <li key={term}>
              <Link
                className={join(styles.facet, on && styles.on)}
                to={{ page: 'trail', q: next }}
                aria-current={on || undefined}
                title={term}
              >
                <span>{label}</span>
                <span>{formatCount(count)}</span>
              </Link>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
