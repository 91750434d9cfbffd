/** The people of the demo. All of them are made up. */

import type { Person } from './person.ts'
import type { Zones } from './zone.ts'
import type { Portrait } from './person.ts'

export type Handle = 'mara' | 'ivo' | 'li' | 'noor' | 'sam'
export type Cast = Readonly<Record<Handle, Person>>

/** Roles that each is invited with; what they hold beyond is given to them later. */
export const INVITED: Readonly<Record<Exclude<Handle, 'mara'>, readonly string[]>> = {
  ivo: ['developer'],
  li: ['developer'],
  noor: ['approver'],
  sam: ['approver'],
}

/** A burst: four roles by one person within a minute. */
export const GIVEN: readonly (readonly [Handle, role: string])[] = [
  ['ivo', 'approver'],
  ['li', 'auditor'],
  ['noor', 'developer'],
  ['sam', 'developer'],
]

const NAMES: Readonly<Record<Handle, string>> = {
  mara: 'Mara Ortega',
  ivo: 'Ivo Kranz',
  li: 'Li Chen',
  noor: 'Noor Aziz',
  sam: 'Sam Weber',
}

/** Li lives where it is night right now; for everybody else it is working time, where it is that anywhere. */
export function portraits({ working, away }: Zones): readonly Portrait[] {
  return (Object.keys(NAMES) as Handle[]).map((handle) => ({
    handle,
    name: NAMES[handle],
    email: `${handle}@acme.example`,
    zone: handle === 'li' ? away : working,
  }))
}
