/** Erasures that wait for a second administrator: told from the very bytes that are signed. */

import { useQuery } from '@tanstack/react-query'
import { get } from '../api/client.ts'
import type { Who } from '../api/shape.ts'
import { Name } from '../part/name.tsx'
import { ProofLink } from '../part/proof-link.tsx'
import { deriveFrom, type Derived } from '../verify/statement.ts'
import { Agreement, type Signer } from './agreement.tsx'
import styles from './people.module.css'

type Waiting = {
  readonly asked: number
  readonly person: string
  readonly who: Who
  readonly by: Who
  readonly statement: string
  /** Derived here from the statement. */
  readonly derived: Derived
}
type Listed = Signer & { readonly erasures: Waiting[] }
type Said = {
  readonly subject: readonly [{ readonly name: string }]
  readonly predicate: { readonly fields?: readonly string[]; readonly evidence: boolean; readonly expiresAt: string }
}

/** Nothing where none waits. */
export function Erasures() {
  const listed = useQuery({ queryKey: ['erasures'], queryFn: load })
  if (!listed.data || listed.data.erasures.length === 0) return null
  return (
    <section className={styles.card} aria-label="Erasures that wait">
      <ul className={styles.keys}>
        {listed.data.erasures.map((each) => (
          <li key={each.asked}>
            <OneErasure erasure={each} listed={listed.data} />
          </li>
        ))}
      </ul>
    </section>
  )
}

async function load(): Promise<Listed> {
  const told = await get<Listed>('/api/v1/erasures')
  const derive = async (each: Waiting) => ({ ...each, derived: await deriveFrom(each.statement) })
  return { ...told, erasures: await Promise.all(told.erasures.map(derive)) }
}

function OneErasure({ erasure, listed }: { readonly erasure: Waiting; readonly listed: Listed }) {
  const { subject, predicate } = JSON.parse(erasure.statement) as Said
  const what = predicate.fields?.join(', ') ?? 'everything personal'
  return (
    <div className={styles.stack}>
      <p>
        <Name who={erasure.by} /> asks to erase {what} about <Name who={erasure.who} /> (<code>{subject[0].name}</code>)
        {predicate.evidence && ', keys and pushes included'}; another administrator must agree until{' '}
        {new Date(predicate.expiresAt).toLocaleString()}. Fingerprint <code>{erasure.derived.fingerprint}</code>,{' '}
        <ProofLink leafIndex={erasure.asked} />
      </p>
      <Agreement challenge={erasure.derived.challenge} signer={listed} path={`/api/v1/erasures/${erasure.asked}`} />
    </div>
  )
}
