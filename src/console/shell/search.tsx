/** One box that jumps: a fingerprint to its release, a number to its leaf, anything else to the trail. */

import type { SubmitEvent } from 'react'
import { Icon } from '../part/icon.tsx'
import { go } from '../router.tsx'
import { placeFor } from './jump.ts'
import styles from './search.module.css'

export function Search() {
  const send = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const typed = new FormData(event.currentTarget).get('jump')
    if (typeof typed === 'string' && typed.trim() !== '') go(placeFor(typed.trim()))
  }
  return (
    <form role="search" aria-label="Everything" className={styles.search} onSubmit={send}>
      <Icon name="search" className={styles.icon} />
      <input
        name="jump"
        type="search"
        className={styles.input}
        placeholder="Search or jump to"
        aria-label="Search or jump to a fingerprint, leaf, commit or serial"
        autoComplete="off"
        spellCheck={false}
        data-jump
      />
      <kbd className={styles.key} aria-hidden="true">
        {/Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘K' : 'Ctrl K'}
      </kbd>
    </form>
  )
}
