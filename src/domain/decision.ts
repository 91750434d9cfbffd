/** An answer: what was decided, the one event that says so, and the policies that determined it. */

import type { CedarValue, EntityUid } from '../policy/policy.ts'
import type { Event } from './event.ts'
import type { Reason } from './reason.ts'

/** `recorded` is for facts that the instance itself writes down; nobody asked for them. */
export type Outcome = 'allowed' | 'refused' | 'waiting' | 'recorded'

/** The question put to the policies, kept so that a reader can ask it again. Entities are recomputed from the state. */
export type Asked = {
  readonly principal: EntityUid
  readonly action: string
  readonly resource: EntityUid
  readonly context: Readonly<Record<string, CedarValue>>
}

export type Verdict = Asked & { readonly digest: string; readonly determining: readonly string[] }

export type Decision = {
  readonly outcome: Outcome
  readonly event: Event
  readonly reason?: Reason
  readonly policy?: Verdict
}

export function allowed(event: Event, policy?: Verdict): Decision {
  return { outcome: 'allowed', event, ...(policy && { policy }) }
}

export function waiting(event: Event, reason: Reason, policy?: Verdict): Decision {
  return { outcome: 'waiting', event, reason, ...(policy && { policy }) }
}

export function refused(event: Event, reason: Reason, policy?: Verdict): Decision {
  return { outcome: 'refused', event, reason, ...(policy && { policy }) }
}

export function recorded(event: Event): Decision {
  return { outcome: 'recorded', event }
}
