/** What administrators set up: whose word counts, where releases go, what can be reached, and the log's own keys. */

import type { Command } from './command.ts'
import { allowed, refused, type Decision } from './decision.ts'
import type { Event } from './event.ts'
import * as idp from './idp.ts'
import { eventOf } from './matter.ts'
import type { Answered } from './question.ts'
import * as scim from './scim.ts'
import * as secret from './secret.ts'
import type { State } from './state.ts'
import * as target from './target.ts'

/** What the policies say of one action on the instance. */
type Administer = (action: string) => Answered

/** Undefined for what is about something else. */
export function decideAboutSetting(
  command: Command,
  administer: Administer,
  state: State,
  at: number,
): Decision | undefined {
  switch (command.type) {
    case 'trust idp':
      return idp.trust(command, administer('trustIdp'), state)
    case 'remove idp':
      return idp.remove(command, administer('removeIdp'), state)
    case 'trust scim client':
      return scim.trust(command, administer('trustScimClient'), state, at)
    case 'remove scim client':
      return scim.remove(command, administer('removeScimClient'), state)
    case 'trust issuer':
      return permitted('issuer.trusted', command, administer('trustIssuer'))
    case 'register repository':
      return permitted('repository.registered', command, administer('registerRepository'))
    case 'define environment':
      return permitted('environment.defined', command, administer('defineEnvironment'))
    case 'certify host':
      return target.certify(command, administer('defineTarget'), state)
    case 'keep secret':
      return secret.keep(command, administer('defineTarget'), state)
    case 'define target':
      return permitted('target.defined', command, administer('defineTarget'))
    case 'rotate log key':
      return permitted('log.rotated', command, administer('rotateKey'))
    case 'key authority':
      return permitted('authority.keyed', command, administer('rotateKey'))
    case 'repair log':
      return permitted('log.repaired', command, administer('repairLog'))
    default:
      return undefined
  }
}

function permitted(type: Event['type'], command: Command, { isAllowed, policy: verdict }: Answered): Decision {
  if (!isAllowed) return refused({ type: 'principal.refused', wanted: command.type }, 'policy_refused', verdict)
  return allowed(eventOf(type, command), verdict)
}
