/** What people ask of the record itself: to look at it, to take it away, to keep a search, to say that an alert was seen. */

import * as alert from './alert.ts'
import type { Command } from './command.ts'
import type { Decision } from './decision.ts'
import * as evidence from './evidence.ts'
import type * as f from './field.ts'
import * as search from './search.ts'
import type { Answered } from './question.ts'
import type { State } from './state.ts'
import * as trail from './trail.ts'

/** What the policies say of one action on the instance. */
type Ask = (action: string, context: { readonly isOwn?: boolean }) => Answered

/** Undefined for what is about something else. */
export function decideAboutRecord(
  command: Command,
  by: f.PersonId,
  ask: Ask,
  isNameTaken: boolean,
  state: State,
): Decision | undefined {
  switch (command.type) {
    case 'export evidence':
      return evidence.giveAway(command, ask('exportEvidence', {}))
    case 'read trail':
      return trail.look(command, ask('read', {}))
    case 'export trail':
      return trail.takeAway(command, ask('exportTrail', {}))
    case 'save search':
      return search.save(command, by, isNameTaken, ask('saveSearch', {}), state)
    case 'remove search': {
      const isOwn = state.searches.get(command.search)?.person === by
      return search.remove(command, by, ask('removeSearch', { isOwn }), state)
    }
    case 'acknowledge alert':
      return alert.acknowledge(command, by, ask('acknowledgeAlert', {}), state)
    default:
      return undefined
  }
}
