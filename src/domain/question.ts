/** How a command becomes a question in Cedar's four words, with the slice of entities that the answer may depend on. */

import type { Answer, CedarValue, Entity, EntityUid, PolicySet } from '../policy/policy.ts'
import type { Verdict } from './decision.ts'
import type { Environment } from './environment.ts'
import type { JobFacts, Login } from './login.ts'
import { rolesOf, type Person } from './principal.ts'
import type { State } from './state.ts'

/** What the rooms see of an answer. */
export type Answered = { readonly isAllowed: boolean; readonly policy?: Verdict }

/** For what was not asked, since something it names does not exist: never allowed. */
export const unasked: Answered = { isAllowed: false }

type Context = Readonly<Record<string, CedarValue>>

/** As many as a leaf names; they come sorted. */
const MAX_DETERMINING = 64

export function ask(
  policies: PolicySet,
  principal: Entity,
  action: string,
  resource: readonly [Entity, ...Entity[]],
  context: Context,
): Answered {
  const asked = { principal: principal.uid, action, resource: resource[0].uid, context }
  const { isAllowed, determining }: Answer = policies.ask({ ...asked, entities: unique([principal, ...resource]) })
  return {
    isAllowed,
    policy: { ...asked, digest: policies.digest, determining: determining.slice(0, MAX_DETERMINING) },
  }
}

function unique(entities: readonly Entity[]): Entity[] {
  return [...new Map(entities.map((entity) => [`${entity.uid.type}\n${entity.uid.id}`, entity])).values()]
}

const uid = (type: string, id: string): EntityUid => ({ type, id })

export const instance: Entity = { uid: uid('Instance', 'countersign'), attrs: {}, parents: [] }

/** A person with the roles of this moment; none when revoked or not enrolled. */
export function personEntity(person: Person, at: number): Entity {
  const roles = person.revokedAt === undefined && person.enrolledAt !== undefined ? rolesOf(person, at) : []
  return {
    uid: uid('Person', person.id),
    attrs: { zone: person.zone },
    parents: roles.map((role) => uid('Role', role)),
  }
}

export function jobEntity(id: string, job: JobFacts): Entity {
  const { issuer, repository, ref = '', eventName = '', runnerEnvironment = '', environment } = job
  const attrs = {
    issuer,
    repository,
    ref,
    eventName,
    runnerEnvironment,
    ...(environment !== undefined && { environment }),
  }
  return { uid: uid('Job', id), attrs, parents: [] }
}

/** Whoever holds this login, as an entity. */
export function callerEntity({ principal, job }: Login, state: State, at: number): Entity {
  if (job) return jobEntity(principal, job)
  const person = state.people.get(principal)
  return person ? personEntity(person, at) : { uid: uid('Person', principal), attrs: {}, parents: [] }
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

export function within(
  type: 'Release' | 'Target',
  id: string,
  environment: Environment | undefined,
): readonly [Entity, ...Entity[]] {
  if (!environment) return [{ uid: uid(type, id), attrs: {}, parents: [] }]
  return [
    { uid: uid(type, id), attrs: {}, parents: [uid('Environment', environment.environment)] },
    environmentEntity(environment),
  ]
}

export function reference(to: EntityUid): CedarValue {
  return { __entity: { type: to.type, id: to.id } }
}

export function environmentReference({ environment }: Environment): CedarValue {
  return reference(uid('Environment', environment))
}

/** Whether an administrator could still change the policies under this set: one that locks everybody out is never put in force. */
export function keepsAdministrators(policies: PolicySet): boolean {
  const admin: Entity = { uid: uid('Person', 'anybody'), attrs: {}, parents: [uid('Role', 'admin')] }
  return ask(policies, admin, 'activatePolicy', [instance], { loginAgeSeconds: 0, isSelf: false }).isAllowed
}
