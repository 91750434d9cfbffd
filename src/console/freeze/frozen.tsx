/** Environments that nothing is released into now, or soon: said where people release, with the way to end it. */

import { useState } from 'react'
import { useFreezes, useLogin } from '../api/query.ts'
import type { Freeze } from '../api/shape.ts'
import { Button } from '../part/button.tsx'
import { Icon } from '../part/icon.tsx'
import { ProofLink } from '../part/proof-link.tsx'
import { formatClock, formatDay, nameOf } from '../part/words.ts'
import { EndDialog } from './end-dialog.tsx'
import styles from './frozen.module.css'

/** All environments, or the one that is named. */
export function Frozen({ environment }: { readonly environment?: string }) {
  const freezes = useFreezes()
  const [ended, end] = useState<Freeze>()
  const login = useLogin()
  const shown = (freezes.data ?? []).filter((each) => environment === undefined || each.environment === environment)
  if (shown.length === 0) return null
  return (
    <section className={styles.list} aria-label="Freezes">
      {shown.map((freeze) => (
        <div key={freeze.freeze} className={freeze.isNow ? styles.now : styles.later}>
          <Icon name={freeze.isNow ? 'pause' : 'clock'} />
          <p className={styles.sentence}>
            <strong>{sentenceOf(freeze)}</strong>{' '}
            {freeze.isNow && 'Nothing is released into it, and no credential is lent for it. '}
            <span className={styles.by}>
              {nameOf(freeze.by)}, <ProofLink leafIndex={freeze.leafIndex} />
            </span>
          </p>
          {login.data?.can.administer && <Button onClick={() => end(freeze)}>End freeze</Button>}
        </div>
      ))}
      {ended && <EndDialog freeze={ended} onClose={() => end(undefined)} />}
    </section>
  )
}

function sentenceOf({ environment, from, until, isNow }: Freeze): string {
  const moment = (at: string) => `${formatDay(at)} ${formatClock(at).slice(0, 5)}`
  const end = until === undefined ? 'until it is ended' : `until ${moment(until)}`
  return isNow ? `${environment} is frozen ${end}.` : `${environment} will be frozen from ${moment(from)} ${end}.`
}
