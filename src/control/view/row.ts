/** A leaf as one row of the trail: what is kept in the index, and what a reader sees of it. */

import type { Disclosure } from '../../bytes/disclosure.ts'
import type { Leaf } from '../../domain/leaf.ts'
import type { Indexed, TrailRow } from '../../index/trail.ts'
import { valueOf } from '../seal.ts'
import { identifiersOf } from './identifier.ts'
import { instantOf, type Known } from './phrase.ts'
import { tell } from './sentence.ts'
import type { Row } from './shape.ts'
import { jobLabel, resolveNames, whoOf, type Names } from './who.ts'

/**
 * Nothing personal is in it but the address that was disclosed, which the trail keeps apart and erases. `known` is what was
 * known at the leaf, or any later time.
 */
export function indexed(leaf: Leaf, leafIndex: number, known: Known, disclosures: readonly Disclosure[]): Indexed {
  const { event } = leaf
  const ip = valueOf(disclosures, 'ip')
  const label = event.type === 'login.opened' && event.job && { id: event.principal, text: jobLabel(event.job) }
  return {
    ...trailRow(leaf, leafIndex, known),
    identifiers: identifiersOf(leaf, leafIndex, known),
    ...(label && { label }),
    ...(ip !== undefined && { ip }),
  }
}

export function trailRow(leaf: Leaf, leafIndex: number, known: Known): TrailRow {
  const { id, at, event, outcome, reason, policy } = leaf
  const who = actorOf(leaf)
  return {
    ...{ leafIndex, id, at, type: event.type, outcome, who, kind: who.slice(0, who.indexOf(':')) },
    ...tell(leaf, known),
    ...(reason && { reason }),
    policies: policy?.determining ?? [],
  }
}

/** Whoever signs in or enrols was nobody until then: the row is theirs, not that of the part that let them in. */
function actorOf({ caller, event }: Leaf): string {
  if (event.type === 'login.opened' || event.type === 'login.refused') return event.principal ?? caller.id
  return event.type === 'principal.enrolled' ? event.person : caller.id
}

export function rowOf(row: TrailRow, names: Names): Row {
  const { leafIndex, at, type, outcome, who, sentence, resource, environment, reason, policies } = row
  return {
    ...{ leafIndex, at: instantOf(at), type, outcome: outcome as Row['outcome'] },
    who: whoOf(who, names),
    sentence: resolveNames(sentence, names),
    ...(resource && { resource: { ...resource, name: resolveNames(resource.name, names) } }),
    ...(environment !== undefined && { environment }),
    ...(reason !== undefined && { reason }),
    policies: [...policies],
  }
}
