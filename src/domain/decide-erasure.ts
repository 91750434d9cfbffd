/** What is asked about forgetting a person: by one administrator, and answered by another, over the exact order. */

import type { PolicySet } from '../policy/policy.ts'
import type { AssertionClaims } from './approval.ts'
import type { Command } from './command.ts'
import type { Decision } from './decision.ts'
import * as erasure from './erasure.ts'
import type { Login } from './login.ts'
import type { Matter } from './matter.ts'
import * as q from './question.ts'
import type { State } from './state.ts'

type ErasureCommand = Extract<Command, { type: 'erase person' | 'agree to erasure' | 'decline erasure' }>

const TYPES: readonly string[] = [
  'erase person',
  'agree to erasure',
  'decline erasure',
] satisfies ErasureCommand['type'][]

export function isAboutErasure(command: Command): command is ErasureCommand {
  return TYPES.includes(command.type)
}

/** `by` is a person's login that was found good on this very state. */
export function decideAboutErasure(
  command: ErasureCommand,
  by: Login,
  matter: Matter,
  state: State,
  policies: PolicySet,
): Decision {
  if (command.type !== 'erase person') return answer(command, by, matter, state, policies)
  const { at } = matter
  const loginAgeSeconds = Math.floor((at - by.provenAt) / 1000)
  const { conditions = {} } = q.callerEntity(by, state, at, matter.given)
  const asking = ask(command.person, by.principal, { ...conditions, loginAgeSeconds }, { state, policies, at })
  return erasure.ask(command, by, asking, state, at)
}

type Moment = { readonly state: State; readonly policies: PolicySet; readonly at: number }
type Conditions = NonNullable<q.Asker['conditions']> & { readonly loginAgeSeconds: number }

/** What the policies say of the order of `asker` as it stands, and of the same order once somebody agreed. */
function ask(id: string, asker: string, conditions: Conditions, { state, policies, at }: Moment): erasure.Asking {
  const [person, by] = [state.people.get(id), state.people.get(asker)]
  if (!person || !by) return { now: q.unasked, agreed: q.unasked }
  const otherAdministrators = erasure.others(asker, id, state, at)
  const { loginAgeSeconds } = conditions
  const context = { loginAgeSeconds, isSelf: id === asker, otherAdministrators }
  const who = { ...q.personEntity(by, state, at), conditions }
  const say = (agreements: number) =>
    q.ask(policies, who, 'erasePerson', [q.personEntity(person, state, at)], { ...context, agreements })
  return { now: say(0), agreed: say(1) }
}

function answer(
  command: Exclude<ErasureCommand, { type: 'erase person' }>,
  by: Login,
  { claims, given, at }: Matter,
  state: State,
  policies: PolicySet,
): Decision {
  const asked = state.waitingErasures.get(String(command.asked))
  const person = asked && state.people.get(asked.person)
  const proof = claims as AssertionClaims | undefined
  if (!asked || !person) return erasure.answer(command, by, proof, { own: q.unasked, order: q.unasked }, state, at)
  const action = command.type === 'agree to erasure' ? 'agreeToErasure' : 'declineErasure'
  const who = q.callerEntity(by, state, at, given)
  const { conditions = {} } = who
  const signed = { ...conditions, ...(proof && { deviceBound: proof.isDeviceBound === true }) }
  const facts = erasure.contextOf(asked, by, proof, at)
  const own = q.ask(policies, { ...who, conditions: signed }, action, [q.personEntity(person, state, at)], facts)
  // How fresh the login was that asked, was judged when it asked; where and when, is judged by who agrees.
  const standing = { ...conditions, loginAgeSeconds: 0 }
  const order = ask(asked.person, asked.by, standing, { state, policies, at }).agreed
  return erasure.answer(command, by, proof, { own, order }, state, at)
}
