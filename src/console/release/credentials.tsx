/** What was lent for this release: to which target, for how much longer, and how it ended. */

import type { Grant } from '../api/shape.ts'
import { Ago, Countdown, useNow } from '../part/clock.tsx'
import { Panel } from '../part/panel.tsx'
import { Pill } from '../part/pill.tsx'
import { ProofLink } from '../part/proof-link.tsx'

import table from '../part/table.module.css'
import { cutDigest } from '../part/words.ts'
import styles from './approvals.module.css'

export function Credentials({ grants }: { readonly grants: readonly Grant[] }) {
  const now = useNow(1000)
  const live = grants.filter((grant) => isLive(grant, now)).length
  return (
    <Panel
      title="Credentials"
      aside={live > 0 ? `${live} live` : grants.length > 0 ? 'all ended' : 'none issued'}
      flush
    >
      {grants.length === 0 && (
        <p className={styles.none}>
          Nothing was lent for this release. A credential is issued only once it is approved.
        </p>
      )}
      {grants.length > 0 && (
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Target</th>
              <th scope="col">Serial</th>
              <th scope="col">State</th>
              <th scope="col">Leaf</th>
            </tr>
          </thead>
          <tbody>
            {grants.map((grant) => (
              <tr key={grant.grant}>
                <td>{grant.target}</td>
                <td className={table.mono} title={grant.serial}>
                  {cutDigest(grant.serial, 6)}
                </td>
                <td>
                  <State grant={grant} live={isLive(grant, now)} />
                </td>
                <td>
                  <ProofLink leafIndex={grant.leafIndex} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  )
}

function State({ grant, live }: { readonly grant: Grant; readonly live: boolean }) {
  if (live)
    return (
      <Pill tone="info" icon="clock">
        live, <Countdown at={grant.expiresAt} />
      </Pill>
    )
  return (
    <span className={table.quiet}>
      {grant.endedAt ? (grant.cause ?? 'ended').replaceAll('_', ' ') : 'expired'},{' '}
      <Ago at={grant.endedAt ?? grant.expiresAt} />
      {grant.cleared === false && ', refused by hosts that follow the revoked list'}
    </span>
  )
}

function isLive(grant: Grant, now: number): boolean {
  return grant.endedAt === undefined && Date.parse(grant.expiresAt) > now
}
