/** One fact or check in a list: met, not met, or neither. */

import type { ReactNode } from 'react'
import { Icon } from '../part/icon.tsx'
import styles from './drawer.module.css'

export function Line({ ok, children }: { readonly ok: boolean | undefined; readonly children: ReactNode }) {
  return (
    <li className={styles.line}>
      {ok === undefined ? (
        <span className={styles.bullet} />
      ) : (
        <Icon name={ok ? 'check' : 'cross'} className={ok ? styles.ok : styles.bad} />
      )}
      <span>{children}</span>
    </li>
  )
}
