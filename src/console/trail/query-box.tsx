/** The question as text: it is the address of the page, and it can be asked on the command line word for word. */

import { useEffect, useRef, useState, type SubmitEvent } from 'react'
import { CopyButton } from '../part/copy.tsx'
import { formatCount } from '../part/words.ts'
import { go } from '../router.tsx'
import { formatCommand } from './query.ts'
import styles from './query-box.module.css'

const SETTLE_MS = 250

type Props = { readonly q: string; readonly total: number | undefined; readonly isFaulty: boolean }

export function QueryBox({ q, total, isFaulty }: Props) {
  const [text, setText] = useState(q)
  const asked = useRef(q)
  useEffect(() => {
    if (q === asked.current) return
    asked.current = q
    setText(q)
  }, [q])
  useEffect(() => {
    if (text.trim() === asked.current) return
    const timer = setTimeout(() => ask(text, true), SETTLE_MS)
    return () => clearTimeout(timer)
  }, [text])
  const ask = (next: string, replace: boolean) => {
    asked.current = next.trim()
    go({ page: 'trail', q: asked.current }, { replace })
  }
  const send = (event: SubmitEvent) => {
    event.preventDefault()
    ask(text, false)
  }
  return (
    <form role="search" aria-label="Trail" className={styles.box} onSubmit={send}>
      <input
        className={styles.input}
        value={text}
        onChange={(event) => setText(event.target.value)}
        aria-label="Filter the trail"
        aria-invalid={isFaulty || undefined}
        aria-describedby={isFaulty ? 'query-fault' : undefined}
        maxLength={1000}
        placeholder="outcome:refused env:production who:@mara.o -kind:system free text"
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="off"
        data-filter
      />
      <span className={styles.count}>
        {total !== undefined && `${formatCount(total)} ${total === 1 ? 'leaf' : 'leaves'}`}
      </span>
      <CopyButton text={formatCommand(q)} name="Copy as a command" />
    </form>
  )
}
