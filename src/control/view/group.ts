/** Who holds which role, and where: by themselves, and through the groups that they are in; and the networks that policies name. */

import type * as z from '../../bytes/schema.ts'
import { networksOf } from '../../domain/network.ts'
import { isInForce, type Binding } from '../../domain/role.ts'
import { instantOf } from './phrase.ts'
import type { binding, groups, networks } from './shape.ts'
import type { Sight } from './sight.ts'
import { whoOf } from './who.ts'

/** By name. */
export function listGroups(sight: Sight): z.infer<typeof groups> {
  const { state, at } = sight
  const sorted = [...state.groups.values()].sort((a, b) => (a.group < b.group ? -1 : 1))
  return {
    groups: sorted.map(({ group, source, members, bindings, leafIndex }) => ({
      group,
      source,
      members: [...members.keys()].map((id) => whoOf(id, sight)),
      bindings: bindings.map((id) => describeBinding(state.bindings.get(id)!, at)),
      leafIndex,
    })),
  }
}

export function describeBinding(held: Binding, at: number): z.infer<typeof binding> {
  const { id, role, holder, scope, from, until, source, leafIndex } = held
  return {
    binding: id,
    role,
    scope,
    ...(from !== undefined && { from: instantOf(from) }),
    ...(until !== undefined && { until: instantOf(until) }),
    ...(holder.startsWith('group:') && { group: holder.slice(6) }),
    source,
    isInForce: isInForce(held, at),
    leafIndex,
  }
}

export function listNetworks({ state }: Pick<Sight, 'state'>, ip: string): z.infer<typeof networks> {
  const defined = [...state.networks.values()].map(({ cidrs, ...network }) => ({ ...network, cidrs: [...cidrs] }))
  return { networks: defined, here: networksOf(ip, state) }
}
