/**
 * The question behind a decision of long ago, put to any policies: the leaf says what was asked, and the state before it who and what
 * that was. Whoever relies on it asks the policies of that time first, and believes it where they say what the leaf says.
 */

import type { CedarValue, Entity, EntityUid, PolicySet } from '../policy/policy.ts'
import type { Asked } from './decision.ts'
import type { Leaf } from './leaf.ts'
import { contextOf } from './question-of-release.ts'
import * as q from './question.ts'
import type { State } from './state.ts'

type Slice = readonly [Entity, ...Entity[]]
type Past = Pick<Leaf, 'caller' | 'command' | 'event' | 'given' | 'at'>

/** What `policies` answer to what was asked then. Undefined when leaf and state do not tell who or what it was about. */
export function askAgain(asked: Asked, leaf: Past, state: State, policies: PolicySet): q.Answered | undefined {
  const who = askerOf(asked.principal, leaf, state)
  const what = sliceOf(asked, leaf, state)
  return who && what && q.ask(policies, who, asked.action, what, fitting(asked, policies))
}

/** Questions that had to be answered as well before this one was asked; a leaf keeps the last one. */
export function askedBefore({ caller, command }: Past, state: State): Asked[] {
  const login = state.logins.get(caller.login ?? '')
  if (command.type !== 'request release' || !login?.job) return []
  const resource = { type: 'Environment', id: command.environment }
  const principal = { type: 'Job', id: login.principal }
  return [{ principal, action: 'requestRelease', resource, context: contextOf(command, login, state) }]
}

/** What the schema of these policies has no room for, they cannot depend on. */
export function fitting({ action, context }: Pick<Asked, 'action' | 'context'>, policies: PolicySet): Asked['context'] {
  const known = policies.contextOf(action)
  return Object.fromEntries(Object.entries(context).filter(([name]) => known.has(name)))
}

function askerOf({ type, id }: EntityUid, { caller, event, given, at }: Past, state: State): q.Asker | undefined {
  if (type === 'Door') return q.doorEntity(id)
  const login = state.logins.get(caller.login ?? '')
  if (login?.principal === id) return q.callerEntity(login, state, at, given)
  if (type === 'Job') {
    const job = event.type === 'login.opened' && event.principal === id ? event.job : undefined
    return job && q.jobEntity(id, job)
  }
  const person = state.people.get(id)
  if (!person) return undefined
  // Somebody who comes in proves it at this moment.
  return {
    ...q.personEntity(person, state, at),
    conditions: q.conditionsOf({ provenAt: at }, person, given, state, at),
  }
}

function sliceOf(asked: Asked, leaf: Past, state: State): Slice | undefined {
  const named = state.environments.get(idOf(asked.context['environment']) ?? '')
  const place = placeOf(asked, leaf, state)
  return place && (named ? [...place, q.environmentEntity(named)] : place)
}

function placeOf({ action, resource, context }: Asked, leaf: Past, state: State): Slice | undefined {
  const { type, id } = resource
  switch (type) {
    case 'Instance':
      return [q.instance]
    case 'Repository':
      return [q.repositoryEntity(id)]
    case 'Group':
      return [q.groupEntity(id)]
    case 'Person': {
      const person = state.people.get(id)
      return person && [q.personEntity(person, state, leaf.at)]
    }
    case 'Environment': {
      const environment = state.environments.get(id)
      return environment && [q.environmentEntity(environment)]
    }
    case 'Release': {
      const release = state.releases.get(id)
      const environment = state.environments.get(release?.environment ?? '')
      return release && q.within('Release', id, environment, action === 'observe' ? undefined : release.repository)
    }
    case 'Target':
      return targetOf(id, action, idOf(context['environment']), leaf, state)
    default:
      return undefined
  }
}

function targetOf(id: string, action: string, named: string | undefined, { command }: Past, state: State): Slice {
  if (action === 'observe' && command.type === 'record observation') {
    const release = state.releases.get(command.release ?? state.grants.get(command.grant ?? '')?.release ?? '')
    return q.within('Target', id, state.environments.get(release?.environment ?? ''))
  }
  const environment = state.environments.get(named ?? '')
  return q.within('Target', id, environment?.targets.includes(id) ? environment : undefined)
}

function idOf(value: CedarValue | undefined): string | undefined {
  const isReference = typeof value === 'object' && '__entity' in value
  return isReference ? (value as { readonly __entity: EntityUid }).__entity.id : undefined
}
