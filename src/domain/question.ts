/** How a command becomes a question in Cedar's four words, with the slice of entities that the answer may depend on. */

import type { Answer, CedarValue, Entity, EntityUid, PolicySet } from '../policy/policy.ts'
import type { Verdict } from './decision.ts'
import type { Environment } from './environment.ts'
import type { Given } from './leaf.ts'
import { localTime } from './local-time.ts'
import type { JobFacts, Login } from './login.ts'
import type { Person } from './principal.ts'
import { bindingsOf, isInForce } from './role.ts'
import type { State } from './state.ts'

/** What the rooms see of an answer. */
export type Answered = { readonly isAllowed: boolean; readonly policy?: Verdict }

/** For what was not asked, since something it names does not exist: never allowed. */
export const unasked: Answered = { isAllowed: false }

/** For what a part of Countersign keeps up to date by itself, such as a directory its groups: no policy is asked. */
export const ownWord: Answered = { isAllowed: true }

type Context = Readonly<Record<string, CedarValue>>

/** As many as a leaf names; they come sorted. */
const MAX_DETERMINING = 64

type Slice = readonly [Entity, ...Entity[]]

/** Who asks, with what depends on the question: roles that count in one place only, and the circumstances of the asking. */
export type Asker = Entity & {
  /** Scope, such as `environment:production`, and the role that is held there. */
  readonly scoped?: readonly (readonly [scope: string, role: string])[]
  /** Goes into the context as far as the schema of the action has room for it. */
  readonly conditions?: Context
}

export function ask(policies: PolicySet, principal: Asker, action: string, resource: Slice, said: Context): Answered {
  const context = { ...offered(policies, action, principal.conditions), ...said }
  const asked = { principal: principal.uid, action, resource: resource[0].uid, context }
  const who = standing(principal, resource)
  const { isAllowed, determining }: Answer = policies.ask({ ...asked, entities: unique([who, ...resource]) })
  return {
    isAllowed,
    policy: { ...asked, digest: policies.digest, determining: determining.slice(0, MAX_DETERMINING) },
  }
}

function offered(policies: PolicySet, action: string, conditions: Context = {}): Context {
  const known = policies.contextOf(action)
  return Object.fromEntries(Object.entries(conditions).filter(([name]) => known.has(name)))
}

/** The entity, with the roles that it holds on this very resource, or on something that the resource lies in. */
function standing({ uid: who, attrs, parents, scoped = [] }: Asker, resource: Slice): Entity {
  if (scoped.length === 0) return { uid: who, attrs, parents }
  const scopes = scopesOf(resource)
  const here = scoped.filter(([scope]) => scopes.has(scope)).map(([, role]) => uid('Role', role))
  return { uid: who, attrs, parents: [...parents, ...here] }
}

function scopesOf(slice: Slice): ReadonlySet<string> {
  const above = [slice[0].uid]
  for (const { type, id } of above)
    for (const entity of slice)
      if (entity.uid.type === type && entity.uid.id === id)
        above.push(...entity.parents.filter((parent) => !above.some((met) => isSame(met, parent))))
  return new Set(above.map(({ type, id }) => `${type.toLowerCase()}:${id}`))
}

function isSame(one: EntityUid, other: EntityUid): boolean {
  return one.type === other.type && one.id === other.id
}

function unique(entities: readonly Entity[]): Entity[] {
  return [...new Map(entities.map((entity) => [`${entity.uid.type}\n${entity.uid.id}`, entity])).values()]
}

const uid = (type: string, id: string): EntityUid => ({ type, id })

export const instance: Entity = { uid: uid('Instance', 'countersign'), attrs: {}, parents: [] }

type Holding = Pick<State, 'people' | 'groups' | 'bindings'>

/** A person with the groups and roles of this moment; none when revoked or not enrolled. */
export function personEntity(person: Person, state: Holding, at: number): Asker {
  const isHere = person.revokedAt === undefined && person.enrolledAt !== undefined
  const held = isHere ? bindingsOf(person, state).filter((binding) => isInForce(binding, at)) : []
  const everywhere = new Set(held.filter(({ scope }) => scope === 'instance').map(({ role }) => role))
  const groups = isHere ? person.groups.map((group) => uid('Group', group)) : []
  const scoped = held.filter(({ scope }) => scope !== 'instance').map(({ scope, role }) => [scope, role] as const)
  return {
    uid: uid('Person', person.id),
    attrs: { zone: person.zone },
    parents: [...[...everywhere].map((role) => uid('Role', role)), ...groups],
    ...(scoped.length > 0 && { scoped }),
  }
}

/**
 * What policies may ask of a person's login: how long ago a passkey proved it, whether that passkey can leave its device, the
 * hour and the day (1 for Monday) where the person lives, and the defined networks that they ask from.
 */
export function conditionsOf(
  login: Pick<Login, 'provenAt' | 'isDeviceBound'>,
  person: Person,
  given: Given,
  state: State,
  at: number,
): Context {
  const { hour, weekday } = localTime(at, person.zone)
  return {
    loginAgeSeconds: Math.floor((at - login.provenAt) / 1000),
    deviceBound: login.isDeviceBound === true,
    localHour: hour,
    localWeekday: weekday,
    networks: (given.networks ?? []).filter((name) => state.networks.has(name)),
  }
}

export function jobEntity(id: string, job: JobFacts): Entity {
  const { issuer, repository, ref = '', eventName = '', runnerEnvironment = '', environment } = job
  const { workflow, workflowCommit } = job
  const attrs = {
    issuer,
    repository,
    ref,
    eventName,
    runnerEnvironment,
    ...(environment !== undefined && { environment }),
    ...(workflow !== undefined && { workflow }),
    ...(workflowCommit !== undefined && { workflowCommit }),
  }
  return { uid: uid('Job', id), attrs, parents: [] }
}

/** Whoever holds this login, under the circumstances of this moment. */
export function callerEntity(login: Login, state: State, at: number, given: Given = {}): Asker {
  const { principal, job } = login
  if (job) return jobEntity(principal, job)
  const person = state.people.get(principal)
  if (!person) return { uid: uid('Person', principal), attrs: {}, parents: [] }
  return { ...personEntity(person, state, at), conditions: conditionsOf(login, person, given, state, at) }
}

export function doorEntity(repository: string): Entity {
  return { uid: uid('Door', repository), attrs: {}, parents: [] }
}

export function repositoryEntity(repository: string): Entity {
  return { uid: uid('Repository', repository), attrs: {}, parents: [] }
}

export function environmentEntity({ environment, approvals, approverRole }: Environment): Entity {
  return {
    uid: uid('Environment', environment),
    attrs: { approvals, approverRole: reference(uid('Role', approverRole)) },
    parents: [],
  }
}

export function groupEntity(group: string): Entity {
  return { uid: uid('Group', group), attrs: {}, parents: [] }
}

/** A thing in its environment; a release also in the repository that it comes from. */
export function within(
  type: 'Release' | 'Target',
  id: string,
  environment: Environment | undefined,
  repository?: string,
): readonly [Entity, ...Entity[]] {
  const parents = [
    ...(environment ? [uid('Environment', environment.environment)] : []),
    ...(repository === undefined ? [] : [uid('Repository', repository)]),
  ]
  return [{ uid: uid(type, id), attrs: {}, parents }, ...(environment ? [environmentEntity(environment)] : [])]
}

export function reference(to: EntityUid): CedarValue {
  return { __entity: { type: to.type, id: to.id } }
}

export function environmentReference({ environment }: Environment): CedarValue {
  return reference(uid('Environment', environment))
}

const WEEK = Array.from({ length: 7 * 24 }, (_, hour) => ({
  localHour: hour % 24,
  localWeekday: 1 + Math.floor(hour / 24),
}))

/**
 * Whether administrators could still change the policies under this set, at some hour of the week, on a device that keeps its
 * passkey and from one of these networks, alone or with another one's agreement: a set that locks everybody out is never put in force.
 */
export function keepsAdministrators(policies: PolicySet, networks: readonly string[]): boolean {
  const admin = { uid: uid('Person', 'anybody'), attrs: { zone: 'UTC' }, parents: [uid('Role', 'admin')] }
  return WEEK.some((hour) => {
    const conditions = { deviceBound: true, networks, ...hour, otherAdministrators: 1 }
    const may = (action: string, more: Context, said: Context) =>
      ask(policies, { ...admin, conditions: { ...conditions, ...more } }, action, [instance], {
        loginAgeSeconds: 0,
        ...said,
      }).isAllowed
    const signed = { isAsker: false, userVerified: true, statementMatches: true }
    const isAlone = may('activatePolicy', { agreements: 0 }, { isSelf: false })
    return isAlone || (may('activatePolicy', { agreements: 1 }, { isSelf: false }) && may('agreeToPolicy', {}, signed))
  })
}
