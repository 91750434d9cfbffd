/** What a screen shows when it has nothing to show yet: loading, empty, or a problem with the rule and the way on. */

import type { ReactNode } from 'react'
import { Problem } from '../api/client.ts'
import { PasskeyTrouble } from '../passkey/passkey.ts'
import { Button } from './button.tsx'
import { Icon } from './icon.tsx'
import { ProofLink } from './proof-link.tsx'
import styles from './answer.module.css'

type Asked<T> = { readonly data: T | undefined; readonly error: Error | null; readonly refetch: () => unknown }

type Props<T> = {
  readonly query: Asked<T>
  readonly children: (data: T) => ReactNode
}

/** Shows data as soon as there is some, stale or not; a failed first load shows the problem and a way to try again. */
export function Answer<T>({ query, children }: Props<T>) {
  if (query.data !== undefined) return children(query.data)
  if (query.error) return <Trouble error={query.error} retry={() => void query.refetch()} />
  return <Loading />
}

export function Loading() {
  return (
    <div className={styles.loading} role="status">
      <span className={styles.hidden}>Loading</span>
      <span className={styles.bar} />
      <span className={styles.bar} />
      <span className={styles.bar} />
    </div>
  )
}

export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className={styles.empty}>
      <p className={styles.emptyTitle}>{title}</p>
      {children}
    </div>
  )
}

/** The sentence, the rule that decided, what to do next, and the leaf when the refusal is one. */
export function Trouble({ error, retry }: { readonly error: Error; readonly retry?: () => void }) {
  const problem = error instanceof Problem ? error : undefined
  return (
    <div className={styles.trouble} role="alert">
      <Icon name="alert" className={styles.icon} />
      <div className={styles.text}>
        <p className={styles.sentence}>{sentenceOf(error)}</p>
        {problem && problem.policies.length > 0 && (
          <p>
            Rule: <code>{problem.policies.join(', ')}</code>
          </p>
        )}
        {problem?.next && <p>Next: {problem.next}</p>}
        {problem?.leafIndex !== undefined && (
          <p>
            Written as <ProofLink leafIndex={problem.leafIndex} />
          </p>
        )}
        {retry && (
          <Button className={styles.retry} onClick={retry}>
            Try again
          </Button>
        )}
      </div>
    </div>
  )
}

function sentenceOf(error: Error): string {
  return error instanceof Problem || error instanceof PasskeyTrouble
    ? error.message
    : 'This page met something it did not expect. Reload it; if it stays, the server log knows more.'
}
