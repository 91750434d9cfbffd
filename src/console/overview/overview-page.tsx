/** Is anything waiting, wrong or unusual? One screen answers. */

import { useOverview } from '../api/query.ts'
import type { Overview } from '../api/shape.ts'
import { Answer, Empty } from '../part/answer.tsx'
import { Ago } from '../part/clock.tsx'
import { Icon } from '../part/icon.tsx'
import { Page } from '../part/page.tsx'
import { Panel } from '../part/panel.tsx'
import { formatCount } from '../part/words.ts'
import { FreezeButton } from '../freeze/freeze-dialog.tsx'
import { Frozen } from '../freeze/frozen.tsx'
import { parsePlace } from '../place.ts'
import { Link } from '../router.tsx'
import { FirstSteps } from './first-steps.tsx'
import { HourBars } from './hour-bars.tsx'
import { LogPanel } from './log-panel.tsx'
import styles from './overview.module.css'
import { ReleaseLanes } from './release-lanes.tsx'

export function OverviewPage() {
  const overview = useOverview()
  return (
    <Page title="Overview" acts={<FreezeButton />}>
      <Frozen />
      <Answer query={overview}>{(data) => <Content {...data} />}</Answer>
    </Page>
  )
}

function Content({ needsYou, releases, privilege, last24h, log }: Overview) {
  return (
    <div className={styles.grid}>
      <div className={styles.column}>
        <Panel title="Needs you" flush>
          <NeedsYou items={needsYou} />
        </Panel>
        <Panel title="Releases" aside={<Link to={{ page: 'releases' }}>all releases</Link>} flush>
          {releases.length === 0 ? <FirstSteps /> : <ReleaseLanes releases={releases} />}
        </Panel>
      </div>
      <div className={styles.column}>
        <Panel title="Privilege right now">
          <dl className={styles.figures}>
            <Figure value={privilege.grantsLive} label="credentials live" />
            <Figure value={privilege.jobsLive} label="jobs signed in" />
            <Figure value={privilege.peopleWithRoles} label="people with roles" />
          </dl>
        </Panel>
        <Panel
          title="Last 24 hours"
          aside={`${formatCount(last24h.allowed)} allowed, ${formatCount(last24h.refused)} refused`}
        >
          <HourBars hours={last24h.hours} />
          <Reasons reasons={last24h.byReason} />
        </Panel>
        <LogPanel log={log} />
      </div>
    </div>
  )
}

function NeedsYou({ items }: { readonly items: Overview['needsYou'] }) {
  if (items.length === 0) return <Empty title="Nothing waits for you." />
  return (
    <ul>
      {items.map((item) => (
        <li key={item.href + item.text} className={styles.need}>
          <Icon name={item.kind === 'approval' ? 'key' : 'alert'} className={styles[item.kind]} />
          <Need href={item.href}>{item.text}</Need>
          <Ago at={item.at} className={styles.quiet} />
        </li>
      ))}
    </ul>
  )
}

/** The approval page is a page of its own, outside of this console. */
function Need({ href, children }: { readonly href: string; readonly children: string }) {
  const url = URL.parse(href, location.origin)
  const place = url && url.origin === location.origin ? parsePlace(url) : undefined
  if (!url || !place) return <span className={styles.needText}>{children}</span>
  if (place.page !== 'nowhere')
    return (
      <Link to={place} className={styles.needText} data-row>
        {children}
      </Link>
    )
  return (
    <a href={url.pathname} className={styles.needText} data-row>
      {children}
    </a>
  )
}

function Figure({ value, label }: { readonly value: number; readonly label: string }) {
  return (
    <div className={styles.figure}>
      <dd className={styles.value}>{formatCount(value)}</dd>
      <dt className={styles.quiet}>{label}</dt>
    </div>
  )
}

function Reasons({ reasons }: { readonly reasons: Overview['last24h']['byReason'] }) {
  if (reasons.length === 0) return <p className={styles.none}>Nothing was refused.</p>
  return (
    <ul className={styles.reasons}>
      {reasons.slice(0, 6).map(({ reason, count }) => (
        <li key={reason} className={styles.reason}>
          <Link to={{ page: 'trail', q: `outcome:refused ${reason}` }}>{reason.replaceAll('_', ' ')}</Link>
          <span>{formatCount(count)}</span>
        </li>
      ))}
    </ul>
  )
}
