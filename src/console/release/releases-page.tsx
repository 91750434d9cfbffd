/** Every artifact on its way into an environment, newest first, by state. */

import { useReleases } from '../api/query.ts'
import type { ReleaseState, ReleaseSummary } from '../api/shape.ts'
import { Answer, Empty } from '../part/answer.tsx'
import { Ago } from '../part/clock.tsx'
import { Name } from '../part/name.tsx'
import { Page } from '../part/page.tsx'
import { StatePill } from '../part/pill.tsx'
import { ProofLink } from '../part/proof-link.tsx'
import table from '../part/table.module.css'
import { Tabs } from '../part/tabs.tsx'
import { FirstSteps } from '../overview/first-steps.tsx'
import { Link } from '../router.tsx'
import styles from './releases.module.css'

const STATES: readonly (readonly [ReleaseState | undefined, string])[] = [
  [undefined, 'All'],
  ['waiting', 'Waiting'],
  ['approved', 'Approved'],
  ['deploying', 'Deploying'],
  ['deployed', 'Deployed'],
  ['failed', 'Failed'],
  ['refused', 'Refused'],
  ['expired', 'Expired'],
  ['voided', 'Voided'],
]

export function ReleasesPage({ state }: { readonly state: ReleaseState | undefined }) {
  const releases = useReleases(state)
  return (
    <Page title="Releases">
      <Tabs
        label="State"
        tabs={STATES.map(([value, label]) => ({
          label,
          to: { page: 'releases', ...(value ? { state: value } : {}) },
          here: value === state,
        }))}
      />
      <div className={styles.card}>
        <Answer query={releases}>
          {(rows) =>
            rows.length > 0 ? (
              <Rows rows={rows} />
            ) : state ? (
              <Empty title={`No release is ${state}.`} />
            ) : (
              <FirstSteps />
            )
          }
        </Answer>
      </div>
    </Page>
  )
}

function Rows({ rows }: { readonly rows: readonly ReleaseSummary[] }) {
  return (
    <table className={table.table}>
      <thead>
        <tr>
          <th scope="col">Release</th>
          <th scope="col">State</th>
          <th scope="col">Requested by</th>
          <th scope="col">Fingerprint</th>
          <th scope="col">Age</th>
          <th scope="col">Leaf</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((each) => (
          <tr key={each.release} className={styles.row}>
            <td className={styles.what}>
              <Link className={styles.name} to={{ page: 'release', release: each.release }} data-row>
                {each.name}
              </Link>{' '}
              <span className={table.quiet}>to {each.environment}</span>
            </td>
            <td>
              <StatePill state={each.state} given={each.given} required={each.required} />
            </td>
            <td>
              <Name who={each.requestedBy} />
            </td>
            <td className={table.mono}>{each.fingerprint}</td>
            <td className={styles.age}>
              <Ago at={each.requestedAt} />
            </td>
            <td className={styles.leaf}>
              <ProofLink leafIndex={each.leafIndex} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
