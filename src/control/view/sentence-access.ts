/** Sentences about roles, groups and networks. */

import type { EventType } from '../../domain/event.ts'
import { about, because, count, instantOf, list, named, span, type Tells } from './phrase.ts'

type Types = Extract<EventType, `role.${string}` | `group.${string}` | `network.${string}`>

function aboutPerson(id: string) {
  return about('person', id, named(id))
}

/** " in production", or nothing where it is everywhere. */
function where(scope: string | undefined): string {
  if (scope === undefined || scope === 'instance') return ''
  const [kind, name] = scope.split(':')
  return kind === 'environment' ? ` in ${name}` : ` for ${name}`
}

type Span = { readonly from?: number | undefined; readonly until?: number | undefined }

function when({ from, until }: Span, at: number): string {
  if (from !== undefined && from > at)
    return ` from ${instantOf(from)}${until === undefined ? '' : ` until ${instantOf(until)}`}`
  return until === undefined ? '' : ` for ${span(until - at)}`
}

const wishes = { define: 'to define', remove: 'to remove', add: 'to put', take: 'to take' }

export const tells: Tells<Types> = {
  'role.assigned': ({ person, role, scope, ...times }, { at }) => ({
    sentence: `gave ${named(person)} the role ${role}${where(scope)}${when(times, at)}`,
    ...aboutPerson(person),
  }),
  'role.removed': ({ person, role, scope }) => ({
    sentence: `took the role ${role}${where(scope)} from ${named(person)}`,
    ...aboutPerson(person),
  }),
  'role.bound': ({ group, role, scope, ...times }, { at }) => ({
    sentence: `gave everybody in ${group} the role ${role}${where(scope)}${when(times, at)}`,
    ...about('group', group),
  }),
  'role.unbound': ({ group, role, scope }) => ({
    sentence: `took the role ${role}${where(scope)} from everybody in ${group}`,
    ...about('group', group),
  }),
  'role.refused': ({ person, group = '', role, wanted, scope }, { reason }) => {
    const holder = person ? named(person) : `everybody in ${group}`
    const wish = `${wanted} the role ${role}${where(scope)} ${wanted === 'assign' ? 'to' : 'of'} ${holder}`
    return {
      sentence: `was refused to ${wish}${because(reason)}`,
      ...(person ? aboutPerson(person) : about('group', group)),
    }
  },
  'group.defined': ({ group }) => ({ sentence: `defined the group ${group}`, ...about('group', group) }),
  'group.removed': ({ group }) => ({ sentence: `removed the group ${group}`, ...about('group', group) }),
  'group.joined': ({ group, person }) => ({
    sentence: `put ${named(person)} into the group ${group}`,
    ...aboutPerson(person),
  }),
  'group.left': ({ group, person }) => ({
    sentence: `took ${named(person)} out of the group ${group}`,
    ...aboutPerson(person),
  }),
  'group.refused': ({ group, person, wanted }, { reason }) => {
    const whom = person ? `${named(person)} ${wanted === 'add' ? 'into' : 'out of'} ` : ''
    return {
      sentence: `was refused ${wishes[wanted]} ${whom}the group ${group}${because(reason)}`,
      ...about('group', group),
    }
  },
  'network.defined': ({ network, cidrs }) => ({
    sentence: `defined the network ${network}: ${list(cidrs.slice(0, 3))}${cidrs.length > 3 ? `, ${count(cidrs.length, 'range')} in all` : ''}`,
    ...about('network', network),
  }),
  'network.removed': ({ network }) => ({ sentence: `removed the network ${network}`, ...about('network', network) }),
  'network.refused': ({ network, wanted }, { reason }) => ({
    sentence: `was refused ${wishes[wanted]} the network ${network}${because(reason)}`,
    ...about('network', network),
  }),
}
