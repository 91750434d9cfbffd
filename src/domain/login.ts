/** A principal's signed-in presence: a person's by passkey, a job's by the token of its CI. It expires and can be ended. */

import * as z from '../bytes/schema.ts'
import type { Command } from './command.ts'
import { allowed, refused, type Decision } from './decision.ts'
import { closeLogin, endGrant } from './ending.ts'
import * as f from './field.ts'
import type { Caller } from './leaf.ts'
import * as idp from './idp.ts'
import { isActive } from './principal.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import type { State } from './state.ts'

/** ASCII: what looks the same is the same. */
function visible(length: number) {
  return z.string().regex(new RegExp(`^[\\x20-\\x7e]{1,${length}}$`))
}

/** An id that the CI gave, and gives to nothing else. */
const ciId = z.string().regex(/^[A-Za-z0-9._:/-]{1,128}$/)

/** What a CI's token said of the job, in our words; everything else stays in the evidence. */
export const jobFacts = z.strictObject({
  issuer: f.url,
  tokenDigest: f.digest,
  tokenExpiresAt: f.at,
  repository: f.name,
  ciRepositoryId: ciId.optional(),
  ciOwnerId: ciId.optional(),
  commit: f.commitId.optional(),
  ref: f.ref.optional(),
  workflow: visible(512).optional(),
  /** The commit that the workflow's file was read from. */
  workflowCommit: f.commitId.optional(),
  runId: ciId,
  runAttempt: visible(32).optional(),
  /** The one job of the run; without it, jobs of a run are told apart by their keys. */
  ciJobId: ciId.optional(),
  eventName: visible(64).optional(),
  environment: visible(256).optional(),
  runnerEnvironment: visible(64).optional(),
})

const opened = {
  login: f.loginId,
  bearerDigest: f.digest,
  expiresAt: f.at,
}

export const events = {
  'login.opened': z.strictObject({
    ...opened,
    principal: f.principalId,
    method: z.enum(['passkey', 'job', 'code', 'oidc']),
    job: jobFacts.optional(),
    jobKey: f.base64.max(256).optional(),
    lentBy: f.loginId.optional(),
    account: z.strictObject(idp.account).optional(),
    /** Of a job: the person whose account at the CI started the run. */
    startedBy: f.personId.optional(),
    /** Proven by a passkey that cannot leave its device. */
    isDeviceBound: z.literal(true).optional(),
  }),
  'login.renewed': z.strictObject({
    login: f.loginId,
    tokenDigest: f.digest,
    tokenExpiresAt: f.at,
    expiresAt: f.at,
  }),
  'login.ended': z.strictObject({ login: f.loginId }),
  'login.refused': z.strictObject({ principal: f.principalId.optional(), method: z.enum(['passkey', 'job', 'code']) }),
}

export const commands = {
  'open login': z.strictObject({ type: z.literal('open login'), ...opened, challenge: f.base64url.max(128) }),
  'open job login': z.strictObject({
    type: z.literal('open job login'),
    ...opened,
    issuer: f.url,
    jobKey: f.base64.max(256),
  }),
  /** A fresh token of the same run: the job is still there, and still holds its key. */
  'renew job login': z.strictObject({ type: z.literal('renew job login'), issuer: f.url }),
  /** Its CI says that the job is over. */
  'end job': z.strictObject({ type: z.literal('end job'), login: f.loginId }),
  /** A second login of the same person, handed from the browser to the command line. */
  'lend login': z.strictObject({ type: z.literal('lend login'), ...opened }),
  'end login': z.strictObject({ type: z.literal('end login'), login: f.loginId }),
}

export type LoginEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export type JobFacts = z.infer<typeof jobFacts>
export type Login = {
  readonly id: f.LoginId
  readonly principal: f.PrincipalId
  readonly method: 'passkey' | 'job' | 'code' | 'oidc'
  readonly openedAt: number
  /** When a passkey or a CI token last proved who this is: 0 by an identity provider's word. A lent login is as old as its lender. */
  readonly provenAt: number
  readonly expiresAt: number
  readonly job?: JobFacts
  readonly jobKey?: string
  readonly startedBy?: f.PersonId
  /** Proven by a passkey that cannot leave its device; a lent login is as its lender. */
  readonly isDeviceBound?: true
  readonly endedAt?: number
  readonly leafIndex: number
}

/** A login of a job, as long as it is not ended. */
export type Running = { readonly principal: string; readonly expiresAt: number }

export function apply(state: State, event: LoginEvent, command: Command, at: number, leafIndex: number): void {
  if (event.type === 'login.ended') {
    closeLogin(event.login, state, at)
    for (const [grant, { login }] of state.lent) if (login === event.login) endGrant(grant, 'job_ended', state, at)
  }
  if (event.type === 'login.renewed') prolong(event, state)
  if (event.type !== 'login.opened') return
  forgetExpired(state, at)
  const { login: id, bearerDigest, principal, method, expiresAt, job, jobKey, lentBy, startedBy } = event
  const provenAt = method === 'oidc' ? 0 : ((lentBy && state.logins.get(lentBy)?.provenAt) ?? at)
  const isDeviceBound = event.isDeviceBound ?? (lentBy && state.logins.get(lentBy)?.isDeviceBound)
  state.logins.add(id, {
    id,
    principal,
    method,
    openedAt: at,
    provenAt,
    expiresAt,
    leafIndex,
    ...(job && { job }),
    ...(jobKey && { jobKey }),
    ...(startedBy && { startedBy }),
    ...(isDeviceBound && { isDeviceBound }),
  })
  state.bearers.add(bearerDigest, id)
  idp.enter(event, state, at)
  if (job) state.spentTokens.add(job.tokenDigest, job.tokenExpiresAt)
  if (job) state.jobs.set(id, { principal, expiresAt })
  else enter(id, principal, state, at)
  if (command.type === 'open login') state.spentChallenges.add(command.challenge, leafIndex)
}

function prolong(
  { login: id, tokenDigest, tokenExpiresAt, expiresAt }: Extract<LoginEvent, { type: 'login.renewed' }>,
  state: State,
): void {
  state.spentTokens.add(tokenDigest, tokenExpiresAt)
  const login = state.logins.get(id)
  if (!login) return
  state.logins.set(id, { ...login, expiresAt })
  // To the end of the line: they stand in the order in which they expire.
  state.jobs.delete(id)
  state.jobs.set(id, { principal: login.principal, expiresAt })
}

/** A person's presence is known by the logins that did not expire; those are as many as they open in a day. */
function enter(id: f.LoginId, principal: f.PrincipalId, state: State, at: number): void {
  const person = state.people.get(principal)
  if (!person) return
  person.logins = person.logins.filter((old) => (state.logins.get(old)?.expiresAt ?? 0) > at)
  person.logins.push(id)
}

const KEPT_AFTER_EXPIRY_MS = 24 * 3600 * 1000

/** Old logins leave the state, at moments that replay meets in the same order; the log keeps them for ever. */
function forgetExpired(state: State, at: number): void {
  for (let token = state.spentTokens.oldest(); token && isPast(token[1], at); token = state.spentTokens.oldest())
    state.spentTokens.delete(token[0])
  for (let bearer = state.bearers.oldest(); bearer; bearer = state.bearers.oldest()) {
    const [digest, id] = bearer
    if (!isPast(state.logins.get(id)?.expiresAt ?? 0, at)) break
    state.bearers.delete(digest)
    state.logins.delete(id)
  }
  for (const [id, { expiresAt }] of state.jobs)
    if (expiresAt < at) state.jobs.delete(id)
    else break
}

function isPast(expiresAt: number, at: number): boolean {
  return expiresAt + KEPT_AFTER_EXPIRY_MS < at
}

/** Whoever speaks through this login. */
export function callerOf({ id, principal, job }: Login): Caller {
  return { id: principal, kind: job ? 'job' : 'person', login: id }
}

/** Whether this login may speak now, on the newest state; the reason when it may not. */
export function judge(login: Login | undefined, state: State, at: number): Reason | undefined {
  if (!login) return 'login_unknown'
  const person = state.people.get(login.principal as f.PersonId)
  if (person?.revokedAt !== undefined) return 'principal_revoked'
  if (login.endedAt !== undefined) return 'login_ended'
  if (login.expiresAt <= at) return 'login_expired'
  return undefined
}

export type Open = z.infer<(typeof commands)['open login']>
/** Which job that is, and what its CI says of it. */
export type JobClaims = { readonly principal: f.PrincipalId; readonly job: JobFacts }
export type PasskeyClaims = {
  readonly credentialId: string
  readonly isUserVerified: boolean
  /** The authenticator says that it never lets the passkey out, and no program stands in for it. */
  readonly isDeviceBound?: boolean
}

/** Nothing that is lent on a login outlives a day without being proven again, whoever chose the end. */
export const MAX_LIFETIME_MS = 24 * 3600 * 1000

export function open(
  { login, bearerDigest, expiresAt: wanted, challenge }: Open,
  { credentialId, isDeviceBound }: PasskeyClaims,
  { policy, isAllowed }: Answered,
  state: State,
  at: number,
): Decision {
  const principal = state.passkeys.get(credentialId)?.person
  const refuse = (reason: Reason) =>
    refused({ type: 'login.refused', method: 'passkey', ...(principal && { principal }) }, reason, policy)

  if (state.logins.has(login)) return refuse('id_taken')
  if (!principal) return refuse('passkey_unknown')
  if (!isActive(state.people.get(principal))) return refuse('principal_revoked')
  if (state.spentChallenges.has(challenge)) return refuse('challenge_used')
  if (!isAllowed) return refuse('policy_refused')
  const expiresAt = Math.min(wanted, at + MAX_LIFETIME_MS)
  const bound = isDeviceBound ? ({ isDeviceBound } as const) : {}
  return allowed(
    { type: 'login.opened', login, bearerDigest, expiresAt, principal, method: 'passkey', ...bound },
    policy,
  )
}

type Lend = z.infer<(typeof commands)['lend login']>

/** It ends with its lender at the latest: or a login that lends itself on would never have to be proven again. */
export function lend(
  { login, bearerDigest, expiresAt: wanted }: Lend,
  { id: lentBy, principal, expiresAt: end_ }: Login,
  { policy, isAllowed }: Answered,
  state: State,
): Decision {
  const refuse = (reason: Reason) => refused({ type: 'login.refused', method: 'code', principal }, reason, policy)

  if (state.logins.has(login)) return refuse('id_taken')
  if (!isAllowed) return refuse('policy_refused')
  const expiresAt = Math.min(wanted, end_)
  return allowed({ type: 'login.opened', login, bearerDigest, expiresAt, principal, method: 'code', lentBy }, policy)
}

type End = z.infer<(typeof commands)['end login']>

export function end({ login }: End, principal: f.PrincipalId, state: State): Decision {
  const refuse = (reason: Reason) => refused({ type: 'login.refused', method: 'passkey', principal }, reason)

  const open_ = state.logins.get(login)
  if (!open_) return refuse('login_unknown')
  if (open_.principal !== principal) return refuse('wrong_principal')
  return allowed({ type: 'login.ended', login })
}
