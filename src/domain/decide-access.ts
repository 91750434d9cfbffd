/** What is asked about roles, groups and networks: by administrators, and by directories that keep groups up to date. */

import type { PolicySet } from '../policy/policy.ts'
import type { Command } from './command.ts'
import type { Decision } from './decision.ts'
import type * as f from './field.ts'
import * as group from './group.ts'
import * as network from './network.ts'
import * as q from './question.ts'
import * as role from './role.ts'
import type { State } from './state.ts'

const TYPES = [
  ...Object.keys(role.commands),
  ...Object.keys(group.commands),
  ...Object.keys(network.commands),
] as readonly string[]

type Room = typeof role.commands & typeof group.commands & typeof network.commands
export type AccessCommand = Extract<Command, { readonly type: keyof Room }>

export function isAboutAccess(command: Command): command is AccessCommand {
  return TYPES.includes(command.type)
}

type Moment = { readonly state: State; readonly policies: PolicySet; readonly at: number }

/** What the policies say of one action on a person, a group or the instance. */
type Ask = (action: string, resource: Parameters<typeof q.ask>[3], isSelf: boolean) => q.Answered

export function decideAccess(
  command: AccessCommand,
  by: f.PrincipalId,
  ask: Ask,
  { state, policies, at }: Moment,
): Decision {
  const onPerson = (action: string, id: string) => {
    const person = state.people.get(id)
    return person ? ask(action, [q.personEntity(person, state, at)], id === by) : q.unasked
  }
  // Whoever is in a group would give to themselves what they give to it.
  const onGroup = (action: string, name: string) => {
    const known = state.groups.get(name)
    return known ? ask(action, [q.groupEntity(name)], known.members.has(by)) : q.unasked
  }
  const onInstance = (action: string) => ask(action, [q.instance], false)

  switch (command.type) {
    case 'assign role':
      return role.assign(command, by, onPerson('assignRole', command.person), state, at)
    case 'bind role':
      return role.assign(command, by, onGroup('assignRole', command.group), state, at)
    case 'remove role':
      return role.remove(command, by, onPerson('removeRole', command.person), state)
    case 'unbind role':
      return role.remove(command, by, onGroup('removeRole', command.group), state)
    case 'define group':
      return group.define(command, by, onInstance('defineGroup'), state)
    case 'remove group':
      return group.remove(command, by, onGroup('removeGroup', command.group), state)
    case 'add member':
      return group.add(command, by, onPerson('addMember', command.person), state)
    case 'remove member':
      return group.take(command, by, onPerson('removeMember', command.person), state)
    case 'define network':
      return network.define(command, by, onInstance('defineNetwork'), isSpare(command.network, policies, state), state)
    case 'remove network':
      return network.remove(command, by, onInstance('removeNetwork'), isSpare(command.network, policies, state), state)
  }
}

/** Whether somebody could still change the policies without this network. */
function isSpare(name: string, policies: PolicySet, { networks }: State): boolean {
  return q.keepsAdministrators(
    policies,
    [...networks.keys()].filter((known) => known !== name),
  )
}
