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

export function grantsOf(release: string, { grants }: ReadonlyState): Grant[] {
  return [...grants.values()].filter((grant) => grant.release === release)
}

/** Newest first. `isActive`: only those that could still be used. */
export function listGrants(isActive: boolean, names: Names & { readonly at: number }): GrantShape[] {
  const grants = [...names.state.grants.values()].filter((grant) => !isActive || isLive(grant, names.at))
  return grants.toReversed().map((grant) => describeGrant(grant, names))
}
