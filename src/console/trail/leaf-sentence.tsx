/** What a leaf says, in words: the sentence, the decision with its reason and policies, the facts, the personal data. */

import type { Leaf } from '../api/shape.ts'
import { OutcomePill } from '../part/pill.tsx'
import { formatExact, nameOf, readable } from '../part/words.ts'
import styles from './drawer.module.css'
import { Line } from './line.tsx'

export function LeafSentence({ row, facts, disclosures }: Leaf) {
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
      <ul className={styles.facts}>
        {facts.map((fact) => (
          <Line key={fact.label + fact.value} ok={fact.ok}>
            {fact.label}{' '}
            <span className={styles.value} title={fact.value}>
              {readable(fact.value)}
            </span>
          </Line>
        ))}
      </ul>
      {disclosures.length > 0 && <Disclosed disclosures={disclosures} />}
    </>
  )
}

/** Personal data stands outside the leaf; what is shown here was erased from nowhere yet. */
function Disclosed({ disclosures }: { readonly disclosures: Leaf['disclosures'] }) {
  return (
    <dl className={styles.disclosed} aria-label="Disclosed personal data">
      {disclosures.map(({ name, value, digest }) => (
        <div key={digest} className={styles.datum}>
          <dt>{name}</dt>
          <dd>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
        </div>
      ))}
    </dl>
  )
}
