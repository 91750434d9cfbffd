/** Every command the product accepts, and the rule that answers it. Knows no clock, no randomness, no network. */

import type { PolicySet } from '../policy/policy.ts'
import * as alert from './alert.ts'
import * as approval from './approval.ts'
import * as build from './build.ts'
import type { Claims } from './claims.ts'
import type { Command, CommandType } from './command.ts'
import * as commit from './commit.ts'
import { allowed, recorded, refused, type Decision } from './decision.ts'
import type { Event } from './event.ts'
import * as grant from './grant.ts'
import * as key from './key.ts'
import type { Caller, Given } from './leaf.ts'
import * as login from './login.ts'
import * as policy from './policy.ts'
import * as principal from './principal.ts'
import * as q from './question.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import * as release from './release.ts'
import * as repository from './repository.ts'
import * as role from './role.ts'
import type { State } from './state.ts'

/** One command with everything its answer may depend on, besides state and policy. */
export type Matter = {
  readonly command: Command
  readonly caller: Caller
  readonly claims: Claims
  readonly given: Given
  readonly at: number
}

/** The answer, on the state as it is now. The same matter on the same state and policies always has the same answer. */
export function decide(matter: Matter, state: State, policies: PolicySet): Decision {
  if (matter.caller.kind === 'system') return decideSystem(matter, state, policies)
  if (matter.command.type === 'open login' || matter.command.type === 'open job login')
    return decideLogin(matter, state, policies)
  const by = matter.caller.login === undefined ? undefined : state.logins.get(matter.caller.login)
  const unwelcome = login.judge(by, state, matter.at)
  if (unwelcome || !by) return turnAway(matter, unwelcome ?? 'login_unknown')
  if (state.log && state.log.damaged.length > 0 && !stillAllowed.has(matter.command.type)) return stopped(matter)
  return decideFor(by, matter, state, policies)
}

/** While stored bytes do not match what was signed, nothing privileged happens; people can still be thrown out. */
const stillAllowed: ReadonlySet<CommandType> = new Set([
  'repair log',
  'revoke principal',
  'end login',
  'end grant',
  'acknowledge alert',
  'lend login',
])

function turnAway({ command }: Matter, reason: Reason): Decision {
  return refused({ type: 'principal.refused', wanted: command.type }, reason)
}

function stopped({ command }: Matter): Decision {
  return refused({ type: 'log.refused', wanted: command.type }, 'log_damaged')
}

/** What the parts of Countersign itself write down or ask for. */
function decideSystem(matter: Matter, state: State, policies: PolicySet): Decision {
  const { command, claims, given, at } = matter
  switch (command.type) {
    case 'create log':
      return state.log ? turnAway(matter, 'wrong_principal') : recorded(eventOf('log.created', command))
    case 'open log':
      return recorded(eventOf('log.opened', command))
    case 'rotate log key':
      return recorded({ type: 'log.rotated', logKey: command.logKey })
    case 'report damage':
      return recorded(eventOf('log.damaged', command))
    case 'activate policy':
      return policy.begin(command, claims as policy.PolicyClaims, state)
    case 'invite person':
      return state.people.size > 0
        ? turnAway(matter, 'wrong_principal')
        : recorded(eventOf('principal.invited', command))
    case 'enrol person':
      if (given.isHandleTaken) return turnAway(matter, 'handle_taken')
      return principal.enrol(command, claims as principal.EnrolClaims, state, at)
    case 'record push':
      return decidePush(matter, state, policies)
    case 'expire grant':
      return grant.expire(command)
    case 'clear grant':
      return recorded(eventOf('grant.cleared', command))
    case 'fire alert':
      return alert.fire(command, state)
    default:
      return turnAway(matter, 'wrong_principal')
  }
}

function eventOf(type: Event['type'], { type: _, ...fields }: Command): Event {
  return { type, ...fields } as Event
}

function decidePush({ command, claims, given }: Matter, state: State, policies: PolicySet): Decision {
  const push = command as Extract<Command, { type: 'record push' }>
  const claimed = claims as readonly commit.Claimed[]
  const nobody = { authors: [], hasForeignAuthor: false }
  const judged = claimed.map((claim, index) => commit.judge(claim, given.authorships?.[index] ?? nobody, state))
  if (state.log && state.log.damaged.length > 0)
    return refused({ type: 'repository.refused', repository: push.repository, updates: push.updates }, 'log_damaged')
  const context = repository.contextOf(push, judged, state)
  const answer = q.ask(policies, q.doorEntity(push.repository), 'push', [q.repositoryEntity(push.repository)], context)
  return repository.push(push, judged, answer, state)
}

function decideLogin({ command, claims, at }: Matter, state: State, policies: PolicySet): Decision {
  const nothing = { eventName: '', tokenReused: false, repositoryKnown: false }
  if (command.type === 'open login') {
    const passkey = claims as login.PasskeyClaims
    const person = state.people.get(state.passkeys.get(passkey.credentialId)?.person ?? '')
    const context = { ...nothing, method: 'passkey', userVerified: passkey.isUserVerified }
    const answer = person ? q.ask(policies, q.personEntity(person, at), 'openLogin', [q.instance], context) : q.unasked
    return login.open(command, passkey, answer, state)
  }
  const said = claims as login.JobClaims
  const tokenReused = state.spentTokens.has(said.job.tokenDigest)
  const repositoryKnown = state.repositories.has(said.job.repository)
  const context = {
    method: 'job',
    userVerified: false,
    eventName: said.job.eventName ?? '',
    tokenReused,
    repositoryKnown,
  }
  const answer = q.ask(policies, q.jobEntity(said.principal, said.job), 'openLogin', [q.instance], context)
  return login.openJob(command as Extract<Command, { type: 'open job login' }>, said, answer, state)
}

/** What principals ask for, once their login was found good on this very state. */
function decideFor(by: login.Login, matter: Matter, state: State, policies: PolicySet): Decision {
  const { command, claims, given, at } = matter
  const who = q.callerEntity(by, state, at)
  const ask = (action: string, resource: Parameters<typeof q.ask>[3], context: Parameters<typeof q.ask>[4]) =>
    q.ask(policies, who, action, resource, context)
  const loginAgeSeconds = Math.floor((at - by.provenAt) / 1000)
  const isPerson = by.job === undefined
  const administer = (action: string): Answered =>
    isPerson ? ask(action, [q.instance], { loginAgeSeconds, isSelf: false }) : q.unasked
  const about = (action: string, id: string): Answered => {
    const person = state.people.get(id)
    return isPerson && person
      ? ask(action, [q.personEntity(person, at)], { loginAgeSeconds, isSelf: id === by.principal })
      : q.unasked
  }

  switch (command.type) {
    case 'invite person':
      if (given.isHandleTaken) return turnAway(matter, 'handle_taken')
      return principal.invite(command, administer('invitePerson'))
    case 'revoke principal':
      return principal.end(command, about('revokePrincipal', command.principal), state)
    case 'assign role':
      return role.assign(command, by.principal, about('assignRole', command.person), state)
    case 'remove role':
      return role.remove(command, by.principal, about('removeRole', command.person), state)
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
      return login.lend(command, by, isPerson ? ask('openLogin', [q.instance], lending) : q.unasked)
    case 'end login':
      return login.end(command, by.principal, state)
    case 'trust issuer':
      return permitted('issuer.trusted', command, administer('trustIssuer'))
    case 'register repository':
      return permitted('repository.registered', command, administer('registerRepository'))
    case 'define environment':
      return permitted('environment.defined', command, administer('defineEnvironment'))
    case 'define target':
      return permitted('target.defined', command, administer('defineTarget'))
    case 'activate policy':
      return policy.activate(command, claims as policy.PolicyClaims, administer('activatePolicy'))
    case 'rotate log key':
      return permitted('log.rotated', command, administer('rotateKey'))
    case 'repair log':
      return permitted('log.repaired', command, administer('repairLog'))
    case 'acknowledge alert':
      return alert.acknowledge(
        command,
        by.principal,
        isPerson ? ask('acknowledgeAlert', [q.instance], {}) : q.unasked,
        state,
      )
    case 'give approval':
    case 'decline release':
      return decideApproval(command, by, matter, state, policies)
    default:
      return decideForJob(by, who, matter, state, policies)
  }
}

const lending = { method: 'code', userVerified: true, eventName: '', tokenReused: false, repositoryKnown: false }

function permitted(type: Event['type'], command: Command, { isAllowed, policy: verdict }: Answered): Decision {
  if (!isAllowed) return refused({ type: 'principal.refused', wanted: command.type }, 'policy_refused', verdict)
  return allowed(eventOf(type, command), verdict)
}

type Answer = Extract<Command, { type: 'give approval' | 'decline release' }>

function decideApproval(
  command: Answer,
  by: login.Login,
  { claims, at }: Matter,
  state: State,
  policies: PolicySet,
): Decision {
  const found = state.releases.get(command.release)
  const environment = found && state.environments.get(found.environment)
  const proof = claims as approval.AssertionClaims | undefined
  const context = found &&
    environment && { ...approval.contextOf(found, by, proof, at), environment: q.environmentReference(environment) }
  const action = command.type === 'give approval' ? 'approve' : 'decline'
  const who = q.callerEntity(by, state, at)
  const answer =
    context && !by.job
      ? q.ask(policies, who, action, q.within('Release', command.release, environment), context)
      : q.unasked
  return approval.answer(command, by, proof, answer, state, at)
}

/** As many approvals as an environment can ever ask for: the hypothetical that tells *waiting* from *refused*. */
const PLENTY = 1_000

function decideForJob(
  by: login.Login,
  who: ReturnType<typeof q.callerEntity>,
  matter: Matter,
  state: State,
  policies: PolicySet,
): Decision {
  const { command, claims, at } = matter
  switch (command.type) {
    case 'attest build': {
      const said = claims as build.BuildClaims | undefined
      if (!by.job || !said) return turnAway(matter, by.job ? 'builder_mismatch' : 'wrong_principal')
      const answer = q.ask(
        policies,
        who,
        'attestBuild',
        [q.repositoryEntity(by.job.repository)],
        build.contextOf(said, by, state),
      )
      return build.attest(command, said, by, answer, state)
    }
    case 'request release': {
      const environment = state.environments.get(command.environment)
      if (!by.job) return turnAway(matter, 'wrong_principal')
      if (!environment)
        return release.request(
          command,
          by,
          q.unasked,
          { isOpen: false, wouldOpen: false, policy: undefined },
          state,
          at,
        )
      const place = [q.environmentEntity(environment)] as const
      const answer = q.ask(policies, who, 'requestRelease', place, release.contextOf(command, by, state))
      const gate = q.ask(policies, who, 'release', place, { approvals: 0 })
      const wouldOpen = q.ask(policies, who, 'release', place, { approvals: PLENTY }).isAllowed
      return release.request(command, by, answer, { isOpen: gate.isAllowed, wouldOpen, policy: gate.policy }, state, at)
    }
    case 'end release':
      return release.end(command, by, state)
    case 'request grant':
      return decideGrant(command, by, who, matter, state, policies)
    case 'end grant': {
      const held = state.grants.get(command.grant)
      const answer = held
        ? q.ask(policies, who, 'endGrant', q.within('Target', held.target, undefined), {
            isHolder: held.holder === by.principal,
          })
        : q.unasked
      return grant.end(command, by.principal, answer, state)
    }
    default:
      return turnAway(matter, 'wrong_principal')
  }
}

type RequestGrant = Extract<Command, { type: 'request grant' }>

function decideGrant(
  command: RequestGrant,
  by: login.Login,
  who: ReturnType<typeof q.callerEntity>,
  matter: Matter,
  state: State,
  policies: PolicySet,
): Decision {
  const environment = state.environments.get(state.releases.get(command.release)?.environment ?? '')
  if (!by.job) return turnAway(matter, 'wrong_principal')
  if (!environment) return grant.request(command, by, q.unasked, false, state, matter.at)
  const context = {
    ...grant.contextOf(command, by, state, matter.at),
    environment: q.environmentReference(environment),
  }
  const place = q.within(
    'Target',
    command.target,
    environment.targets.includes(command.target) ? environment : undefined,
  )
  const slice = [...place, q.environmentEntity(environment)] as unknown as typeof place
  const answer = q.ask(policies, who, 'obtainCredential', slice, context)
  const wouldOpen =
    !answer.isAllowed && q.ask(policies, who, 'obtainCredential', slice, { ...context, approvals: PLENTY }).isAllowed
  return grant.request(command, by, answer, wouldOpen, state, matter.at)
}
