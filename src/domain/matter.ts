/** What is decided about: one command, who asks, and what is known of it. */

import type { Claims } from './claims.ts'
import type { Command } from './command.ts'
import { refused, type Decision } from './decision.ts'
import type { Event } from './event.ts'
import type { Caller, Given } from './leaf.ts'
import type { Reason } from './reason.ts'

/** One command with everything its answer may depend on, besides state and policy. */
export type Matter = {
  readonly command: Command
  readonly caller: Caller
  readonly claims: Claims
  readonly given: Given
  readonly at: number
}

/** A caller who may not ask this at all, or not any more. */
export function turnAway({ command }: Matter, reason: Reason): Decision {
  return refused({ type: 'principal.refused', wanted: command.type }, reason)
}

/** The event that repeats what the command says. */
export function eventOf(type: Event['type'], { type: _, ...fields }: Command): Event {
  return { type, ...fields } as Event
}
