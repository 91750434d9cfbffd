/** The signatures given so far, each with its leaf. */

import type { Release } from '../api/shape.ts'
import { Ago } from '../part/clock.tsx'
import { Name } from '../part/name.tsx'
import { Panel } from '../part/panel.tsx'
import { Pill } from '../part/pill.tsx'
import { ProofLink } from '../part/proof-link.tsx'
import styles from './approvals.module.css'

export function Approvals({ release }: { readonly release: Release }) {
  const { approvals, given, required } = release
  return (
    <Panel title="Signatures" aside={`${given} of ${required}`} flush>
      {approvals.length === 0 ? (
        <p className={styles.none}>Nobody has signed yet.</p>
      ) : (
        <ul>
          {approvals.map((approval) => (
            <li key={approval.leafIndex} className={styles.approval}>
              <Name who={approval.by} className={styles.by} />
              <span className={styles.how}>
                {approval.userVerified ? 'passkey, person verified' : 'passkey, person not verified'}
              </span>
              {approval.software && <Pill tone="wait">software key</Pill>}
              <Ago at={approval.at} className={styles.quiet} />
              <ProofLink leafIndex={approval.leafIndex} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}
