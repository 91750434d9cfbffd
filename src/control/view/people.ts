/** The people of this instance: roles of this moment, hours in their own zone, and the keys they sign with. */

import type { Key } from '../../domain/key.ts'
import type { Person } from '../../domain/principal.ts'
import { bindingsOf, rolesOf } from '../../domain/role.ts'
import { describeBinding } from './group.ts'
import { instantOf } from './phrase.ts'
import type { Person as PersonShape } from './shape.ts'
import { whoOf, type Names } from './who.ts'

/** In the order in which they were invited. */
export function listPeople(names: Names & { readonly at: number }): PersonShape[] {
  const keys = keysByPerson(names)
  return [...names.state.people.values()].map((person) => describe(person, keys.get(person.id) ?? [], names))
}

function describe(person: Person, keys: readonly Key[], names: Names & { readonly at: number }): PersonShape {
  const { id, zone, hours, enrolledAt, revokedAt, passkeys, leafIndex } = person
  return {
    who: whoOf(id, names),
    roles: rolesOf(person, names.state, names.at),
    bindings: bindingsOf(person, names.state).map((held) => describeBinding(held, names.at)),
    groups: [...person.groups],
    zone,
    hours: { from: hours.from, to: hours.to, days: [...hours.days] },
    enrolled: enrolledAt !== undefined,
    revoked: revokedAt !== undefined,
    keys: keys.map(describeKey),
    passkeys: passkeys.length,
    leafIndex,
  }
}

function describeKey({ fingerprint, format, enrolledAt, leafIndex }: Key): PersonShape['keys'][number] {
  return { fingerprint, format, enrolledAt: instantOf(enrolledAt), leafIndex }
}

/** Keys that still count. */
function keysByPerson({ state }: Names): Map<string, Key[]> {
  const keys = [...state.keys.values()].filter(({ removedAt }) => removedAt === undefined)
  return Map.groupBy(keys, ({ person }) => person)
}
