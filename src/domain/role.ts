/** What a person may do, by name of a role, until a moment. */

import * as z from '../bytes/schema.ts'
import { allowed, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import type { State } from './state.ts'

export const events = {
  'role.assigned': z.strictObject({ person: f.personId, role: f.role, by: f.principalId, until: f.at.optional() }),
  'role.removed': z.strictObject({ person: f.personId, role: f.role, by: f.principalId }),
  'role.refused': z.strictObject({
    person: f.personId,
    role: f.role,
    by: f.principalId,
    wanted: z.enum(['assign', 'remove']),
  }),
}

export const commands = {
  'assign role': z.strictObject({
    type: z.literal('assign role'),
    person: f.personId,
    role: f.role,
    until: f.at.optional(),
  }),
  'remove role': z.strictObject({ type: z.literal('remove role'), person: f.personId, role: f.role }),
}

export type RoleEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export function apply(state: State, event: RoleEvent): void {
  const roles = state.people.get(event.person)?.roles
  if (event.type === 'role.assigned') roles?.set(event.role, event.until ?? null)
  if (event.type === 'role.removed') roles?.delete(event.role)
}

type Assign = z.infer<(typeof commands)['assign role']>

export function assign(
  { person, role, until }: Assign,
  by: f.PrincipalId,
  { policy, isAllowed }: Answered,
  state: State,
): Decision {
  const refuse = (reason: Reason) =>
    refused({ type: 'role.refused', person, role, by, wanted: 'assign' }, reason, policy)

  const holder = state.people.get(person)
  if (!holder) return refuse('no_such_person')
  if (holder.revokedAt !== undefined) return refuse('principal_revoked')
  if (!isAllowed) return refuse('policy_refused')
  return allowed({ type: 'role.assigned', person, role, by, ...(until !== undefined && { until }) }, policy)
}

type Remove = z.infer<(typeof commands)['remove role']>

export function remove(
  { person, role }: Remove,
  by: f.PrincipalId,
  { policy, isAllowed }: Answered,
  state: State,
): Decision {
  const refuse = (reason: Reason) =>
    refused({ type: 'role.refused', person, role, by, wanted: 'remove' }, reason, policy)

  const holder = state.people.get(person)
  if (!holder) return refuse('no_such_person')
  if (!holder.roles.has(role)) return refuse('no_such_role')
  if (!isAllowed) return refuse('policy_refused')
  return allowed({ type: 'role.removed', person, role, by }, policy)
}
