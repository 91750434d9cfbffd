/** One leaf: what it says, what was checked and by whom, the path that proves it, and its very bytes. */

import { useEffect, useRef, type ReactNode } from 'react'
import { useLeaf } from '../api/query.ts'
import type { Leaf, Row } from '../api/shape.ts'
import { Answer } from '../part/answer.tsx'
import { IconButton } from '../part/button.tsx'
import { CopyButton } from '../part/copy.tsx'
import { Icon } from '../part/icon.tsx'
import { OutcomePill } from '../part/pill.tsx'
import { Badge } from '../part/proof-link.tsx'
import { cutDigest, formatCount, formatExact, nameOf } from '../part/words.ts'
import { go, Link } from '../router.tsx'
import type { Verdict } from '../verify/leaf.ts'
import styles from './drawer.module.css'
import { MerklePath } from './merkle-path.tsx'
import { useVerdict } from './verdict.ts'

type Props = { readonly leafIndex: number; readonly q: string }

export function Drawer({ leafIndex, q }: Props) {
  const leaf = useLeaf(leafIndex)
  const verdict = useVerdict(leafIndex, leaf.data)
  const close = () => go({ page: 'trail', ...(q ? { q } : {}) })
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  return (
    <aside
      className={styles.drawer}
      aria-label={`Leaf ${leafIndex}`}
      onKeyDown={(event) => event.key === 'Escape' && close()}
    >
      <header className={styles.head}>
        <h2 ref={heading} tabIndex={-1} className={styles.title}>
          Leaf {formatCount(leafIndex)}
        </h2>
        {verdict ? <Badge checked={verdict.ok ? 'here' : 'mismatch'} /> : leaf.data && <Badge checked="server" />}
        <IconButton icon="cross" name="Close" onClick={close} />
      </header>
      <div className={styles.body}>
        <Answer query={leaf}>{(data) => <Content data={data} verdict={verdict} leafIndex={leafIndex} q={q} />}</Answer>
      </div>
    </aside>
  )
}

type ContentProps = Props & { readonly data: Leaf; readonly verdict: Verdict | undefined }

function Content({ data, verdict, leafIndex, q }: ContentProps) {
  const { row, facts, disclosures, evidence, proof, neighbours, leaf } = data
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
          <Line key={fact.label} ok={fact.ok}>
            {fact.label} <span className={styles.value}>{shorten(fact.value)}</span>
          </Line>
        ))}
      </ul>
      {disclosures.length > 0 && <Disclosed disclosures={disclosures} />}
      <h3 className={styles.section}>Proof</h3>
      {verdict && (
        <ul className={styles.facts}>
          {verdict.checks.map((check) => (
            <Line key={check.name} ok={check.ok}>
              {check.detail}
            </Line>
          ))}
        </ul>
      )}
      {verdict && <MerklePath verdict={verdict} leafIndex={leafIndex} treeSize={proof.treeSize} />}
      <p className={styles.small}>
        Recomputed in this browser from the bytes below. The page itself comes from the server:{' '}
        <code>countersign verify</code> checks without it.
      </p>
      <p className={styles.acts}>
        <CopyButton name="Copy proof" text={JSON.stringify({ leafIndex, leaf, proof }, null, 2)}>
          Copy proof
        </CopyButton>
      </p>
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
                {formatCount(size)} bytes
              </li>
            ))}
          </ul>
        </Details>
      )}
      <Details title="Just before and after">
        <Neighbours rows={[...neighbours.before, ...neighbours.after]} q={q} />
      </Details>
    </>
  )
}

function Line({ ok, children }: { readonly ok: boolean | undefined; readonly children: ReactNode }) {
  return (
    <li className={styles.line}>
      {ok === undefined ? (
        <span className={styles.bullet} />
      ) : (
        <Icon name={ok ? 'check' : 'cross'} className={ok ? styles.ok : styles.bad} />
      )}
      <span>{children}</span>
    </li>
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

function Details({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <details className={styles.details}>
      <summary className={styles.summary}>{title}</summary>
      {children}
    </details>
  )
}

function Neighbours({ rows, q }: { readonly rows: readonly Row[]; readonly q: string }) {
  return (
    <ul className={styles.facts}>
      {rows.map((row) => (
        <li key={row.leafIndex} className={styles.neighbour}>
          <Link to={{ page: 'trail', ...(q ? { q } : {}), leaf: row.leafIndex }}>{formatCount(row.leafIndex)}</Link>{' '}
          {nameOf(row.who)} {row.sentence}
        </li>
      ))}
    </ul>
  )
}

function shorten(value: string): string {
  return /^(sha256:)?[0-9a-f]{40,}$/.test(value) ? cutDigest(value) : value
}

function indent(leaf: string): string {
  try {
    return JSON.stringify(JSON.parse(leaf), null, 2)
  } catch {
    return leaf
  }
}
