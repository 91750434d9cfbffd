/** Every command the product accepts, and the rule that answers it. Knows no clock, no randomness, no network. */

import type { PolicySet } from '../policy/policy.ts'
import * as alert from './alert.ts'
import * as approval from './approval.ts'
import * as breakglass from './breakglass.ts'
import type { Command, CommandType } from './command.ts'
import * as commit from './commit.ts'
import { recorded, refused, type Decision } from './decision.ts'
import { askAboutJob, decideForJob } from './decide-job.ts'
import { decideObservation, observationsOf } from './decide-observation.ts'
import { decideAccess, isAboutAccess, type AccessCommand } from './decide-access.ts'
import { decideForPerson } from './decide-person.ts'
import * as erasure from './erasure.ts'
import type { PrincipalId } from './field.ts'
import * as grant from './grant.ts'
import * as job from './job.ts'
import * as identity from './identity.ts'
import * as idp from './idp.ts'
import * as log from './log.ts'
import * as login from './login.ts'
import { eventOf, turnAway, type Matter } from './matter.ts'
import type { Observe } from './observation.ts'
import * as policy from './policy.ts'
import * as principal from './principal.ts'
import * as q from './question.ts'
import * as repository from './repository.ts'
import * as scim from './scim.ts'
import type { State } from './state.ts'
import * as secret from './secret.ts'
import * as trail from './trail.ts'

/** The answer, on the state as it is now. The same matter on the same state and policies always has the same answer. */
export function decide(matter: Matter, state: State, policies: PolicySet): Decision {
  if (isStale(matter)) return turnAway(matter, 'evidence_stale')
  if (matter.caller.kind === 'system') return decideSystem(matter, state, policies)
  if (isStopped(matter, state)) return stopped(matter)
  if (matter.command.type === 'open idp login') return decideIdpLogin(matter, state, policies)
  if (matter.command.type === 'open login' || matter.command.type === 'open job login')
    return decideLogin(matter, state, policies)
  const by = matter.caller.login === undefined ? undefined : state.logins.get(matter.caller.login)
  const unwelcome = login.judge(by, state, matter.at)
  if (unwelcome || !by) return turnAway(matter, unwelcome ?? 'login_unknown')
  if (matter.command.type === 'record observation')
    return decideObservation(matter.command, by, state, policies, matter)
  const isForJob = by.job !== undefined || matter.command.type === 'end grant'
  return isForJob ? decideForJob(by, matter, state, policies) : decideForPerson(by, matter, state, policies)
}

/**
 * Observations of one caller at one moment: what `decide` answers to each of them, one after the other. A caller who is not
 * welcome is turned away once.
 */
export function decideObservations(
  commands: readonly [Observe, ...Observe[]],
  { caller, given, at }: Pick<Matter, 'caller' | 'given' | 'at'>,
  state: State,
  policies: PolicySet,
): readonly Decision[] {
  const by = caller.login === undefined ? undefined : state.logins.get(caller.login)
  const matter = { command: commands[0], caller, claims: undefined, given, at }
  if (caller.kind === 'system' || isStopped(matter, state) || !by || login.judge(by, state, at))
    return [decide(matter, state, policies)]
  return commands.map(observationsOf(by, state, policies, at, given))
}

const MAX_EVIDENCE_AGE_MS = 5 * 60_000

/** Evidence is judged a moment before the decision: with any other moment, what expired long ago could be called good. */
function isStale({ given: { verifiedAt }, at }: Matter): boolean {
  return verifiedAt !== undefined && (verifiedAt > at || verifiedAt < at - MAX_EVIDENCE_AGE_MS)
}

/** While stored bytes do not match what was signed, nothing privileged happens; people can still be thrown out. */
const stillAllowed: ReadonlySet<CommandType> = new Set([
  'open login',
  'open idp login',
  'end idp logins',
  'repair log',
  'revoke principal',
  'begin freeze',
  'end login',
  'end grant',
  'acknowledge alert',
  'lend login',
])

/** What goes on while the disk is in trouble: taking away, and what the instance notes about itself. */
export function goesOn(command: CommandType): boolean {
  return stillAllowed.has(command) || ownNotes.has(command)
}

const ownNotes: ReadonlySet<CommandType> = new Set([
  'create log',
  'open log',
  'report damage',
  'summarise noise',
  'count reads',
  'expire grant',
  'clear grant',
  'fire alert',
])

/** Whoever repairs a log must see it. On a disk in trouble nobody does: who looks could not be written down. */
const looking: ReadonlySet<CommandType> = new Set(['read trail', 'export trail'])

function isStopped({ command: { type } }: Matter, { log }: State): boolean {
  return log !== undefined && log.damaged.length > 0 && !stillAllowed.has(type) && !looking.has(type)
}

function stopped({ command }: Matter): Decision {
  return refused({ type: 'log.refused', wanted: command.type }, 'log_damaged')
}

/** What the parts of Countersign itself write down or ask for. */
function decideSystem(matter: Matter, state: State, policies: PolicySet): Decision {
  const { command, caller, claims, given, at } = matter
  if (isAboutAccess(command)) return decideForDirectory(command, caller.id, matter, { state, policies })
  switch (command.type) {
    case 'activate policy':
      return policy.begin(command, claims as policy.PolicyClaims, state)
    case 'invite person':
      return state.people.size > 0
        ? turnAway(matter, 'wrong_principal')
        : recorded(eventOf('principal.invited', command))
    case 'enrol person':
      if (given.isHandleTaken) return turnAway(matter, 'handle_taken')
      if (isStopped(matter, state)) return stopped(matter)
      return principal.enrol(command, claims as principal.EnrolClaims, state, at)
    case 'record push':
      return decidePush(matter, state, policies)
    case 'provision person':
      return scim.provision(command, caller.id, given.isHandleTaken === true, state, at)
    case 'describe person':
      return scim.describe(command, caller.id, given.isHandleTaken === true, state, at)
    case 'release person':
      return scim.release(command, caller.id, state, at)
    case 'revoke principal':
    case 'link identity':
      return decideForScim(command, matter, state)
    case 'accept identity':
      return identity.accept(command, claims as identity.IdentityClaims, state, at)
    case 'end idp logins':
      return idp.end(command, claims as idp.LogoutClaims, state)
    case 'end job':
      return job.end(command, state) ?? turnAway(matter, 'login_unknown')
    default:
      return decideNote(matter, state) ?? turnAway(matter, 'wrong_principal')
  }
}

/** What Countersign notes about itself, and what is due by itself. Undefined for what nothing of it may note, or not now. */
function decideNote({ command, claims, at }: Matter, state: State): Decision | undefined {
  switch (command.type) {
    case 'create log':
      return state.log ? undefined : recorded(eventOf('log.created', command))
    case 'open log':
      return recorded(eventOf('log.opened', command))
    case 'rotate log key':
      return recorded(eventOf('log.rotated', command))
    case 'stamp log':
      return log.stamp(command, claims as log.StampClaims, state)
    case 'key authority':
      return recorded(eventOf('authority.keyed', command))
    case 'note overdue secret':
      return secret.note(command, state, at)
    case 'report damage':
      return recorded(eventOf('log.damaged', command))
    case 'summarise noise':
      return recorded(eventOf('log.summarised', command))
    case 'expire grant':
      return grant.expire(command, state)
    case 'clear grant':
      return recorded(eventOf('grant.cleared', command))
    case 'finish erasure':
      return erasure.finish(command, state)
    case 'count reads':
      return trail.count(command)
    case 'escalate release':
      return approval.escalate(command, state, at)
    case 'note overdue review':
      return breakglass.note(command, state, at)
    case 'fire alert':
      return alert.fire(command, state)
    default:
      return undefined
  }
}

/** What a directory says of the people that it brought, and of no others. */
function decideForScim(
  command: Extract<Command, { type: 'revoke principal' | 'link identity' }>,
  matter: Matter,
  state: State,
): Decision {
  const { caller, at } = matter
  const person = command.type === 'link identity' ? command.person : command.principal
  const unknown = scim.judge(caller.id, caller.id.slice('system:scim/'.length), state, at, person)
  if (unknown) return turnAway(matter, unknown)
  if (command.type === 'link identity') return identity.linkTo(command, q.ownWord, state)
  return principal.end(command, q.ownWord, state)
}

/** A directory was given its word by an administrator, who made its credential: what it keeps, no policy is asked about. */
function decideForDirectory(
  command: AccessCommand,
  by: PrincipalId,
  matter: Matter,
  { state, policies }: { readonly state: State; readonly policies: PolicySet },
): Decision {
  if (isStopped(matter, state)) return stopped(matter)
  return decideAccess(command, by, () => q.ownWord, { state, policies, at: matter.at })
}

function decidePush(matter: Matter, state: State, policies: PolicySet): Decision {
  const { command, claims, given, caller } = matter
  const push = command as Extract<Command, { type: 'record push' }>
  if (caller.id !== `system:git-door/${push.repository}`) return turnAway(matter, 'wrong_principal')
  const claimed = claims as readonly commit.Claimed[]
  const nobody = { authors: [], hasForeignAuthor: false }
  const judged = claimed.map((claim, index) => commit.judge(claim, given.authorships?.[index] ?? nobody, state))
  if (state.log && state.log.damaged.length > 0)
    return refused({ type: 'repository.refused', repository: push.repository, updates: push.updates }, 'log_damaged')
  const context = repository.contextOf(push, judged, state)
  const answer = q.ask(policies, q.doorEntity(push.repository), 'push', [q.repositoryEntity(push.repository)], context)
  return repository.push(push, judged, answer, state)
}

function decideIdpLogin({ command, claims, at }: Matter, state: State, policies: PolicySet): Decision {
  const account = claims as identity.IdentityClaims
  const person = state.people.get(state.identities.get(account.subject)?.person ?? '')
  const context = { method: 'oidc', userVerified: false, eventName: '', tokenReused: false, repositoryKnown: false }
  const answer = person
    ? q.ask(policies, q.personEntity(person, state, at), 'openLogin', [q.instance], context)
    : q.unasked
  return identity.open(command as Extract<Command, { type: 'open idp login' }>, account, answer, state, at)
}

/** A person as they come in: proven at this moment. */
function opening(
  person: principal.Person,
  { isDeviceBound }: login.PasskeyClaims,
  { given, at }: Pick<Matter, 'given' | 'at'>,
  state: State,
): q.Asker {
  const proven = { provenAt: at, ...(isDeviceBound && { isDeviceBound }) }
  return { ...q.personEntity(person, state, at), conditions: q.conditionsOf(proven, person, given, state, at) }
}

function decideLogin({ command, claims, given, at }: Matter, state: State, policies: PolicySet): Decision {
  const nothing = { eventName: '', tokenReused: false, repositoryKnown: false }
  if (command.type !== 'open job login') {
    const passkey = claims as login.PasskeyClaims
    const person = state.people.get(state.passkeys.get(passkey.credentialId)?.person ?? '')
    const context = { ...nothing, method: 'passkey', userVerified: passkey.isUserVerified }
    const answer = person
      ? q.ask(policies, opening(person, passkey, { given, at }, state), 'openLogin', [q.instance], context)
      : q.unasked
    return login.open(command as login.Open, passkey, answer, state, at)
  }
  const { said, isKnownRepository, answer } = askAboutJob(claims as login.JobClaims, state, policies)
  const first = { isKnownRepository, starter: given.startedBy }
  return job.open(command, said, first, answer, state, at)
}
