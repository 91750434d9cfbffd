/**
 * One red sentence on every screen while the log is damaged, cannot be written, or is not the log this browser knows; a yellow one
 * while witnesses are behind.
 */

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { useLog } from '../api/query.ts'
import type { Login, LogStatus } from '../api/shape.ts'
import { Trouble } from '../part/answer.tsx'
import { Button } from '../part/button.tsx'
import { join } from '../part/class.ts'
import { Ago, useNow } from '../part/clock.tsx'
import { Dialog } from '../part/dialog.tsx'
import { Acts } from '../part/field.tsx'
import { Icon } from '../part/icon.tsx'
import { ProofLink } from '../part/proof-link.tsx'
import { formatCount } from '../part/words.ts'
import { trustKey } from '../verify/pin.ts'
import styles from './banner.module.css'
import { useLogCheck, usePin } from './log-check.ts'
import { findBehind } from './witness-lag.ts'

export function Banner({ login }: { readonly login: Login }) {
  const log = useLog()
  const pin = usePin()
  const check = useLogCheck()
  if (log.data && !log.data.healthy)
    return (
      <div className={styles.banner} role="alert">
        <Icon name="shield-broken" />
        <span className={styles.sentence}>
          {log.data.trouble?.sentence ?? 'The log is damaged; privileged actions are refused.'}{' '}
          {log.data.trouble?.leafIndex !== undefined && <ProofLink leafIndex={log.data.trouble.leafIndex} />}
        </span>
        {login.can.administer && <Repair />}
      </div>
    )
  if (pin?.mismatch) return <OtherKey offered={pin.offered} known={pin.key} />
  if (check.data && !check.data.ok)
    return (
      <div className={styles.banner} role="alert">
        <Icon name="shield-broken" />
        <span className={styles.sentence}>MISMATCH: {check.data.sentence}</span>
      </div>
    )
  return log.data ? <LateWitnesses log={log.data} /> : null
}

/** Kept while the console is open: what is behind now was maybe level a moment ago. */
const behindSince = new Map<string, { readonly size: number; readonly at: number }>()

function LateWitnesses({ log }: { readonly log: LogStatus }) {
  const late = findBehind(log.witnesses, behindSince, useNow(5_000))
  if (late.length === 0) return null
  return (
    <div className={join(styles.banner, styles.late)} role="status">
      <Icon name="clock" />
      <span className={styles.sentence}>
        {late.map(({ name, leaves, cosignedAt }) => (
          <span key={name}>
            Witness {name} is {formatCount(leaves)} {leaves === 1 ? 'leaf' : 'leaves'} behind
            {cosignedAt ? (
              <>
                {' '}
                and last cosigned <Ago at={cosignedAt} />.{' '}
              </>
            ) : (
              ' and never cosigned. '
            )}
          </span>
        ))}
        Until it follows, only this server vouches for the newest leaves.
      </span>
    </div>
  )
}

function Repair() {
  const client = useQueryClient()
  const repair = useMutation({
    mutationFn: () => post('/api/v1/log/repair', {}),
    onSettled: () => client.invalidateQueries(),
  })
  return (
    <>
      <Button weight="danger" busy={repair.isPending} onClick={() => repair.mutate()}>
        Restore from the witness
      </Button>
      <Dialog title="The log was not restored" open={repair.isError} onClose={() => repair.reset()}>
        {repair.error && <Trouble error={repair.error} />}
      </Dialog>
    </>
  )
}

function OtherKey({ offered, known }: { readonly offered: string; readonly known: string }) {
  const [open, setOpen] = useState(false)
  const client = useQueryClient()
  const sameLog = offered.split('+', 1)[0] === known.split('+', 1)[0]
  const trust = () => {
    trustKey(offered, localStorage)
    setOpen(false)
    void client.invalidateQueries()
  }
  return (
    <div className={styles.banner} role="alert">
      <Icon name="shield-broken" />
      <span className={styles.sentence}>
        {sameLog
          ? 'MISMATCH: the server names another log key than the one this browser saw here first.'
          : 'MISMATCH: this is another log than the one this browser saw here first.'}
      </span>
      <Button weight="danger" onClick={() => setOpen(true)}>
        Compare keys
      </Button>
      <Dialog title="Another log key" open={open} onClose={() => setOpen(false)}>
        <div className={styles.keys}>
          <p>Seen here first, and still the one proofs are checked with:</p>
          <code className={styles.key}>{known}</code>
          <p>Named by the server now:</p>
          <code className={styles.key}>{offered}</code>
          <p>
            A rotation is a leaf in the log, signed with the old key. If you know of none, and this is not a new log at
            an old address, do not go on: ask whoever runs this server, by another channel.
          </p>
          <Acts>
            <Button onClick={() => setOpen(false)}>Keep the first key</Button>
            <Button weight="danger" onClick={trust}>
              I compared it: trust the new key
            </Button>
          </Acts>
        </div>
      </Dialog>
    </div>
  )
}
