/** What is asked about the policies themselves: by one administrator, and answered by another, over the exact step. */

import type { PolicySet } from '../policy/policy.ts'
import type { Command } from './command.ts'
import type { Decision } from './decision.ts'
import { others } from './erasure.ts'
import type { Login } from './login.ts'
import type { Matter } from './matter.ts'
import * as policy from './policy.ts'
import * as q from './question.ts'
import type { State } from './state.ts'

type PolicyCommand = Extract<Command, { readonly type: keyof typeof policy.commands }>

export function isAboutPolicy(command: Command): command is PolicyCommand {
  return Object.hasOwn(policy.commands, command.type)
}

/** `by` is a person's login that was found good on this very state. */
export function decideAboutPolicy(
  command: PolicyCommand,
  by: Login,
  { claims, given, at }: Matter,
  state: State,
  policies: PolicySet,
): Decision {
  const moment = { state, policies, at }
  const who = q.callerEntity(by, state, at, given)
  const loginAgeSeconds = Math.floor((at - by.provenAt) / 1000)
  if (command.type === 'activate policy') {
    const asking = ask(who, loginAgeSeconds, moment)
    return policy.activate(command, claims as policy.PolicyClaims, by, asking, state, at)
  }
  const asked = state.waitingPolicies.get(String(command.asked))
  const proof = claims as policy.PolicyAnswerClaims | undefined
  const asker = asked && state.people.get(asked.by)
  if (!asked || !asker) return policy.answer(command, by, proof, { own: q.unasked, step: q.unasked }, state, at)
  const action = command.type === 'agree to policy' ? 'agreeToPolicy' : 'declinePolicy'
  const own = q.ask(policies, who, action, [q.instance], policy.contextOf(asked, by, proof, at))
  // How fresh the login was that asked, and from where, was judged when it asked.
  const step = ask({ ...q.personEntity(asker, state, at), conditions: who.conditions ?? {} }, 0, moment).agreed
  return policy.answer(command, by, proof, { own, step }, state, at)
}

type Moment = { readonly state: State; readonly policies: PolicySet; readonly at: number }

/** What the policies say of the step as it stands, and once somebody agreed. */
function ask(who: q.Asker, loginAgeSeconds: number, { state, policies, at }: Moment): policy.Asking {
  const { id } = who.uid
  const otherAdministrators = others(id, id, state, at)
  const say = (agreements: number) => {
    // Sets from before there were agreements have no room for them, and do not ask for any.
    const asker = { ...who, conditions: { ...who.conditions, otherAdministrators, agreements } }
    return q.ask(policies, asker, 'activatePolicy', [q.instance], { loginAgeSeconds, isSelf: false })
  }
  return { now: say(0), agreed: say(1) }
}
