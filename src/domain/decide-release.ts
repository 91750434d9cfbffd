/** What people say about a release: yes, no, not any more, a question, that it goes without the others; each with its question to the policies. */

import type { PolicySet } from '../policy/policy.ts'
import * as approval from './approval.ts'
import * as breakglass from './breakglass.ts'
import type { Command } from './command.ts'
import type { Decision } from './decision.ts'
import * as delegation from './delegation.ts'
import type * as f from './field.ts'
import * as inquiry from './inquiry.ts'
import type { Login } from './login.ts'
import type { Matter } from './matter.ts'
import * as q from './question.ts'
import type { Release } from './release.ts'
import type { State } from './state.ts'

type ReleaseCommand = Extract<
  Command,
  {
    type:
      | 'give approval'
      | 'decline release'
      | 'withdraw approval'
      | 'ask about release'
      | 'answer inquiry'
      | 'break glass'
      | 'review break-glass'
  }
>

const TYPES: readonly string[] = [
  'give approval',
  'decline release',
  'withdraw approval',
  'ask about release',
  'answer inquiry',
  'break glass',
  'review break-glass',
] satisfies ReleaseCommand['type'][]

export function isAboutRelease(command: Command): command is ReleaseCommand {
  return TYPES.includes(command.type)
}

/** `by` is a person's login that was found good on this very state. */
export function decideAboutRelease(
  command: ReleaseCommand,
  by: Login,
  { claims, given, at }: Matter,
  state: State,
  policies: PolicySet,
): Decision {
  const release = state.releases.get(idOf(command, state) ?? '')
  const proof = claims as approval.AssertionClaims | undefined
  const asker = signerOf(by, proof, given, state, at)
  const ask = (action: string, facts: (of: Release) => Context) =>
    askAbout(release, { asker, action, facts }, state, policies)
  switch (command.type) {
    case 'give approval':
    case 'decline release': {
      const action = command.type === 'give approval' ? 'approve' : 'decline'
      const answer = ask(action, (of) => approval.contextOf(of, by, proof, state, at))
      return approval.answer(command, by, proof, answer, state, at)
    }
    case 'withdraw approval':
      return approval.withdraw(
        command,
        by.principal,
        ask('withdrawApproval', () => ({})),
        state,
        at,
      )
    case 'ask about release':
    case 'answer inquiry':
      return inquiry.say(
        command,
        by.principal,
        ask('discussRelease', (of) => approval.stakeOf(of, by, state, at)),
        state,
        at,
      )
    case 'break glass': {
      const answer = ask('breakGlass', (of) => breakglass.contextOf(of, by, proof, state, at))
      return breakglass.use(command, by, proof, answer, state, at)
    }
    case 'review break-glass': {
      const open = state.breakglasses.get(command.breakglass)
      const answer = open
        ? ask('reviewBreakGlass', (of) => breakglass.reviewContextOf(open, of, by, proof, at))
        : q.unasked
      return breakglass.review(command, by, proof, answer, state, at)
    }
  }
}

type Context = Parameters<typeof q.ask>[4]
type Asking = {
  readonly asker: q.Asker
  readonly action: string
  readonly facts: (of: Release) => Context
}

function askAbout(
  release: Release | undefined,
  { asker, action, facts }: Asking,
  state: State,
  policies: PolicySet,
): q.Answered {
  const environment = release && state.environments.get(release.environment)
  if (!environment) return q.unasked
  const place = q.within('Release', release.release, environment, release.repository)
  const context = { ...facts(release), environment: q.environmentReference(environment) }
  return q.ask(policies, asker, action, place, context)
}

/** What signs is looked at, and not what opened the login. */
function signerOf(
  by: Login,
  proof: approval.AssertionClaims | undefined,
  given: Matter['given'],
  state: State,
  at: number,
) {
  const who = q.callerEntity(by, state, at, given)
  const deviceBound = proof ? { deviceBound: proof.isDeviceBound === true } : {}
  return { ...who, conditions: { ...who.conditions, ...deviceBound } }
}

function idOf(command: ReleaseCommand, { breakglasses }: State): f.ReleaseId | undefined {
  return command.type === 'review break-glass' ? breakglasses.get(command.breakglass)?.release : command.release
}

type DelegationCommand = Extract<Command, { type: 'delegate approvals' | 'end delegation' }>

export function isDelegation(command: Command): command is DelegationCommand {
  return command.type === 'delegate approvals' || command.type === 'end delegation'
}

/** Who stands in for whom, by the word of whoever is away. */
export function decideDelegation(
  command: DelegationCommand,
  by: Login,
  { given, at }: Matter,
  state: State,
  policies: PolicySet,
): Decision {
  const who = q.callerEntity(by, state, at, given)
  if (command.type === 'end delegation') {
    const known = state.delegations.get(command.delegation)
    const isOwn = known !== undefined && (known.by === by.principal || known.to === by.principal)
    return delegation.end(
      command,
      by.principal,
      q.ask(policies, who, 'endDelegation', [q.instance], { isOwn }),
      state,
      at,
    )
  }
  const substitute = state.people.get(command.to)
  const facts = { loginAgeSeconds: Math.floor((at - by.provenAt) / 1000), isSelf: command.to === by.principal }
  const answer = substitute
    ? q.ask(policies, who, 'delegateApprovals', [q.personEntity(substitute, state, at)], facts)
    : q.unasked
  return delegation.give(command, by.principal, answer, state, at)
}
