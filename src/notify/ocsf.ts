/**
 * OCSF 1.8: logins are Authentication (3002), people and keys Account Change (3001), roles User Access Management (3005), alerts
 * Detection Finding (2004), everything else API Activity (6003). The whole leaf travels in `raw_data`.
 */

import type { Leaf } from '../domain/leaf.ts'
import { subjectOf, type Source } from './source.ts'

const VERSION = '1.8.0'
const CATEGORIES: Readonly<Record<number, string>> = {
  2: 'Findings',
  3: 'Identity & Access Management',
  6: 'Application Activity',
}

/** `activity`: 99 is "other", told in `name`. */
type Class = { readonly uid: number; readonly name: string; readonly activity: number; readonly more: object }

export function ocsf(source: Source): object {
  const { leaf, text, leafIndex, origin } = source
  const { uid, name, activity, more } = classOf(source)
  const category = Math.floor(uid / 1_000)
  return {
    category_uid: category,
    category_name: CATEGORIES[category],
    class_uid: uid,
    class_name: name,
    activity_id: activity,
    ...(activity === 99 && { activity_name: leaf.event.type }),
    type_uid: uid * 100 + activity,
    time: leaf.at,
    severity_id: severityOf(leaf),
    ...statusOf(leaf, uid),
    ...(leaf.reason && { status_detail: leaf.reason }),
    message: `${leaf.event.type} ${leaf.outcome}`,
    metadata: {
      version: VERSION,
      product: { name: 'Countersign', vendor_name: 'Countersign' },
      uid: leaf.id,
      sequence: leafIndex,
      event_code: leaf.event.type,
      log_name: origin,
      logged_time: leaf.at,
    },
    actor: actorOf(leaf),
    raw_data: text,
    ...more,
  }
}

function classOf(source: Source): Class {
  const { event, outcome } = source.leaf
  const isDone = outcome !== 'refused'
  switch (event.type) {
    case 'login.opened':
    case 'login.renewed':
    case 'login.refused':
      return authentication(source, 1)
    case 'login.ended':
    case 'idp.ended':
      return authentication(source, 2)
    case 'principal.invited':
      return account(source, isDone ? 1 : 99)
    case 'principal.enrolled':
      return account(source, isDone ? 2 : 99)
    case 'principal.revoked':
      return account(source, isDone ? 5 : 99)
    case 'principal.refused':
    case 'key.enrolled':
    case 'key.removed':
    case 'key.refused':
    case 'account.linked':
    case 'account.unlinked':
    case 'account.refused':
    case 'identity.linked':
    case 'identity.removed':
    case 'identity.refused':
      return account(source, 99)
    case 'role.assigned':
    case 'role.bound':
    case 'group.joined':
      return access(source, 1)
    case 'role.removed':
    case 'role.unbound':
    case 'group.left':
      return access(source, 2)
    case 'role.refused':
    case 'group.refused':
      return access(source, 99)
    case 'alert.fired':
    case 'alert.acknowledged':
      return finding(event.alert, event.type === 'alert.fired' ? 1 : 2, source)
    default:
      return activity(source)
  }
}

function authentication({ leaf, origin }: Source, act: number): Class {
  const who = 'principal' in leaf.event && leaf.event.principal ? leaf.event.principal : leaf.caller.id
  const more = { user: userOf(who), service: { name: 'Countersign', uid: origin } }
  return { uid: 3002, name: 'Authentication', activity: act, more }
}

function account(source: Source, act: number): Class {
  return { uid: 3001, name: 'Account Change', activity: act, more: { user: userOf(personOf(source)) } }
}

function access(source: Source, act: number): Class {
  const { event } = source.leaf
  const more = {
    user: userOf(personOf(source)),
    privileges: ['role' in event ? event.role : 'group' in event ? event.group : 'role'],
  }
  return { uid: 3005, name: 'User Access Management', activity: act, more }
}

function personOf({ leaf }: Source): string {
  const { person, principal } = leaf.event as { readonly person?: string; readonly principal?: string }
  return person ?? principal ?? leaf.caller.id
}

function finding(alert: string, act: number, { leaf }: Source): Class {
  const rule =
    leaf.event.type === 'alert.fired' ? { title: leaf.event.rule, analytic: { name: leaf.event.rule, type_id: 1 } } : {}
  return {
    uid: 2004,
    name: 'Detection Finding',
    activity: act,
    more: { finding_info: { uid: alert, created_time: leaf.at, ...rule } },
  }
}

const ACTIVITIES: Readonly<Record<string, number>> = {
  created: 1,
  registered: 1,
  defined: 1,
  requested: 1,
  issued: 1,
  saved: 1,
  read: 2,
  exported: 2,
  removed: 4,
  cleared: 4,
}

function activity(source: Source): Class {
  const { leaf, origin } = source
  const { kind, id } = subjectOf(source)
  const more = {
    api: { operation: leaf.command.type, service: { name: 'Countersign', uid: origin } },
    // The address is a commitment in the leaf, and no business of a copy.
    src_endpoint: { uid: leaf.caller.login ?? leaf.caller.id },
    resources: [{ type: kind, uid: id }],
  }
  return { uid: 6003, name: 'API Activity', activity: ACTIVITIES[leaf.event.type.split('.')[1]!] ?? 99, more }
}

function actorOf({ caller, policy }: Leaf): object {
  const decision = (uid: string) => ({ decision: 'determining', policy: { uid } })
  return {
    user: userOf(caller.id),
    ...(caller.login && { session: { uid: caller.login } }),
    ...(policy && policy.determining.length > 0 && { authorizations: policy.determining.map(decision) }),
  }
}

/** OCSF user types: 1 is a user, 3 the system, 4 a service. */
const USER_TYPES: Readonly<Record<string, number>> = { person: 1, system: 3, job: 4, agent: 4 }

function userOf(id: string): object {
  return { uid: id, name: id, type_id: USER_TYPES[id.slice(0, id.indexOf(':'))] ?? 99 }
}

const SEVERITIES = { low: 2, medium: 3, high: 4, critical: 5 } as const

function severityOf({ event, outcome }: Leaf): number {
  if (event.type === 'alert.fired') return SEVERITIES[event.severity]
  if (event.type === 'log.damaged') return SEVERITIES.critical
  return outcome === 'refused' ? SEVERITIES.low : 1
}

/** Findings have a status of their own: 1 is new, 2 in progress. */
function statusOf({ event, outcome }: Leaf, uid: number): object {
  if (uid === 2004) return { status_id: event.type === 'alert.fired' ? 1 : 2 }
  if (outcome === 'waiting') return { status_id: 99, status: 'waiting' }
  return { status_id: outcome === 'refused' ? 2 : 1 }
}
