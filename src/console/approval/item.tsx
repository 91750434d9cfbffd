/** One release in the inbox: what goes where, who asks, how long is left, why this person may or may not sign. */

import type { ReleaseSummary } from '../api/shape.ts'
import { Ago, Left, useNow } from '../part/clock.tsx'
import { Icon } from '../part/icon.tsx'
import { Name } from '../part/name.tsx'
import { Pill, StatePill } from '../part/pill.tsx'
import { ProofLink } from '../part/proof-link.tsx'
import { listNames } from '../part/words.ts'
import { Link } from '../router.tsx'
import styles from './approvals.module.css'

export function Item({ release }: { readonly release: ReleaseSummary }) {
  const { you, state } = release
  const waits = state === 'waiting'
  return (
    <li className={styles.item}>
      <div className={styles.head}>
        <h2 className={styles.title}>
          {waits && you.canApprove ? (
            <a className={styles.link} href={`/a/${encodeURIComponent(release.fingerprint)}`} data-row>
              {release.name} to {release.environment}
            </a>
          ) : (
            <Link className={styles.link} to={{ page: 'release', release: release.release }} data-row>
              {release.name} to {release.environment}
            </Link>
          )}
        </h2>
        <StatePill state={state} given={release.given} required={release.required} />
        {waits && (
          <Pill tone="plain" icon="clock">
            <Left at={release.expiresAt} />
          </Pill>
        )}
        <code className={styles.fingerprint}>{release.fingerprint}</code>
      </div>
      <p className={styles.facts}>
        <Name who={release.requestedBy} /> asked <Ago at={release.requestedAt} />{' '}
        <ProofLink leafIndex={release.leafIndex} />
      </p>
      {waits && (
        <p className={styles.because}>
          {you.because}
          {!you.canApprove && you.who && you.who.length > 0 && ` Can sign: ${listNames(you.who)}.`}
        </p>
      )}
      {waits && you.canApprove && (
        <p className={styles.act} aria-hidden="true">
          <Icon name="key" /> Review and sign
        </p>
      )}
      {waits && <AgeBar from={release.requestedAt} to={release.expiresAt} />}
    </li>
  )
}

/** How much of the time to decide has passed. */
function AgeBar({ from, to }: { readonly from: string; readonly to: string }) {
  const start = Date.parse(from)
  const passed = Math.min(1, Math.max(0, (useNow(5000) - start) / (Date.parse(to) - start || 1)))
  return (
    <svg className={styles.age} viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true">
      <rect className={styles.whole} width="100" height="2" />
      <rect className={passed > 0.75 ? styles.late : styles.passed} width={passed * 100} height="2" />
    </svg>
  )
}
