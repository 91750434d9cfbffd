/** Changes of the policies that wait for a second administrator: told from the very bytes that are signed. */

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
  readonly by: Who
  readonly statement: string
  /** Derived here from the statement. */
  readonly derived: Derived
}
type Listed = Signer & { readonly activations: Waiting[] }
type Replay = {
  readonly newlyRefused: number
  readonly newlyAllowed: number
  readonly unchanged: number
  readonly unknown: number
}
type Said = {
  readonly subject: readonly [{ readonly digest: { readonly sha256: string } }]
  readonly predicate: {
    readonly before: { readonly sha256: string }
    readonly replay?: Replay
    readonly expiresAt: string
  }
}

/** Nothing where none waits. */
export function Activations() {
  const listed = useQuery({ queryKey: ['activations'], queryFn: load })
  if (!listed.data || listed.data.activations.length === 0) return null
  return (
    <section className={styles.card} aria-label="Policies that wait">
      <ul className={styles.keys}>
        {listed.data.activations.map((each) => (
          <li key={each.asked}>
            <OneActivation activation={each} listed={listed.data} />
          </li>
        ))}
      </ul>
    </section>
  )
}

async function load(): Promise<Listed> {
  const told = await get<Listed>('/api/v1/policies/activations')
  const derive = async (each: Waiting) => ({ ...each, derived: await deriveFrom(each.statement) })
  return { ...told, activations: await Promise.all(told.activations.map(derive)) }
}

type One = { readonly activation: Waiting; readonly listed: Listed }

function OneActivation({ activation, listed }: One) {
  const { subject, predicate } = JSON.parse(activation.statement) as Said
  return (
    <div className={styles.stack}>
      <p>
        <Name who={activation.by} /> asks to put the policies <code>{short(subject[0].digest.sha256)}</code> in force
        instead of <code>{short(predicate.before.sha256)}</code>; another administrator must agree until{' '}
        {new Date(predicate.expiresAt).toLocaleString()}. {historyOf(predicate.replay)} Fingerprint{' '}
        <code>{activation.derived.fingerprint}</code>, <ProofLink leafIndex={activation.asked} />
      </p>
      <Agreement
        challenge={activation.derived.challenge}
        signer={listed}
        path={`/api/v1/policies/activations/${activation.asked}`}
      />
    </div>
  )
}

function historyOf(replay: Replay | undefined): string {
  if (!replay) return 'History was not asked.'
  const { newlyRefused, newlyAllowed, unchanged, unknown } = replay
  return `Of history ${newlyRefused} would be newly refused, ${newlyAllowed} newly allowed, ${unchanged} unchanged, ${unknown} cannot be asked again.`
}

function short(digest: string): string {
  return digest.slice(0, 12)
}
