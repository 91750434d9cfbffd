/** History, decided again: the same evidence, state and policies must spell the very bytes that the log holds. */

import { equal } from '../bytes/digest.ts'
import { isRefusal } from '../evidence/refusal.ts'
import type { PolicySet } from '../policy/policy.ts'
import { claimsOf, exhibitsOf, type Claims } from './claims.ts'
import { decide } from './decide.ts'
import { spellUnchecked, write, type Leaf } from './leaf.ts'
import type { ReadonlyState, State } from './state.ts'

/** `withheld`: the evidence is not there any more, so that nobody can tell; it is counted, not hidden. */
export type Redecision =
  | { readonly outcome: 'same' | 'withheld' }
  | { readonly outcome: 'different'; readonly because: string }

/** Decides `leaf` again on the state before it. `blobs` stand in the order of its evidence; undefined is withheld. */
export async function redecide(
  leaf: Leaf,
  stored: Uint8Array,
  blobs: readonly (Uint8Array | undefined)[],
  state: ReadonlyState,
  policies: PolicySet,
): Promise<Redecision> {
  if (blobs.some((blob) => blob === undefined)) return { outcome: 'withheld' }
  const { command, caller, given, at } = leaf
  const exhibits = exhibitsOf(leaf.evidence, blobs as readonly Uint8Array[])
  const claims = await claimsOf(command, exhibits, state, caller.login, given.verifiedAt ?? at)
  if (claims !== undefined && isRefusal(claims))
    return { outcome: 'different', because: `its evidence does not verify: ${claims.because}` }
  return decideAgain(leaf, stored, claims, state, policies)
}

/** What is left once its evidence was verified: the decision on these claims, and its spelling. `stored` is what `leaf` was read from. */
export function decideAgain(
  leaf: Leaf,
  stored: Uint8Array,
  claims: Claims,
  state: ReadonlyState,
  policies: PolicySet,
): Redecision {
  const { command, caller, given, at } = leaf
  const decision = decide({ command, caller, claims, given, at }, state as State, policies)
  const again = spellUnchecked(write(leaf, decision), originOf(leaf, state))
  if (equal(again, stored)) return { outcome: 'same' }
  return {
    outcome: 'different',
    because: `decided again it is ${decision.outcome} (${decision.reason ?? decision.event.type}), the log says ${leaf.outcome} (${leaf.reason ?? leaf.event.type})`,
  }
}

function originOf({ event }: Leaf, { log }: ReadonlyState): string {
  return event.type === 'log.created' ? event.origin : (log?.origin ?? '')
}
