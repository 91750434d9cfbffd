/** The job of one CI run: signed in with its token and a key of its own, signed in anew with fresh tokens, and over at some point. */

import type * as z from '../bytes/schema.ts'
import { allowed, recorded, refused, type Decision } from './decision.ts'
import type * as f from './field.ts'
import { JOB_LOGIN_MS } from './issuer.ts'
import type { commands, JobClaims, JobFacts, Login } from './login.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import type { State } from './state.ts'

/** What the policies are asked about a job that signs in, first and again. */
export function contextOf({ tokenDigest, eventName }: JobFacts, isKnownRepository: boolean, state: State) {
  return {
    method: 'job',
    userVerified: false,
    eventName: eventName ?? '',
    tokenReused: state.spentTokens.has(tokenDigest),
    repositoryKnown: isKnownRepository,
  }
}

/** A login of a job ends by then unless a fresh token of its run says that it is still there. */
function endOf(issuer: string, state: State, at: number): number {
  return at + (state.issuers.get(issuer)?.loginLifetimeMs ?? JOB_LOGIN_MS)
}

type Open = z.infer<(typeof commands)['open job login']>

/** `starter`: the person whose account at the CI started the run, if it is known whose that is. */
export function open(
  { login, bearerDigest, jobKey, issuer, expiresAt: wanted }: Open,
  { principal, job }: JobClaims,
  { isKnownRepository, starter }: { readonly isKnownRepository: boolean; readonly starter: f.PersonId | undefined },
  { policy, isAllowed }: Answered,
  state: State,
  at: number,
): Decision {
  const refuse = (reason: Reason) => refused({ type: 'login.refused', method: 'job', principal }, reason, policy)

  if (state.logins.has(login)) return refuse('id_taken')
  if (!state.issuers.has(issuer)) return refuse('issuer_unknown')
  if (state.spentTokens.has(job.tokenDigest)) return refuse('token_reused')
  if (!isKnownRepository) return refuse('no_such_repository')
  if (!isAllowed) return refuse('policy_refused')
  const expiresAt = Math.min(wanted, endOf(issuer, state, at))
  const startedBy = starter !== undefined && state.people.has(starter) ? { startedBy: starter } : {}
  return allowed(
    { type: 'login.opened', login, bearerDigest, expiresAt, principal, method: 'job', job, jobKey, ...startedBy },
    policy,
  )
}

/** The same job of the same run, with the same key: anything else is a login of its own. */
export function renew(
  by: Login,
  { principal, job }: JobClaims,
  isKnownRepository: boolean,
  { policy, isAllowed }: Answered,
  state: State,
  at: number,
): Decision {
  const refuse = (reason: Reason) =>
    refused({ type: 'login.refused', method: 'job', principal: by.principal }, reason, policy)

  if (principal !== by.principal || job.issuer !== by.job?.issuer) return refuse('another_run')
  if (!state.issuers.has(job.issuer)) return refuse('issuer_unknown')
  if (state.spentTokens.has(job.tokenDigest)) return refuse('token_reused')
  if (!isKnownRepository) return refuse('no_such_repository')
  if (!isAllowed) return refuse('policy_refused')
  const { tokenDigest, tokenExpiresAt } = job
  const expiresAt = Math.max(by.expiresAt, endOf(job.issuer, state, at))
  return allowed({ type: 'login.renewed', login: by.id, tokenDigest, tokenExpiresAt, expiresAt }, policy)
}

/** As the CI says that it is over: what it holds ends with its login. Undefined when there is nothing left to end. */
export function end({ login }: { readonly login: f.LoginId }, state: State): Decision | undefined {
  const found = state.logins.get(login)
  if (!found?.job || found.endedAt !== undefined) return undefined
  return recorded({ type: 'login.ended', login })
}

/** Says which job is meant, as its CI knows it; without an attempt or a job of the run, all of them. */
export type Named = Pick<JobFacts, 'issuer' | 'runId'> &
  Partial<Pick<JobFacts, 'ciRepositoryId' | 'runAttempt' | 'ciJobId'>>

/** The logins of that job which have not ended. */
export function loginsOf(named: Named, { jobs, logins }: Pick<State, 'jobs' | 'logins'>): f.LoginId[] {
  const wanted = Object.entries(named).filter(([, value]) => value !== undefined)
  return [...jobs.keys()].flatMap((id) => {
    const login = logins.get(id)
    const isMeant = login?.job && wanted.every(([name, value]) => login.job?.[name as keyof JobFacts] === value)
    return isMeant ? [login.id] : []
  })
}

/** Whoever started the run asked for what it asks for. */
export function withStarter(authors: readonly f.PersonId[], { startedBy }: Login): f.PersonId[] {
  return startedBy === undefined ? [...authors] : [...new Set([...authors, startedBy])].sort()
}
