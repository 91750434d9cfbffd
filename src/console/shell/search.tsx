/** One box that jumps: a fingerprint to its release, a number to its leaf, anything else to the trail. */

import type { FormEvent } from 'react'
import { Icon } from '../part/icon.tsx'
import type { Place } from '../place.ts'
import { go } from '../router.tsx'
import styles from './search.module.css'

export function Search() {
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const text = String(new FormData(event.currentTarget).get('jump') ?? '').trim()
    if (text) go(placeFor(text))
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

/** Long hexadecimal texts, digests and serials are identifiers; the trail finds every leaf that names them. */
export function placeFor(text: string): Place {
  if (/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/i.test(text))
    return { page: 'release', release: text.toUpperCase() }
  const leaf = /^#?([0-9]{1,12})$/.exec(text)
  if (leaf) return { page: 'trail', leaf: Number(leaf[1]) }
  const isIdentifier = /^(sha256:[0-9a-f]{64}|[0-9a-f]{12,64})$/.test(text)
  return { page: 'trail', q: isIdentifier ? `id:${text}` : text }
}
