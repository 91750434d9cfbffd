/** The log head, on every screen: how large, how old, witnessed by whom, and whether this browser checked it. */

import { useLog } from '../api/query.ts'
import { Ago } from '../part/clock.tsx'
import { Badge } from '../part/proof-link.tsx'
import { formatCount } from '../part/words.ts'
import { useLogCheck, type LogCheck } from './log-check.ts'
import styles from './log-head.module.css'

export function LogHead() {
  const log = useLog()
  const check = useLogCheck()
  if (!log.data)
    return <div className={styles.card}>{log.error ? 'The log head cannot be read.' : 'Reading the log head'}</div>
  const { treeSize, signedAt, witnesses, origin } = log.data
  const checked = check.data === undefined ? 'server' : check.data.ok ? 'here' : 'mismatch'
  return (
    <section
      className={styles.card}
      aria-label="Log head"
      title={`${origin}: ${check.data?.sentence ?? 'not checked yet'}`}
    >
      <div className={styles.head}>
        <span className={styles.title}>Log head</span>
        <Badge checked={checked} />
      </div>
      <p className={styles.size}>{formatCount(treeSize)} leaves</p>
      <p className={styles.age}>
        Signed <Ago at={signedAt} />, {describeWitnesses(witnesses.length, check.data, treeSize)}
      </p>
    </section>
  )
}

/** Cosignatures trail the head by a moment; by how many leaves is told. */
function describeWitnesses(count: number, check: LogCheck | undefined, treeSize: number): string {
  if (count === 0) return 'no witness'
  const words = `${check?.cosigned ?? 0} of ${count} ${count === 1 ? 'witness' : 'witnesses'}`
  const behind = check?.ok && check.cosigned > 0 ? treeSize - check.size : 0
  return behind > 0 ? `${words}, ${formatCount(behind)} behind` : words
}
