/** Who acted: a round letter for people, a square one for jobs, agents and the system; both names when delegated. */

import type { Who } from '../api/shape.ts'
import { join } from './class.ts'
import styles from './name.module.css'
import { nameOf } from './words.ts'

export function Name({ who, className }: { readonly who: Who; readonly className?: string | undefined }) {
  return (
    <span className={join(styles.name, className)} title={who.label ?? who.id}>
      <span className={join(styles.letter, styles[who.kind])} aria-hidden="true">
        {(who.name[0] ?? '?').toUpperCase()}
      </span>
      <span className={styles.text}>
        {who.name}
        {who.onBehalfOf && <span data-for> for {nameOf(who.onBehalfOf)}</span>}
      </span>
    </span>
  )
}
