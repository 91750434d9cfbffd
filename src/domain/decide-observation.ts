/** Observations, one or many: each gets the answer of the policies to what it is about. */

import type { PolicySet } from '../policy/policy.ts'
import type { Decision } from './decision.ts'
import type { Given } from './leaf.ts'
import type { Login } from './login.ts'
import * as observation from './observation.ts'
import * as q from './question.ts'
import type { State } from './state.ts'

export function decideObservation(
  command: observation.Observe,
  by: Login,
  state: State,
  policies: PolicySet,
  { at, given }: { readonly at: number; readonly given: Given },
): Decision {
  return observationsOf(by, state, policies, at, given)(command)
}

/**
 * Decides observations of one login at one moment. An observation changes nothing that another one is decided by, so each
 * distinct question is asked once, and equal answers are one object.
 */
export function observationsOf(
  by: Login,
  state: State,
  policies: PolicySet,
  at: number,
  given: Given,
): (command: observation.Observe) => Decision {
  const who = q.callerEntity(by, state, at, given)
  const asked = new Map<string, { readonly place: observation.Place; readonly answer: q.Answered }>()
  return (command) => {
    const about = `${command.grant ?? ''} ${command.release ?? ''}`
    let known = asked.get(about)
    if (!known) {
      const place = observation.placeOf(command, by, state)
      known = { place, answer: place.unknown ? q.unasked : ask(command, place, who, state, policies) }
      asked.set(about, known)
    }
    return observation.record(command, by, known.place, known.answer)
  }
}

function ask(
  { release }: observation.Observe,
  { isOwn, environment: name, target }: observation.Place,
  who: q.Asker,
  { environments }: State,
  policies: PolicySet,
): q.Answered {
  const environment = environments.get(name ?? '')
  const resource =
    target !== undefined
      ? q.within('Target', target, environment)
      : release !== undefined
        ? q.within('Release', release, environment)
        : ([q.instance] as const)
  return q.ask(policies, who, 'observe', resource, { isOwn })
}
