/** What stands behind and beside a leaf: its very bytes, the evidence, and what happened just before and after. */

import type { ReactNode } from 'react'
import type { Leaf, Row } from '../api/shape.ts'
import { cutDigest, formatCount, nameOf } from '../part/words.ts'
import { Link } from '../router.tsx'
import styles from './drawer.module.css'
import { Facts, isDeciding } from './leaf-sentence.tsx'

export function LeafMore({ data, q }: { readonly data: Leaf; readonly q: string }) {
  const { leaf, facts, disclosures, evidence, neighbours } = data
  const others = facts.filter((fact) => !isDeciding(fact))
  return (
    <>
      {disclosures.length > 0 && (
        <Details title="Personal data, kept outside the leaf">
          <Disclosed disclosures={disclosures} />
        </Details>
      )}
      {others.length > 0 && (
        <Details title="What else was looked at">
          <Facts facts={others} />
        </Details>
      )}
      <Details title="JSON">
        <pre className={styles.json} tabIndex={0}>
          {indent(leaf)}
        </pre>
      </Details>
      {evidence.length > 0 && (
        <Details title={`Evidence, ${evidence.length}`}>
          <ul className={styles.facts}>
            {evidence.map(({ kind, digest, size }) => (
              <li key={digest}>
                <a href={`/api/v1/evidence/${encodeURIComponent(digest)}`}>{kind}</a> <code>{cutDigest(digest)}</code>,{' '}
                {size === undefined ? 'erased' : `${formatCount(size)} bytes`}
              </li>
            ))}
          </ul>
        </Details>
      )}
      <Details title="Just before and after">
        <Neighbours rows={[...neighbours.before, ...neighbours.after]} q={q} />
      </Details>
      {around(neighbours.who).length > 0 && (
        <Details title={`By ${nameOf(data.row.who)}, before and after`}>
          <Neighbours rows={around(neighbours.who)} q={q} />
        </Details>
      )}
      {around(neighbours.resource).length > 0 && (
        <Details title={`About ${data.row.resource?.name ?? 'the same'}, before and after`}>
          <Neighbours rows={around(neighbours.resource)} q={q} />
        </Details>
      )}
    </>
  )
}

function Details({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <details className={styles.details}>
      <summary className={styles.summary}>{title}</summary>
      {children}
    </details>
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

function Neighbours({ rows, q }: { readonly rows: readonly Row[]; readonly q: string }) {
  return (
    <ul className={styles.facts}>
      {rows.map((row) => (
        <li key={row.leafIndex} className={styles.neighbour}>
          <Link to={{ page: 'trail', q, leaf: row.leafIndex }}>{formatCount(row.leafIndex)}</Link> {nameOf(row.who)}{' '}
          {row.sentence}
        </li>
      ))}
    </ul>
  )
}

function around(neighbours: Leaf['neighbours']['who']): readonly Row[] {
  return neighbours ? [...neighbours.before, ...neighbours.after] : []
}

function indent(leaf: string): string {
  try {
    return JSON.stringify(JSON.parse(leaf), null, 2)
  } catch {
    return leaf
  }
}
