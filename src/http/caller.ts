/** Who asks: by bearer token, by the console's cookie, or by the signature of a git door. Nobody else gets past. */

import { bearerCaller, doorCaller } from '../control/authenticate.ts'
import { networksGiven } from '../control/given.ts'
import type { PersonalData } from '../control/seal.ts'
import type { Caller } from '../domain/leaf.ts'
import * as login from '../domain/login.ts'
import * as question from '../domain/question.ts'
import { adviceOf } from '../domain/reason.ts'
import type { State } from '../domain/state.ts'
import { isRefusal } from '../evidence/refusal.ts'
import type { Access, FastifyRequest } from './app.ts'
import { LOGIN_COOKIE } from './cookie.ts'
import { judgeKeyProof, type Shown } from './key-proof.ts'
import type { Port } from './port.ts'
import { problem, Problem, problemOfRefusal, statusOf } from './problem.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The caller by the token they showed. Undefined when they showed none. */
export function callerOf(request: FastifyRequest, port: Port): Caller | Problem | undefined {
  const shown = tokenOf(request)
  if (shown === undefined || shown instanceof Problem) return shown
  const { state } = port.ledger
  const caller = bearerCaller(shown.token, state)
  if (isRefusal(caller)) return problem('sign_in_needed', caller.because, { next: 'countersign login' })
  const boundKey = state.logins.get(caller.login ?? '')?.jobKey
  if (boundKey === undefined) return shown.scheme === 'bearer' ? caller : NOT_BOUND
  return judgeKeyProof(request, shown, boundKey, port) ?? caller
}

const NOT_BOUND = problem('sign_in_needed', 'This login is bound to no key: Authorization: Bearer <token>.')

function tokenOf(request: FastifyRequest): Shown | Problem | undefined {
  const { authorization } = request.headers
  if (authorization?.startsWith('Door ')) return undefined
  if (authorization !== undefined) {
    const [, scheme = '', token = ''] = /^(Bearer|DPoP) ([\x21-\x7e]{1,256})$/i.exec(authorization) ?? []
    return { scheme: scheme.toLowerCase() === 'dpop' ? 'dpop' : 'bearer', token }
  }
  const cookie = request.cookies[LOGIN_COOKIE]
  // A browser sends cookies along whoever made it ask; what changes anything must come from a page of ours.
  if (cookie !== undefined && !SAFE.has(request.method) && request.headers.origin === undefined)
    return problem('cross_site', 'A request with a cookie must say which page it comes from (Origin).')
  return cookie === undefined ? undefined : { scheme: 'bearer', token: cookie }
}

/** Requests that other sites made a browser send: their Origin is theirs. */
export function judgeOrigin(request: FastifyRequest, origins: readonly string[]): Problem | undefined {
  const { origin } = request.headers
  if (SAFE.has(request.method) || origin === undefined || origins.includes(origin)) return undefined
  return problem('cross_site', 'This request was made by a page of another site.')
}

/** A git door, by its signature over the very body. */
export function doorOf(request: FastifyRequest, { ledger, doorRequests, clock, noise }: Port): Caller | Problem {
  const [, jwt] = /^Door ([A-Za-z0-9_.-]{1,4096})$/.exec(request.headers.authorization ?? '') ?? []
  if (!jwt) return problem('sign_in_needed', 'A git door signs each of its requests: Authorization: Door <JWT>.')
  const caller = doorCaller(jwt, request.bodyBytes ?? new Uint8Array(), ledger.state, doorRequests, clock())
  if (!isRefusal(caller)) return caller
  noise.count(caller.refused)
  return problemOfRefusal(caller, false)
}

export function judgeAccess(access: Access, caller: Caller | undefined): Problem | undefined {
  if (access !== 'login' || caller) return undefined
  return problem('sign_in_needed', 'Sign in first: this is only for those who are known here.', {
    next: 'countersign login',
  })
}

/** Whether this login is still one, on the newest state. Looking leaves no leaf. */
export function judgeLogin(caller: Caller, { ledger, clock }: Port): Problem | undefined {
  const state = ledger.state as State
  const reason = login.judge(state.logins.get(caller.login ?? ''), state, clock())
  if (!reason) return undefined
  return new Problem(statusOf(reason).code, adviceOf(reason).sentence, { next: 'countersign login' })
}

/** What the policies in force say of this login and something that concerns the whole instance. */
function askAbout(caller: Caller, action: string, { ledger, clock }: Port, ip: string): question.Answered {
  const state = ledger.state as State
  const given = networksGiven(caller, { ip }, state)
  const who = question.callerEntity(state.logins.get(caller.login ?? '')!, state, clock(), given)
  return question.ask(ledger.policies, who, action, [question.instance], {})
}

/** Whether this person would be shown the trail, or let take it away. The decision itself is the ledger's. */
export function mayRead(caller: Caller, port: Port, ip: string): boolean {
  return caller.kind === 'person' && askAbout(caller, 'read', port, ip).isAllowed
}

export function mayExport(caller: Caller, port: Port, ip: string): boolean {
  return caller.kind === 'person' && askAbout(caller, 'exportTrail', port, ip).isAllowed
}

/** Whether this login could change the policies, if need be with another administrator: nobody else has all of history asked again. */
export function mayActivate(caller: Caller, { ledger, clock }: Pick<Port, 'ledger' | 'clock'>, ip: string): boolean {
  const state = ledger.state as State
  const by = state.logins.get(caller.login ?? '')
  if (!by || by.job || login.judge(by, state, clock())) return false
  const who = question.callerEntity(by, state, clock(), networksGiven(caller, { ip }, state))
  const asker = { ...who, conditions: { ...who.conditions, otherAdministrators: 1, agreements: 1 } }
  const said = { loginAgeSeconds: Math.floor((clock() - by.provenAt) / 1000), isSelf: false }
  return question.ask(ledger.policies, asker, 'activatePolicy', [question.instance], said).isAllowed
}

/** Whether the policies in force let this login look around. What is personal is for people, whatever they say of jobs. */
export function judgeReader(caller: Caller, isForPeople: boolean, port: Port, ip: string): Problem | undefined {
  if (isForPeople && caller.kind !== 'person')
    return new Problem('wrong_principal', 'This shows what is personal, and is for people.')
  const { isAllowed, policy } = askAbout(caller, 'read', port, ip)
  if (isAllowed) return undefined
  return new Problem('policy_refused', 'The policies in force do not let you read this; a role is needed.', {
    policies: [...(policy?.determining ?? [])],
  })
}

/** What is personal about any request. It goes into commitments, not into the leaf. */
export function personalOf(request: FastifyRequest): PersonalData {
  return { ip: request.ip, userAgent: request.headers['user-agent']?.slice(0, 512) }
}
