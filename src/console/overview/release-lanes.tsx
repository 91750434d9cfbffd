/** Releases as lanes: how far each has come between the request and production. */

import type { ReleaseState, ReleaseSummary } from '../api/shape.ts'
import { Ago } from '../part/clock.tsx'
import { join } from '../part/class.ts'
import { StatePill } from '../part/pill.tsx'
import { Link } from '../router.tsx'
import styles from './release-lanes.module.css'

type Mark = 'done' | 'now' | 'todo' | 'broken'

/** Requested, signed, credential lent, deployed. */
const LANES: Readonly<Record<ReleaseState, readonly [Mark, Mark, Mark, Mark]>> = {
  waiting: ['done', 'now', 'todo', 'todo'],
  approved: ['done', 'done', 'todo', 'todo'],
  deploying: ['done', 'done', 'done', 'now'],
  deployed: ['done', 'done', 'done', 'done'],
  failed: ['done', 'done', 'done', 'broken'],
  refused: ['done', 'broken', 'todo', 'todo'],
  expired: ['done', 'broken', 'todo', 'todo'],
  voided: ['done', 'broken', 'todo', 'todo'],
}

const STEPS = ['requested', 'signed', 'credential', 'deployed'] as const

export function ReleaseLanes({ releases }: { readonly releases: readonly ReleaseSummary[] }) {
  return (
    <ul className={styles.lanes}>
      {releases.map((each) => (
        <li key={each.release} className={styles.lane}>
          <span className={styles.what}>
            <Link className={styles.name} to={{ page: 'release', release: each.release }} data-row>
              {each.name}
            </Link>{' '}
            <span className={styles.quiet}>to {each.environment}</span>
          </span>
          <ol className={styles.track} aria-label="Progress">
            {STEPS.map((step, index) => (
              <li key={step} className={join(styles.step, styles[LANES[each.state][index]!])}>
                <span className={styles.dot} aria-hidden="true" />
                <span className={styles.word}>
                  {step}
                  <span className={styles.hidden}>: {LANES[each.state][index]}</span>
                </span>
              </li>
            ))}
          </ol>
          <span className={styles.state}>
            <StatePill state={each.state} given={each.given} required={each.required} />
          </span>
          <Ago at={each.requestedAt} className={styles.quiet} />
        </li>
      ))}
    </ul>
  )
}
