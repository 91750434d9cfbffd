/** The entries that exist, in the order of a day, with the counts of what waits for this person. */

import { useAlerts, useReleases } from '../api/query.ts'
import { join } from '../part/class.ts'
import { Icon, type IconName } from '../part/icon.tsx'
import type { Place } from '../place.ts'
import { Link } from '../router.tsx'
import styles from './navigation.module.css'

type Entry = {
  readonly to: Place
  readonly icon: IconName
  readonly label: string
  readonly pages: readonly Place['page'][]
}

const DAILY: readonly Entry[] = [
  { to: { page: 'overview' }, icon: 'overview', label: 'Overview', pages: ['overview'] },
  { to: { page: 'approvals' }, icon: 'check', label: 'Approvals', pages: ['approvals'] },
  { to: { page: 'releases' }, icon: 'release', label: 'Releases', pages: ['releases', 'release'] },
  { to: { page: 'trail' }, icon: 'trail', label: 'Trail', pages: ['trail'] },
  { to: { page: 'alerts' }, icon: 'alert', label: 'Alerts', pages: ['alerts'] },
]

const GOVERN: readonly Entry[] = [{ to: { page: 'people' }, icon: 'person', label: 'People', pages: ['people'] }]

const PROVE: readonly Entry[] = [{ to: { page: 'verify' }, icon: 'shield', label: 'Verify', pages: ['verify'] }]

type Props = { readonly place: Place; readonly onFollow: () => void }

export function Navigation({ place, onFollow }: Props) {
  const releases = useReleases('waiting')
  const alerts = useAlerts()
  const counts: Readonly<Record<string, { count: number; what: string }>> = {
    Approvals: { count: (releases.data ?? []).filter((each) => each.you.canApprove).length, what: 'you can sign' },
    Alerts: { count: (alerts.data ?? []).filter((each) => !each.acknowledged).length, what: 'not acknowledged' },
  }
  const items = (entries: readonly Entry[]) =>
    entries.map((entry) => (
      <li key={entry.label}>
        <Link
          to={entry.to}
          onClick={onFollow}
          className={join(styles.entry, entry.pages.includes(place.page) && styles.here)}
          aria-current={entry.pages.includes(place.page) ? 'page' : undefined}
        >
          <Icon name={entry.icon} />
          {entry.label}
          <Count {...(counts[entry.label] ?? { count: 0, what: '' })} />
        </Link>
      </li>
    ))
  return (
    <nav aria-label="Main">
      <ul className={styles.list}>{items(DAILY)}</ul>
      <h2 className={styles.group}>Govern</h2>
      <ul className={styles.list}>{items(GOVERN)}</ul>
      <h2 className={styles.group}>Prove</h2>
      <ul className={styles.list}>{items(PROVE)}</ul>
    </nav>
  )
}

function Count({ count, what }: { readonly count: number; readonly what: string }) {
  if (count === 0) return null
  return (
    <span className={styles.count} title={`${count} ${what}`}>
      {count}
    </span>
  )
}
