/** What jobs ask for, each with the question that the policies answer. */

import type { Entity, PolicySet } from '../policy/policy.ts'
import { missing, requiredOf } from './approval-rule.ts'
import * as build from './build.ts'
import type { Command } from './command.ts'
import type { Decision } from './decision.ts'
import { freezeOf } from './freeze.ts'
import * as grant from './grant.ts'
import * as job from './job.ts'
import * as login from './login.ts'
import { turnAway, type Matter } from './matter.ts'
import { contextOf, request } from './question-of-release.ts'
import * as q from './question.ts'
import * as release from './release.ts'
import * as repository from './repository.ts'
import type { State } from './state.ts'

/** As many approvals as an environment can ever ask for: the hypothetical that tells *waiting* from *refused*. */
const PLENTY = 1_000
const AGREED = { approvals: PLENTY, missing: 0 }

/** `by` is a login that was found good on this very state; a person's, where a grant is to be ended. */
export function decideForJob(by: login.Login, matter: Matter, state: State, policies: PolicySet): Decision {
  const { command, claims, at } = matter
  const who = q.callerEntity(by, state, at, matter.given)
  switch (command.type) {
    case 'end login':
      return login.end(command, by.principal, state)
    case 'renew job login': {
      const fresh = claims as login.JobClaims | undefined
      if (!fresh) return turnAway(matter, 'wrong_principal')
      const { said, isKnownRepository, answer } = askAboutJob(fresh, state, policies)
      return job.renew(by, said, isKnownRepository, answer, state, at)
    }
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
        return request(
          command,
          by,
          q.unasked,
          { isOpen: false, wouldOpen: false, isFrozen: false, policy: undefined },
          state,
          at,
        )
      const place = [q.environmentEntity(environment)] as const
      const answer = q.ask(policies, who, 'requestRelease', place, contextOf(command, by, state))
      const isFrozen = freezeOf(environment.environment, state, at) !== undefined
      const gateFor = (facts: { approvals: number; missing: number; isBreakGlass: boolean }) =>
        q.ask(policies, who, 'release', place, { ...facts, isFrozen })
      const now = { approvals: 0, missing: requiredOf(environment), isBreakGlass: false }
      const gate = gateFor(now)
      const wouldOpen = gateFor({ ...now, ...AGREED }).isAllowed || gateFor({ ...now, isBreakGlass: true }).isAllowed
      const opening = { isOpen: gate.isAllowed, wouldOpen, isFrozen, policy: gate.policy }
      return request(command, by, answer, opening, state, at)
    }
    case 'end release':
      return release.end(command, by, isGateOpen(command.release, who, matter, state, policies), state, at)
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

/** Whether this release may go now, with the approvals that it has. */
function isGateOpen(id: string, who: Entity, { at }: Matter, state: State, policies: PolicySet): boolean {
  const found = state.releases.get(id)
  const environment = found && state.environments.get(found.environment)
  if (!environment || release.closedBecause(found, state, at)) return false
  const place = [q.environmentEntity(environment)] as const
  const isFrozen = freezeOf(found.environment, state, at) !== undefined
  const facts = {
    approvals: found.approvals.length,
    missing: missing(found, state, at),
    isFrozen,
    isBreakGlass: found.broken !== undefined,
  }
  return q.ask(policies, who, 'release', place, facts).isAllowed
}

/** Whether a job may sign in, by what its CI says of it now. */
export function askAboutJob({ principal, job: facts }: login.JobClaims, state: State, policies: PolicySet) {
  const known = repository.meantBy(facts, state)
  const said = { principal, job: { ...facts, repository: known?.repository ?? facts.repository } }
  const isKnownRepository = known !== undefined
  const context = job.contextOf(facts, isKnownRepository, state)
  const answer = q.ask(policies, q.jobEntity(principal, said.job), 'openLogin', [q.instance], context)
  return { said, isKnownRepository, answer }
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
  const hopes = [AGREED, { isBreakGlass: true }]
  const wouldOpen =
    !answer.isAllowed &&
    hopes.some((hope) => q.ask(policies, who, 'obtainCredential', slice, { ...context, ...hope }).isAllowed)
  return grant.request(command, by, answer, wouldOpen, state, matter.at)
}
