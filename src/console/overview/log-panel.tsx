/** The health of the log in words: who checked the head, when bytes were last read back, how far each witness is. */

import type { ReactNode } from 'react'
import type { LogStatus } from '../api/shape.ts'
import { Ago } from '../part/clock.tsx'
import { Panel } from '../part/panel.tsx'
import { Badge } from '../part/proof-link.tsx'
import { cutDigest, formatCount } from '../part/words.ts'
import { useLogCheck } from '../shell/log-check.ts'
import styles from './log-panel.module.css'

export function LogPanel({ log }: { readonly log: LogStatus }) {
  const check = useLogCheck()
  const checked = check.data === undefined ? 'server' : check.data.ok ? 'here' : 'mismatch'
  return (
    <Panel title="Log" aside={<Badge checked={checked} />}>
      <dl className={styles.facts}>
        <Fact label="Origin">
          <code>{log.origin}</code>
        </Fact>
        <Fact label="Size">{formatCount(log.treeSize)} leaves</Fact>
        <Fact label="Root hash">
          <code title={log.rootHash}>{cutDigest(log.rootHash, 6)}</code>
        </Fact>
        <Fact label="Signed">
          <Ago at={log.signedAt} />
        </Fact>
        <Fact label="Stored bytes read back">{log.lastScrubAt ? <Ago at={log.lastScrubAt} /> : 'not yet'}</Fact>
        {log.witnesses.map((witness) => (
          <Fact key={witness.key} label={`Witness ${witness.name}`}>
            {witness.lag === 0 ? 'level' : `${formatCount(witness.lag)} behind`}
            {witness.cosignedAt && (
              <>
                , <Ago at={witness.cosignedAt} />
              </>
            )}
          </Fact>
        ))}
        {log.stamp && (
          <Fact label={`Time stamps of ${log.stamp.authority}`}>
            {log.stamp.trouble ??
              (log.stamp.treeSize === undefined ? 'none yet' : `${formatCount(log.stamp.treeSize)} leaves`)}
            {log.stamp.stampedAt && (
              <>
                , <Ago at={log.stamp.stampedAt} />
              </>
            )}
          </Fact>
        )}
      </dl>
      {log.witnesses.length === 0 && <p className={styles.note}>No witness cosigns this log yet.</p>}
    </Panel>
  )
}

function Fact({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div className={styles.fact}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  )
}
