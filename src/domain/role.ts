/** What people may do, by names of roles: each bound to a person or a group, somewhere, from a moment and until one. */

import { sha256 } from '../bytes/digest.ts'
import * as z from '../bytes/schema.ts'
import { hex, utf8 } from '../bytes/text.ts'
import { allowed, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { Person } from './principal.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import type { State } from './state.ts'

/** Everywhere, and at once and for good, where nothing else is said. */
const limits = { scope: f.scope.optional(), from: f.at.optional(), until: f.at.optional() }
/** `by` gives and takes what it keeps itself; where no source is said, people did it by hand. */
const done = { role: f.role, by: f.principalId, source: f.source.optional() }

export const events = {
  'role.assigned': z.strictObject({ person: f.personId, ...done, ...limits }),
  'role.removed': z.strictObject({ person: f.personId, ...done, scope: f.scope.optional() }),
  'role.bound': z.strictObject({ group: f.name, ...done, ...limits }),
  'role.unbound': z.strictObject({ group: f.name, ...done, scope: f.scope.optional() }),
  'role.refused': z.strictObject({
    person: f.personId.optional(),
    group: f.name.optional(),
    role: f.role,
    by: f.principalId,
    wanted: z.enum(['assign', 'remove']),
    scope: f.scope.optional(),
  }),
}

const taken = { role: f.role, scope: f.scope.optional(), source: f.source.optional() }

export const commands = {
  'assign role': z.strictObject({ type: z.literal('assign role'), person: f.personId, role: f.role, ...limits }),
  /** Whoever gave it, where no source is said. */
  'remove role': z.strictObject({ type: z.literal('remove role'), person: f.personId, ...taken }),
  'bind role': z.strictObject({ type: z.literal('bind role'), group: f.name, role: f.role, ...limits }),
  'unbind role': z.strictObject({ type: z.literal('unbind role'), group: f.name, ...taken }),
}

export type RoleEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

/** A person's id, or `group:` and the name of a group. */
export type Holder = f.PersonId | `group:${string}`
export type Binding = {
  readonly id: string
  readonly role: string
  readonly holder: Holder
  readonly scope: f.Scope
  readonly from?: number
  readonly until?: number
  readonly source: f.Source
  readonly by: f.PrincipalId
  readonly at: number
  readonly leafIndex: number
}

/** As many as one person or group holds at a time. */
const MAX_BINDINGS = 200

export function apply(state: State, event: RoleEvent, at: number, leafIndex: number): void {
  switch (event.type) {
    case 'role.assigned':
    case 'role.bound': {
      const { by, role, scope, from, until, source = 'direct' } = event
      const holder = event.type === 'role.bound' ? groupHolder(event.group) : event.person
      const times = { ...(from !== undefined && { from }), ...(until !== undefined && { until }) }
      return give(state, { role, holder, scope: scope ?? 'instance', ...times, source, by, at, leafIndex })
    }
    case 'role.removed':
      return take(state, event.person, event)
    case 'role.unbound':
      return take(state, groupHolder(event.group), event)
    case 'role.refused':
  }
}

/** One holder has one binding of a role, a scope and a source: giving it again changes when it counts. */
export function give(state: State, bound: Omit<Binding, 'id'>): void {
  const held = bindingIdsOf(bound.holder, state)
  if (!held) return
  for (const old of [...held]) if ((state.bindings.get(old)?.until ?? Infinity) <= bound.at) drop(state, old, held)
  const id = identify(bound)
  if (!held.includes(id)) held.push(id)
  state.bindings.set(id, { id, ...bound })
}

type Which = { readonly role: string; readonly scope?: string | undefined; readonly source?: string | undefined }

function take(state: State, holder: Holder, which: Which): void {
  const held = bindingIdsOf(holder, state) ?? []
  for (const { id } of matching(holder, which, state)) drop(state, id, held)
}

function drop(state: State, id: string, held: string[]): void {
  state.bindings.delete(id)
  const index = held.indexOf(id)
  if (index >= 0) held.splice(index, 1)
}

export function groupHolder(group: string): Holder {
  return `group:${group}`
}

function bindingIdsOf(holder: Holder, { people, groups }: Pick<State, 'people' | 'groups'>): string[] | undefined {
  return holder.startsWith('group:') ? groups.get(holder.slice(6))?.bindings : people.get(holder)?.bindings
}

export function identify({
  holder,
  role,
  scope,
  source,
}: Pick<Binding, 'holder' | 'role' | 'scope' | 'source'>): string {
  return `binding:${hex.encode(sha256(utf8.encode([holder, role, scope, source].join('\n')))).slice(0, 20)}`
}

type Bound = Pick<State, 'people' | 'groups' | 'bindings'>

function bindingsHeld(holder: Holder, state: Bound): Binding[] {
  return (bindingIdsOf(holder, state) ?? []).map((id) => state.bindings.get(id)!)
}

function matching(holder: Holder, { role, scope = 'instance', source }: Which, state: Bound): Binding[] {
  return bindingsHeld(holder, state).filter(
    (one) => one.role === role && one.scope === scope && (source === undefined || one.source === source),
  )
}

export function isInForce({ from = 0, until = Infinity }: Pick<Binding, 'from' | 'until'>, at: number): boolean {
  return from <= at && at < until
}

/** What a person holds, by themselves or through groups, in force at this moment or not. */
export function bindingsOf({ id, groups }: Pick<Person, 'id' | 'groups'>, state: Bound): Binding[] {
  return [id, ...groups.map(groupHolder)].flatMap((holder) => bindingsHeld(holder, state))
}

/**
 * The roles of a person at this moment, on things that lie in these scopes besides the whole instance. Whether the person is
 * enrolled and not revoked is another question.
 */
export function rolesOf(
  person: Pick<Person, 'id' | 'groups'>,
  state: Bound,
  at: number,
  scopes: readonly string[] = [],
): string[] {
  const here = bindingsOf(person, state).filter(
    (one) => isInForce(one, at) && (one.scope === 'instance' || scopes.includes(one.scope)),
  )
  return [...new Set(here.map(({ role }) => role))]
}

const KEEPERS = { 'system:scim': 'scim', 'system:idp': 'idp' } as const

/** In whose name somebody gives and takes; undefined for parts of Countersign that keep nobody's roles. */
export function sourceOf(by: f.PrincipalId): f.Source | undefined {
  if (!by.startsWith('system:')) return 'direct'
  return KEEPERS[by.split('/')[0] as keyof typeof KEEPERS]
}

type Assign = z.infer<(typeof commands)['assign role' | 'bind role']>

export function assign(
  command: Assign,
  by: f.PrincipalId,
  { policy, isAllowed }: Answered,
  state: State,
  at: number,
): Decision {
  const { type, ...said } = command
  const { scope, from, until } = command
  const holder = holderOf(command)
  const refuse = (reason: Reason) => refused(refusedOf(command, by, 'assign'), reason, policy)

  const source = sourceOf(by)
  const unknown = judgeHolder(holder, state) ?? judgeScope(scope, state)
  if (unknown) return refuse(unknown)
  if (source === undefined) return refuse('wrong_principal')
  if (until !== undefined && until <= Math.max(at, from ?? at)) return refuse('no_such_time')
  const others = bindingsHeld(holder, state).filter((one) => (one.until ?? Infinity) > at)
  if (others.length >= MAX_BINDINGS) return refuse('too_many_roles')
  if (!isAllowed) return refuse('policy_refused')
  const given = { ...said, by, ...(source !== 'direct' && { source }) }
  const event = type === 'bind role' ? { type: 'role.bound', ...given } : { type: 'role.assigned', ...given }
  return allowed(event as RoleEvent, policy)
}

type Remove = z.infer<(typeof commands)['remove role' | 'unbind role']>

export function remove(command: Remove, by: f.PrincipalId, { policy, isAllowed }: Answered, state: State): Decision {
  const { type, source: wanted, ...said } = command
  const holder = holderOf(command)
  const refuse = (reason: Reason) => refused(refusedOf(command, by, 'remove'), reason, policy)

  const unknown = judgeHolder(holder, state)
  const own = sourceOf(by)
  const source = own === 'direct' ? wanted : own
  if (unknown && unknown !== 'principal_revoked') return refuse(unknown)
  if (own === undefined) return refuse('wrong_principal')
  if (matching(holder, { ...said, source }, state).length === 0) return refuse('no_such_role')
  if (!isAllowed) return refuse('policy_refused')
  const removed = { ...said, by, ...(source !== undefined && { source }) }
  const event = type === 'unbind role' ? { type: 'role.unbound', ...removed } : { type: 'role.removed', ...removed }
  return allowed(event as RoleEvent, policy)
}

function holderOf(command: Assign | Remove): Holder {
  return 'group' in command ? groupHolder(command.group) : command.person
}

function refusedOf(command: Assign | Remove, by: f.PrincipalId, wanted: 'assign' | 'remove'): RoleEvent {
  const { role, scope } = command
  const about = 'group' in command ? { group: command.group } : { person: command.person }
  return { type: 'role.refused', ...about, role, by, wanted, ...(scope !== undefined && { scope }) }
}

function judgeHolder(holder: Holder, { people, groups }: State): Reason | undefined {
  if (holder.startsWith('group:')) return groups.has(holder.slice(6)) ? undefined : 'no_such_group'
  const person = people.get(holder)
  if (!person) return 'no_such_person'
  return person.revokedAt === undefined ? undefined : 'principal_revoked'
}

function judgeScope(scope: f.Scope | undefined, { environments, repositories, targets }: State): Reason | undefined {
  const [kind, name = ''] = (scope ?? 'instance').split(':')
  if (kind === 'environment' && !environments.has(name)) return 'no_such_environment'
  if (kind === 'repository' && !repositories.has(name)) return 'no_such_repository'
  if (kind === 'target' && !targets.has(name)) return 'no_such_target'
  return undefined
}
