/** What a leaf says, in words: the sentence, the decision with its reason and policies, and the facts that decided. */

import type { Leaf } from '../api/shape.ts'
import { OutcomePill } from '../part/pill.tsx'
import { formatExact, nameOf, readable } from '../part/words.ts'
import styles from './drawer.module.css'
import { Line } from './line.tsx'

export function LeafSentence({ row, facts }: Leaf) {
  return (
    <>
      <p className={styles.sentence}>
        <strong>{nameOf(row.who)}</strong> {row.sentence}
      </p>
      <p className={styles.meta}>
        <OutcomePill outcome={row.outcome} />
        <time dateTime={row.at}>{formatExact(row.at)}</time>
      </p>
      {row.reason && <p className={styles.reason}>Because: {row.reason.replaceAll('_', ' ')}</p>}
      {row.policies.length > 0 && (
        <p className={styles.policies}>
          Policies: <code>{row.policies.join(', ')}</code>
        </p>
      )}
      <Facts facts={facts.filter(isDeciding)} />
    </>
  )
}

type Fact = Leaf['facts'][number]

/** Facts that spoke for or against, and what to do about them; the others stand further down. */
export function isDeciding({ label, ok }: Fact): boolean {
  return ok !== undefined || label === 'What fixes it'
}

export function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <ul className={styles.facts}>
      {facts.map((fact, index) => (
        // Two facts may say the same: who asked, and by whom it came to be.
        <Line key={index} ok={fact.ok}>
          {fact.label}{' '}
          <span className={/[ a-z]{12}/i.test(fact.value) ? styles.words : styles.value} title={fact.value}>
            {readable(fact.value)}
          </span>
        </Line>
      ))}
    </ul>
  )
}
