/** What people ask for, each with the question that the policies answer. */

import type { PolicySet } from '../policy/policy.ts'
import * as account from './account.ts'
import { decideAboutErasure, isAboutErasure } from './decide-erasure.ts'
import { decideAboutPolicy, isAboutPolicy } from './decide-policy.ts'
import { decideAboutRelease, decideDelegation, isAboutRelease, isDelegation } from './decide-release.ts'
import { decideAboutRecord } from './decide-record.ts'
import { decideAboutSetting } from './decide-setting.ts'
import type { Decision } from './decision.ts'
import { decideAccess, isAboutAccess } from './decide-access.ts'
import type * as f from './field.ts'
import * as freeze from './freeze.ts'
import * as identity from './identity.ts'
import * as key from './key.ts'
import * as login from './login.ts'
import { turnAway, type Matter } from './matter.ts'
import * as principal from './principal.ts'
import * as q from './question.ts'
import type { Answered } from './question.ts'
import type { State } from './state.ts'

/** What people ask for, once `by`, the login of one, was found good on this very state. */
export function decideForPerson(by: login.Login, matter: Matter, state: State, policies: PolicySet): Decision {
  const { command, claims, given, at } = matter
  const who = q.callerEntity(by, state, at, given)
  const ask = (action: string, resource: Parameters<typeof q.ask>[3], context: Parameters<typeof q.ask>[4]) =>
    q.ask(policies, who, action, resource, context)
  const loginAgeSeconds = Math.floor((at - by.provenAt) / 1000)
  const administer = (action: string): Answered => ask(action, [q.instance], { loginAgeSeconds, isSelf: false })
  const about = (action: string, id: string): Answered => {
    const person = state.people.get(id)
    return person
      ? ask(action, [q.personEntity(person, state, at)], { loginAgeSeconds, isSelf: id === by.principal })
      : q.unasked
  }
  const inEnvironment = (action: string, name: string): Answered => {
    const environment = state.environments.get(name)
    return environment ? ask(action, [q.environmentEntity(environment)], { loginAgeSeconds }) : q.unasked
  }

  if (isAboutAccess(command)) {
    const judge: Parameters<typeof decideAccess>[2] = (action, resource, isSelf) =>
      ask(action, resource, { loginAgeSeconds, isSelf })
    return decideAccess(command, by.principal, judge, { state, policies, at })
  }
  const settled =
    decideAboutSetting(command, administer, state, at) ??
    decideAboutRecord(
      command,
      by.principal as f.PersonId,
      (action, context) => ask(action, [q.instance], context),
      given.isNameTaken === true,
      state,
    )
  if (settled) return settled
  if (isAboutPolicy(command)) return decideAboutPolicy(command, by, matter, state, policies)
  if (isAboutErasure(command)) return decideAboutErasure(command, by, matter, state, policies)
  if (isDelegation(command)) return decideDelegation(command, by, matter, state, policies)
  if (isAboutRelease(command)) return decideAboutRelease(command, by, matter, state, policies)
  switch (command.type) {
    case 'invite person':
      if (given.isHandleTaken) return turnAway(matter, 'handle_taken')
      return principal.invite(command, administer('invitePerson'), state)
    case 'revoke principal':
      return principal.end(command, about('revokePrincipal', command.principal), state)
    case 'link account':
    case 'unlink account': {
      const action = command.type === 'link account' ? 'linkIdentity' : 'removeIdentity'
      return account.change(command, given.accountOf, about(action, command.person), state)
    }
    case 'enrol key':
      return key.enrol(
        command,
        claims as key.KeyClaims,
        by.principal as `person:${string}`,
        about('enrolKey', by.principal),
        state,
      )
    case 'remove key':
      return key.remove(command, about('removeKey', state.keys.get(command.fingerprint)?.person ?? ''), state)
    case 'lend login':
      return login.lend(command, by, ask('openLogin', [q.instance], lending), state)
    case 'end login':
      return login.end(command, by.principal, state)
    case 'link identity':
      return identity.linkTo(command, about('linkIdentity', command.person), state)
    case 'remove identity':
      return identity.remove(command, about('removeIdentity', command.person), state)
    case 'begin freeze':
      return freeze.begin(command, by.principal, inEnvironment('freezeEnvironment', command.environment), state, at)
    case 'end freeze':
      return freeze.end(command, by.principal, inEnvironment('unfreezeEnvironment', command.environment), state, at)
    default:
      return turnAway(matter, 'wrong_principal')
  }
}

const lending = { method: 'code', userVerified: true, eventName: '', tokenReused: false, repositoryKnown: false }
