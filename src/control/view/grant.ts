/** Credentials that were lent, and to whom; the serial that a target sees is the leaf index of the grant. */

import { isLive, type Grant } from '../../domain/grant.ts'
import type { ReadonlyState } from '../../domain/state.ts'
import { instantOf } from './phrase.ts'
import type { Grant as GrantShape } from './shape.ts'
import { whoOf, type Names } from './who.ts'

export function describeGrant(grant: Grant, names: Names): GrantShape {
  const { release, target, holder, issuedAt, expiresAt, endedAt, cause, cleared, leafIndex } = grant
  return {
    ...{ grant: grant.grant, release, target, holder: whoOf(holder, names) },
    issuedAt: instantOf(issuedAt),
    expiresAt: instantOf(expiresAt),
    ...(endedAt !== undefined && { endedAt: instantOf(endedAt) }),
    ...(cause && { cause }),
    serial: String(leafIndex),
    // A certificate that is only listed still opens hosts that do not read the list, until it expires.
    ...(cleared && { cleared: cleared.how !== 'listed_as_revoked' }),
    leafIndex,
  }
}

export function grantsOf(release: string, { grants, releases }: ReadonlyState): Grant[] {
  return (releases.get(release)?.grants ?? []).flatMap((id) => grants.get(id) ?? [])
}

/** Grants that could still be used, oldest first. */
export function liveGrants({ grants, lent }: ReadonlyState, at: number): Grant[] {
  return [...lent.keys()].flatMap((id) => grants.get(id) ?? []).filter((grant) => isLive(grant, at))
}

/** As many as fit on a page that somebody reads; the trail has all of them. */
const MAX_LISTED = 500

/** Newest first. `isActive`: only those that could still be used. */
export function listGrants(isActive: boolean, names: Names & { readonly at: number }): GrantShape[] {
  const { state, at } = names
  const grants = isActive ? liveGrants(state, at).toReversed() : [...state.grants.newest(MAX_LISTED)]
  return grants.map((grant) => describeGrant(grant, names))
}
