/** Every fact carries its leaf index; the index opens its proof, and its shield says who checked. */

import { Link } from '../router.tsx'
import { usePlace } from '../router.tsx'
import { join } from './class.ts'
import { Icon, type IconName } from './icon.tsx'
import { useChecked, type Checked } from './checked.ts'
import styles from './proof-link.module.css'
import { formatCount } from './words.ts'

/** The badge says who checked; a bare green tick does not exist. */
export const BADGE: Readonly<Record<Checked, { icon: IconName; word: string }>> = {
  here: { icon: 'shield', word: 'checked here' },
  server: { icon: 'shield-plain', word: 'checked by server' },
  unsigned: { icon: 'clock', word: 'not yet signed in' },
  mismatch: { icon: 'shield-broken', word: 'MISMATCH' },
}

export function ProofLink({ leafIndex, hash = true }: { readonly leafIndex: number; readonly hash?: boolean }) {
  const checked = useChecked(leafIndex)
  const place = usePlace()
  const q = place.page === 'trail' ? place.q : undefined
  const { icon, word } = BADGE[checked]
  return (
    <Link
      className={join(styles.link, styles[checked])}
      to={{ page: 'trail', ...(q === undefined ? {} : { q }), leaf: leafIndex }}
      title={`Leaf ${leafIndex}: ${word}`}
    >
      <Icon name={icon} className={styles.icon} />
      <span className={styles.word}>leaf </span>
      {hash && '#'}
      {formatCount(leafIndex)}
      <span className={styles.word}>, {word}</span>
    </Link>
  )
}

export function Badge({ checked }: { readonly checked: Checked }) {
  const { icon, word } = BADGE[checked]
  return (
    <span className={join(styles.badge, styles[checked])}>
      <Icon name={icon} className={styles.icon} />
      {word}
    </span>
  )
}
