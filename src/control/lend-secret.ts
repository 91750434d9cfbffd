/** Static secrets, encrypted while they are kept: lent under the name that the target gives them, and replaced by a newer version. */

import { createHash } from 'node:crypto'
import type { Grant } from '../domain/grant.ts'
import type { ReadonlyState } from '../domain/state.ts'
import type { Target } from '../domain/target.ts'
import type { Secrets } from '../store/secret.ts'

/** What is handed over as a text under a name, wherever it comes from. */
export type SecretCredential = {
  readonly kind: 'secret' | 'github'
  readonly value: string
  readonly variable: string
  readonly host: string
  readonly port: number
  readonly serial: string
}

/** Throws when there is none, or it cannot be opened any more: then somebody sets it anew. */
export async function openSecret(
  { leafIndex }: Grant,
  { target, variable }: Target,
  { secrets }: ReadonlyState,
  store: Pick<Secrets, 'open'>,
): Promise<Omit<SecretCredential, 'host' | 'port'>> {
  const version = secrets.get(target)?.version
  const value = version === undefined ? undefined : await store.open(nameOf(target, version))
  if (value === undefined || !variable) throw new Error(`no secret is kept for target ${target}; set one`)
  return { kind: 'secret', value, variable, serial: String(leafIndex) }
}

/** After its leaf, which is what is believed: a crash in between leaves a target that says to set it anew. */
export async function keepSecret(target: string, version: number, value: string, store: Secrets): Promise<void> {
  await store.keep(nameOf(target, version), value)
  if (version > 1) await store.forget(nameOf(target, version - 1))
}

/** Names of targets may have letters that names of files here have not. */
function nameOf(target: string, version: number): string {
  return `target-${createHash('sha256').update(target).digest('hex').slice(0, 40)}-v${version}`
}
