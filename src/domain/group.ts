/** People who belong together: whoever joins holds what the group holds, from that leaf on, and no longer than they are in it. */

import * as z from '../bytes/schema.ts'
import { allowed, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import * as role from './role.ts'
import type { State } from './state.ts'

const membership = { group: f.name, person: f.personId }

export const events = {
  'group.defined': z.strictObject({ group: f.name, source: f.source, by: f.principalId }),
  'group.removed': z.strictObject({ group: f.name, by: f.principalId }),
  'group.joined': z.strictObject({ ...membership, by: f.principalId }),
  'group.left': z.strictObject({ ...membership, by: f.principalId }),
  'group.refused': z.strictObject({
    group: f.name,
    person: f.personId.optional(),
    by: f.principalId,
    wanted: z.enum(['define', 'remove', 'add', 'take']),
  }),
}

export const commands = {
  'define group': z.strictObject({ type: z.literal('define group'), group: f.name }),
  'remove group': z.strictObject({ type: z.literal('remove group'), group: f.name }),
  'add member': z.strictObject({ type: z.literal('add member'), ...membership }),
  'remove member': z.strictObject({ type: z.literal('remove member'), ...membership }),
}

export type GroupEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export type Group = {
  readonly group: string
  /** Only who keeps a group puts people into it. */
  readonly source: f.Source
  /** Person to the leaf that put them in. */
  readonly members: Map<string, number>
  /** Bindings of roles that it holds. */
  readonly bindings: string[]
  readonly leafIndex: number
}

const MAX_GROUPS = 10_000
/** As many as one person is in: each is looked at whenever they ask for something. */
const MAX_GROUPS_OF_PERSON = 200

export function apply(state: State, event: GroupEvent, leafIndex: number): void {
  const group = state.groups.get(event.group)
  switch (event.type) {
    case 'group.defined': {
      const { group: name, source } = event
      state.groups.set(name, { group: name, source, members: new Map(), bindings: [], leafIndex })
      return
    }
    case 'group.removed':
      for (const person of group?.members.keys() ?? []) leave(state, person, event.group)
      for (const binding of group?.bindings ?? []) state.bindings.delete(binding)
      state.groups.delete(event.group)
      return
    case 'group.joined':
      group?.members.set(event.person, leafIndex)
      state.people.get(event.person)?.groups.push(event.group)
      return
    case 'group.left':
      group?.members.delete(event.person)
      return leave(state, event.person, event.group)
    case 'group.refused':
  }
}

function leave(state: State, id: string, group: string): void {
  const groups = state.people.get(id)?.groups ?? []
  const index = groups.indexOf(group)
  if (index >= 0) groups.splice(index, 1)
}

type Whole = z.infer<(typeof commands)['define group' | 'remove group']>

export function define(
  { group }: Whole,
  by: f.PrincipalId,
  { policy, isAllowed }: Answered,
  { groups }: State,
): Decision {
  const refuse = (reason: Reason) => refused({ type: 'group.refused', group, by, wanted: 'define' }, reason, policy)

  const source = role.sourceOf(by)
  if (source === undefined) return refuse('wrong_principal')
  if (groups.has(group)) return refuse('id_taken')
  if (groups.size >= MAX_GROUPS) return refuse('too_many_groups')
  if (!isAllowed) return refuse('policy_refused')
  return allowed({ type: 'group.defined', group, source, by }, policy)
}

export function remove({ group }: Whole, by: f.PrincipalId, { policy, isAllowed }: Answered, state: State): Decision {
  const refuse = (reason: Reason) => refused({ type: 'group.refused', group, by, wanted: 'remove' }, reason, policy)

  const unfit = judge(group, by, true, state)
  if (unfit) return refuse(unfit)
  if (!isAllowed) return refuse('policy_refused')
  return allowed({ type: 'group.removed', group, by }, policy)
}

type Membership = z.infer<(typeof commands)['add member' | 'remove member']>

export function add(
  { group, person }: Membership,
  by: f.PrincipalId,
  { policy, isAllowed }: Answered,
  state: State,
): Decision {
  const refuse = (reason: Reason) =>
    refused({ type: 'group.refused', group, person, by, wanted: 'add' }, reason, policy)

  const unfit = judge(group, by, false, state)
  const member = state.people.get(person)
  if (unfit) return refuse(unfit)
  if (!member) return refuse('no_such_person')
  if (member.revokedAt !== undefined) return refuse('principal_revoked')
  if (member.groups.includes(group)) return refuse('member_already')
  if (member.groups.length >= MAX_GROUPS_OF_PERSON) return refuse('too_many_groups')
  if (!isAllowed) return refuse('policy_refused')
  return allowed({ type: 'group.joined', group, person, by }, policy)
}

export function take(
  { group, person }: Membership,
  by: f.PrincipalId,
  { policy, isAllowed }: Answered,
  state: State,
): Decision {
  const refuse = (reason: Reason) =>
    refused({ type: 'group.refused', group, person, by, wanted: 'take' }, reason, policy)

  const unfit = judge(group, by, true, state)
  if (unfit) return refuse(unfit)
  if (!state.people.get(person)?.groups.includes(group)) return refuse('no_such_member')
  if (!isAllowed) return refuse('policy_refused')
  return allowed({ type: 'group.left', group, person, by }, policy)
}

/** A directory keeps its own groups and no others; people can always take away, whoever keeps the group. */
function judge(name: string, by: f.PrincipalId, isNarrowing: boolean, { groups }: State): Reason | undefined {
  const source = role.sourceOf(by)
  const group = groups.get(name)
  if (source === undefined) return 'wrong_principal'
  if (!group) return 'no_such_group'
  if (group.source === source || (isNarrowing && source === 'direct')) return undefined
  return 'group_kept_elsewhere'
}
