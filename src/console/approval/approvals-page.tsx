/** What must I decide? What this person can sign, what waits for others, what is decided. */

import { useReleases } from '../api/query.ts'
import type { ReleaseSummary } from '../api/shape.ts'
import { Answer, Empty } from '../part/answer.tsx'
import { Page } from '../part/page.tsx'
import { Tabs } from '../part/tabs.tsx'
import type { ApprovalTab } from '../place.ts'
import { Item } from './item.tsx'
import styles from './approvals.module.css'

const LABELS: Readonly<Record<ApprovalTab, string>> = {
  yours: 'You can sign',
  others: 'Waiting for others',
  done: 'Done',
}
const NONE: Readonly<Record<ApprovalTab, string>> = {
  yours: 'Nothing waits for you.',
  others: 'Nothing waits for anybody else.',
  done: 'Nothing was decided yet.',
}

export function ApprovalsPage({ tab }: { readonly tab: ApprovalTab }) {
  const releases = useReleases()
  const inbox = sort(releases.data ?? [])
  return (
    <Page title="Approvals">
      <Tabs
        label="Inbox"
        tabs={(['yours', 'others', 'done'] as const).map((each) => ({
          label: LABELS[each],
          to: { page: 'approvals', ...(each === 'yours' ? {} : { tab: each }) },
          here: each === tab,
          count: inbox[each].length,
        }))}
      />
      <Answer query={releases}>
        {() =>
          inbox[tab].length === 0 ? (
            <div className={styles.list}>
              <Empty title={NONE[tab]} />
            </div>
          ) : (
            <ul className={styles.list}>
              {inbox[tab].map((release) => (
                <Item key={release.release} release={release} />
              ))}
            </ul>
          )
        }
      </Answer>
    </Page>
  )
}

/** What expires first stands first; what is decided, newest first. */
function sort(releases: readonly ReleaseSummary[]): Readonly<Record<ApprovalTab, readonly ReleaseSummary[]>> {
  const waiting = releases
    .filter((each) => each.state === 'waiting')
    .toSorted((a, b) => Date.parse(a.expiresAt) - Date.parse(b.expiresAt))
  return {
    yours: waiting.filter((each) => each.you.canApprove),
    others: waiting.filter((each) => !each.you.canApprove),
    done: releases.filter((each) => each.state !== 'waiting'),
  }
}
