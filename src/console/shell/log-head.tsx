/** The log head, on every screen: how large, how old, witnessed by whom, and whether this browser checked it. */

import { useLog } from '../api/query.ts'
import { Ago } from '../part/clock.tsx'
import { Badge } from '../part/proof-link.tsx'
import { formatCount } from '../part/words.ts'
import { useLogCheck } from './log-check.ts'
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
        Signed <Ago at={signedAt} />, {describeWitnesses(check.data?.cosigned ?? 0, witnesses)}
      </p>
    </section>
  )
}

/** Cosignatures trail the head by a moment: a witness that signed a recent head is told with its distance. */
function describeWitnesses(cosigned: number, witnesses: readonly { lag: number }[]): string {
  if (witnesses.length === 0) return 'no witness'
  const behind = Math.min(...witnesses.map((witness) => witness.lag))
  const count = `${cosigned} of ${witnesses.length} ${witnesses.length === 1 ? 'witness' : 'witnesses'}`
  return cosigned > 0 || behind <= 0 ? count : `${count}, ${formatCount(behind)} behind`
}
