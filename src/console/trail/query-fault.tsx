/** Where a query is not understood, what stands there, and what was probably meant. */

import { Problem } from '../api/client.ts'
import { Button } from '../part/button.tsx'
import { go } from '../router.tsx'
import { mend } from './query.ts'
import styles from './query-fault.module.css'

export type Fault = { readonly at: number; readonly sentence: string; readonly suggestion: string | undefined }

/** Undefined for every other trouble. */
export function faultOf(error: Error | null): Fault | undefined {
  if (!(error instanceof Problem)) return undefined
  const { at, suggestion } = error.facts
  if (typeof at !== 'number') return undefined
  const meant = typeof suggestion === 'string' ? suggestion : undefined
  const told = error.message.replace(/^\S+: at character \d+: /, '')
  // What was probably meant is a button beneath it.
  return { at, sentence: meant === undefined ? told : told.replace(/; did you mean .*\?$/, ''), suggestion: meant }
}

export function QueryFault({ q, fault }: { readonly q: string; readonly fault: Fault }) {
  const { at, sentence, suggestion } = fault
  const meant = suggestion === undefined ? undefined : mend(q, at, suggestion)
  return (
    <div id="query-fault" className={styles.fault} role="alert">
      <p className={styles.where}>
        <code aria-hidden="true">
          {q.slice(0, at)}
          <mark className={styles.mark}>{q.slice(at).match(/^\S+/)?.[0] ?? ' '}</mark>
          {q.slice(at).replace(/^\S+/, '')}
        </code>
      </p>
      <p>
        At character {at + 1}: {sentence}.
      </p>
      {meant !== undefined && meant !== q && (
        <Button className={styles.use} onClick={() => go({ page: 'trail', q: meant })}>
          Ask <code>{meant}</code>
        </Button>
      )}
    </div>
  )
}
