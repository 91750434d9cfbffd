/** The keys, and the switch that turns single keys off. */

import { useState } from 'react'
import { Dialog } from '../part/dialog.tsx'
import { Link } from '../router.tsx'
import styles from './help.module.css'
import { PLACES, singleKeysAreOn, turnSingleKeys } from './keys.ts'

const KEYS: readonly (readonly [string, string])[] = [
  ['/', 'Search or filter this page'],
  ['Ctrl K', 'Search or jump to'],
  ['j  k', 'Next and previous row'],
  ['Enter', 'Open the row'],
  ['?', 'This list'],
]

export function Help({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const [on, setOn] = useState(singleKeysAreOn)
  const turn = (next: boolean) => {
    turnSingleKeys(next)
    setOn(next)
  }
  const rows = [...KEYS, ...Object.entries(PLACES).map(([key, { label }]) => [`g ${key}`, label] as const)]
  return (
    <Dialog title="Keyboard" open={open} onClose={onClose}>
      <dl className={styles.keys}>
        {rows.map(([key, what]) => (
          <div key={key} className={styles.row}>
            <dt>
              <kbd className={styles.key}>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p className={styles.more}>
        <Link to={{ page: 'verify' }} onClick={onClose}>
          Check this log without this server
        </Link>
      </p>
      <label className={styles.switch}>
        <input type="checkbox" checked={on} onChange={(event) => turn(event.target.checked)} /> Single keys are on. No
        key signs anything.
      </label>
    </Dialog>
  )
}
