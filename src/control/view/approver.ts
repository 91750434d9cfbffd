/**
 * Who could sign a release now, and why others could not. It is the rule itself that is asked, with the very question an
 * approval would put, so that what is shown and what is enforced cannot differ.
 */

import { standing } from '../../domain/approval-rule.ts'
import type { AssertionClaims } from '../../domain/approval.ts'
import { Book } from '../../domain/book.ts'
import type { Command } from '../../domain/command.ts'
import { decide } from '../../domain/decide.ts'
import type { Decision } from '../../domain/decision.ts'
import type { Caller } from '../../domain/leaf.ts'
import type { Login } from '../../domain/login.ts'
import { isActive, type Person } from '../../domain/principal.ts'
import { adviceOf } from '../../domain/reason.ts'
import { closedBecause, stateOf, type Release } from '../../domain/release.ts'
import type { Sight } from './sight.ts'
import type { ReleaseSummary, Who } from './shape.ts'
import { whoOf } from './who.ts'

/** What would be answered to this person's approval, signed right now with their passkey; nothing is recorded. */
export function wouldDecide(
  person: Person,
  release: Release,
  sight: Sight,
  login = freshLogin(person, sight.at),
): Decision {
  return wouldAnswer({ type: 'give approval', release: release.release }, person, sight, login)
}

/** What else a person could sign about a release that waits, or that somebody let go: it is offered to nobody else. */
export function glassOf(release: Release, viewer: Caller | undefined, sight: Sight) {
  const { state, at } = sight
  const person = viewer && state.people.get(viewer.id)
  const login = state.logins.get(viewer?.login ?? '')
  if (!person || !login) return {}
  const would = (command: Command) => wouldAnswer(command, person, sight, login).outcome === 'allowed'
  const breakglass = release.broken?.breakglass as `breakglass:${string}` | undefined
  const isWaiting = stateOf(release, state, at) === 'waiting'
  return {
    canBreakGlass: isWaiting && would({ type: 'break glass', breakglass: UNUSED, release: release.release }),
    canJudgeGlass: breakglass !== undefined && would({ type: 'review break-glass', breakglass, verdict: 'justified' }),
  }
}

const UNUSED = 'breakglass:0000000000'

function wouldAnswer(command: Command, person: Person, sight: Sight, login: Login): Decision {
  const { state, policies, at } = sight
  const claims: AssertionClaims = {
    credentialId: person.passkeys[0] ?? '',
    isUserVerified: true,
    isDeviceBound: true,
    isOverStatement: true,
  }
  const caller: Caller = { id: person.id, kind: 'person', login: login.id }
  // Where they will be when they sign, nobody knows: in any of the networks that are defined.
  const networks = [...state.networks.keys()]
  const given = networks.length > 0 ? { networks } : {}
  const logins = new Book<Login>('logins')
  logins.add(login.id, login)
  return decide({ command, caller, claims, given, at }, { ...state, logins }, policies)
}

export function wouldAllow(person: Person, release: Release, sight: Sight, login?: Login): boolean {
  return wouldDecide(person, release, sight, login).outcome === 'allowed'
}

/** As if they signed in this moment: it is asked whether they could, not whether they are here. */
function freshLogin({ id }: Person, at: number): Login {
  const moment = { openedAt: at, provenAt: at, expiresAt: at + 1 }
  return { id: 'login:0000000000', principal: id, method: 'passkey', leafIndex: 0, ...moment }
}

/** People whom a rule of the environment names, or who stand in for one, and whose approval would be accepted. */
export function approversOf(release: Release, sight: Sight): Who[] {
  const { state, at } = sight
  if (closedBecause(release, state, at)) return []
  const holders = [...state.people.values()].filter(
    (person) => isActive(person) && standing(person.id, release, state, at) !== undefined,
  )
  return holders.filter((person) => wouldAllow(person, release, sight)).map(({ id }) => whoOf(id, sight))
}

type Standing = ReleaseSummary['you']

/** Whether the viewer can sign, with the reason in a sentence, and who can when they cannot. */
export function standingOf(release: Release, viewer: Caller | undefined, sight: Sight): Standing {
  const person = viewer && sight.state.people.get(viewer.id)
  const elsewhere = () => ({ who: approversOf(release, sight) })
  if (!person) return { canApprove: false, because: 'Only people approve: sign in with a passkey.', ...elsewhere() }
  const login = sight.state.logins.get(viewer.login ?? '')
  const decision = wouldDecide(person, release, sight, login)
  if (decision.outcome === 'allowed') return { canApprove: true, because: allowedWords(person, release, sight) }
  return { canApprove: false, because: explain(decision, person, release, sight), ...elsewhere() }
}

function allowedWords({ id }: Person, release: Release, sight: Sight): string {
  const inNameOf = standing(id, release, sight.state, sight.at) ?? id
  if (inNameOf === id) return 'A rule names you, and you neither wrote nor asked for this.'
  return `You stand in for ${whoOf(inNameOf, sight).name}, and neither of you wrote or asked for this.`
}

function explain({ reason, policy }: Decision, { id }: Person, release: Release, { policies }: Sight): string {
  if (reason === 'own_release' && release.authors.includes(id))
    return 'You wrote or signed a commit of this release; nobody approves what they wrote.'
  if (reason === 'own_release') return 'You asked for this release; nobody approves what they asked for.'
  if (reason === 'already_approved') return 'You have signed this release already; it needs others.'
  const determining = policy?.determining.map((policyId) => policies.describePolicy(policyId)?.sentence).find(Boolean)
  return (reason === 'policy_refused' ? determining : undefined) ?? adviceOf(reason ?? 'policy_refused').sentence
}
