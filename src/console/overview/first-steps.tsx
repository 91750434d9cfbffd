/** Before the first release: the commands that make one, filled with this server's address. */

import { Empty } from '../part/answer.tsx'
import styles from './overview.module.css'

export function FirstSteps() {
  return (
    <Empty title="No releases yet">
      <p>On a laptop once, then in the CI job that deploys:</p>
      <pre className={styles.command} tabIndex={0}>
        {[
          `export COUNTERSIGN_URL=${location.origin}`,
          'countersign login && countersign git setup',
          'countersign run --env production -- ./deploy.sh',
        ].join('\n')}
      </pre>
    </Empty>
  )
}
