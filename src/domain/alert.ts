/**
 * A detection rule fired. Rules are folded with the state, so the same log always gives the same alerts, once each: what is
 * due stays due through a crash until its own leaf is written.
 */

import { sha256 } from '../bytes/digest.ts'
import * as z from '../bytes/schema.ts'
import { utf8, hex } from '../bytes/text.ts'
import { allowed, recorded, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { Leaf } from './leaf.ts'
import { localTime } from './local-time.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import type { State } from './state.ts'

const rule = z.enum([
  'unverified_push',
  'out_of_hours',
  'rapid_roles',
  'log_damaged',
  'break_glass',
  'review_overdue',
  'approval_escalated',
  'secret_overdue',
])
const severity = z.enum(['low', 'medium', 'high', 'critical'])

export const events = {
  'alert.fired': z.strictObject({
    alert: f.alertId,
    rule,
    severity,
    /** The leaves that made the rule fire, oldest first. */
    evidence: z.array(f.leafIndex).min(1).max(64),
    about: f.principalId.optional(),
    repository: f.name.optional(),
    localTime: z.string().max(64).optional(),
  }),
  'alert.acknowledged': z.strictObject({ alert: f.alertId, by: f.principalId }),
  'alert.refused': z.strictObject({ alert: f.alertId }),
}

export const commands = {
  'fire alert': z.strictObject({ type: z.literal('fire alert'), alert: f.alertId }),
  'acknowledge alert': z.strictObject({ type: z.literal('acknowledge alert'), alert: f.alertId }),
}

export type AlertEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]
export type Fired = z.infer<(typeof events)['alert.fired']>
export type Alert = Fired & {
  readonly at: number
  readonly leafIndex: number
  readonly acknowledged?: { readonly by: string; readonly at: number }
}

export function apply(state: State, event: AlertEvent, at: number, leafIndex: number): void {
  if (event.type === 'alert.fired') {
    const { type: _, ...fired } = event
    state.due.delete(event.alert)
    state.alerts.add(event.alert, { ...fired, at, leafIndex })
    state.openAlerts.set(event.alert, leafIndex)
    if (state.openAlerts.size > MAX_OPEN) state.openAlerts.delete(state.openAlerts.keys().next().value!)
  }
  if (event.type === 'alert.acknowledged') {
    const alert = state.alerts.get(event.alert)
    if (alert) state.alerts.set(event.alert, { ...alert, acknowledged: { by: event.by, at } })
    state.openAlerts.delete(event.alert)
  }
}

/** As many as are pointed out to people; older ones are in the list. */
const MAX_OPEN = 1_000

/** Looks at one leaf that was just applied, and notes what has to be alerted. */
export function observe(state: State, leaf: Leaf, leafIndex: number): void {
  for (const { subject, ...found } of [
    ...unverifiedPush(leaf, leafIndex),
    ...outOfHours(state, leaf, leafIndex),
    ...rapidRoles(state, leaf, leafIndex),
    ...damage(leaf, leafIndex),
    ...broken(leaf, leafIndex),
  ]) {
    const alert = identify(found.rule, subject)
    if (!state.alerts.has(alert) && !state.due.has(alert)) state.due.set(alert, { ...found, alert })
  }
}

type Found = Omit<Fired, 'alert'> & { readonly subject: string }

function identify(of: string, subject: string): Fired['alert'] {
  return `alert:${hex.encode(sha256(utf8.encode(`${of}\n${subject}`))).slice(0, 20)}`
}

const UNVERIFIED: readonly string[] = ['unsigned', 'unknown_key', 'bad_signature', 'signer_inactive'] satisfies Reason[]

function unverifiedPush({ event, reason }: Leaf, leafIndex: number): Found[] {
  if (event.type !== 'repository.refused' || !reason || !UNVERIFIED.includes(reason)) return []
  const about = event.signer && { about: event.signer }
  return [
    {
      rule: 'unverified_push',
      severity: 'high',
      evidence: [leafIndex],
      repository: event.repository,
      ...about,
      subject: String(leafIndex),
    },
  ]
}

const ACCESS = new Set([
  'login.opened',
  'approval.given',
  'role.assigned',
  'role.removed',
  'role.bound',
  'role.unbound',
  'group.joined',
  'policy.activated',
  'principal.invited',
  'breakglass.used',
])

/** Access by a person outside the hours they work, in their own zone; one alert for a person and local day. */
function outOfHours(state: State, { event, caller, at }: Leaf, leafIndex: number): Found[] {
  if (!ACCESS.has(event.type)) return []
  const id = event.type === 'login.opened' ? event.principal : caller.id
  const person = state.people.get(id as f.PersonId)
  if (!person) return []
  const local = localTime(at, person.zone)
  const { from, to, days } = person.hours
  if (days.includes(local.weekday) && local.hour >= from && local.hour < to) return []
  return [
    {
      rule: 'out_of_hours',
      severity: 'medium',
      evidence: [leafIndex],
      about: person.id,
      localTime: local.text,
      subject: `${person.id}\n${local.day}`,
    },
  ]
}

export const RAPID = { count: 4, windowMs: 5 * 60 * 1000 }

/**
 * Four roles given by one person within five minutes: assigned to a person or a group, with an invitation, or by putting somebody
 * into a group that holds some. Fires when the count is reached, and again only after it fell.
 */
function rapidRoles(state: State, { event, caller, at }: Leaf, leafIndex: number): Found[] {
  const given = rolesGiven(event, state)
  const by = 'by' in event ? event.by : caller.id
  if (given === 0 || by.startsWith('system:')) return []
  const before = (state.assignments.get(by) ?? []).filter((entry) => entry.at > at - RAPID.windowMs)
  const recent = [...before, ...Array.from({ length: given }, () => ({ at, leafIndex }))]
  state.assignments.set(by, recent.slice(-64))
  if (before.length >= RAPID.count || recent.length < RAPID.count) return []
  const evidence = [...new Set(recent.map((entry) => entry.leafIndex))]
  return [{ rule: 'rapid_roles', severity: 'high', evidence, about: by, subject: String(leafIndex) }]
}

function rolesGiven(event: Leaf['event'], { groups }: State): number {
  if (event.type === 'role.assigned' || event.type === 'role.bound') return 1
  if (event.type === 'principal.invited') return event.roles.length
  return event.type === 'group.joined' ? (groups.get(event.group)?.bindings.length ?? 0) : 0
}

function damage({ event }: Leaf, leafIndex: number): Found[] {
  if (event.type !== 'log.damaged') return []
  const evidence = [event.leafIndex, leafIndex]
  return [{ rule: 'log_damaged', severity: 'critical', evidence, subject: String(leafIndex) }]
}

/** Everybody is told that somebody went without the approvals, and told again when nobody judged it in time. */
function broken({ event }: Leaf, leafIndex: number): Found[] {
  const [severity, subject] = ['high' as const, String(leafIndex)]
  if (event.type === 'breakglass.used')
    return [{ rule: 'break_glass', severity, evidence: [leafIndex], about: event.by, subject }]
  if (event.type === 'approval.escalated')
    return [{ rule: 'approval_escalated', severity: 'low', evidence: [leafIndex], subject }]
  if (event.type === 'secret.overdue')
    return [{ rule: 'secret_overdue', severity: 'medium', evidence: [leafIndex], subject }]
  if (event.type === 'breakglass.overdue')
    return [{ rule: 'review_overdue', severity, evidence: [leafIndex], about: event.usedBy, subject }]
  return []
}

export function fire({ alert }: z.infer<(typeof commands)['fire alert']>, state: State): Decision {
  const due = state.due.get(alert)
  if (!due) return refused({ type: 'alert.refused', alert }, 'no_such_alert')
  return recorded({ type: 'alert.fired', ...due })
}

type Acknowledge = z.infer<(typeof commands)['acknowledge alert']>

export function acknowledge(
  { alert }: Acknowledge,
  by: f.PrincipalId,
  { policy, isAllowed }: Answered,
  state: State,
): Decision {
  if (!state.alerts.has(alert)) return refused({ type: 'alert.refused', alert }, 'no_such_alert', policy)
  if (!isAllowed) return refused({ type: 'alert.refused', alert }, 'policy_refused', policy)
  return allowed({ type: 'alert.acknowledged', alert, by }, policy)
}
