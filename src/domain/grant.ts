/** Permission to hold one credential for one target, for one job, until a moment. The credential's serial is the leaf index. */

import * as z from '../bytes/schema.ts'
import { missing } from './approval-rule.ts'
import { allowed, recorded, refused, waiting, type Decision } from './decision.ts'
import { endGrant } from './ending.ts'
import * as f from './field.ts'
import { freezeOf } from './freeze.ts'
import type { Login } from './login.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import { closedBecause } from './release.ts'
import type { ReadonlyState, State } from './state.ts'
import { kind as kindOfTarget } from './target.ts'

const cause = z.enum(['returned', 'expired', 'revoked', 'job_ended', 'mint_failed'])

export const events = {
  'grant.issued': z.strictObject({
    grant: f.grantId,
    release: f.releaseId,
    target: f.name,
    kind: kindOfTarget,
    holder: f.principalId,
    login: f.loginId,
    expiresAt: f.at,
    publicKey: f.sshPublicKey.optional(),
  }),
  'grant.refused': z.strictObject({ release: f.releaseId, target: f.name, holder: f.principalId }),
  'grant.ended': z.strictObject({ grant: f.grantId, cause }),
  /** What became of the credential at its target. A certificate cannot be recalled: hosts that follow the list refuse it, others until it expires. */
  'grant.cleared': z.strictObject({
    grant: f.grantId,
    how: z.enum([
      'role_dropped',
      'listed_as_revoked',
      'expired',
      'never_made',
      'left_to_expire',
      'account_dropped',
      'token_revoked',
      'must_be_replaced',
    ]),
    terminated: z.int().min(0),
  }),
}

export const commands = {
  'request grant': z.strictObject({
    type: z.literal('request grant'),
    grant: f.grantId,
    release: f.releaseId,
    target: f.name,
    publicKey: f.sshPublicKey.optional(),
  }),
  'end grant': z.strictObject({ type: z.literal('end grant'), grant: f.grantId }),
  'expire grant': z.strictObject({ type: z.literal('expire grant'), grant: f.grantId, cause }),
  'clear grant': events['grant.cleared'].extend({ type: z.literal('clear grant') }),
}

export type GrantEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]
export type Cause = z.infer<typeof cause>
export type Cleared = z.infer<(typeof events)['grant.cleared']>['how']
export type Grant = z.infer<(typeof events)['grant.issued']> & {
  readonly issuedAt: number
  readonly leafIndex: number
  readonly endedAt?: number
  readonly cause?: Cause
  readonly cleared?: { readonly how: Cleared; readonly at: number; readonly leafIndex: number }
}

/** What is kept of a grant until its credential is known to be of no use. */
export type Lent = { readonly login: string; readonly holder: string }

export function apply(state: State, event: GrantEvent, at: number, leafIndex: number): void {
  if (event.type === 'grant.issued') {
    const { type: _, ...issued } = event
    state.grants.add(event.grant, { ...issued, issuedAt: at, leafIndex })
    state.lent.set(event.grant, { login: event.login, holder: event.holder })
    const release = state.releases.get(event.release)
    if (release) state.releases.set(event.release, { ...release, grants: [...release.grants, event.grant] })
  }
  if (event.type === 'grant.ended') endGrant(event.grant, event.cause, state, at)
  if (event.type === 'grant.cleared') {
    const grant = state.grants.get(event.grant)
    if (grant) state.grants.set(event.grant, { ...grant, cleared: { how: event.how, at, leafIndex } })
    state.lent.delete(event.grant)
  }
}

/** The grant that was issued with this leaf: a credential carries its number. */
export function bySerial(serial: number, { grants }: ReadonlyState): Grant | undefined {
  const [found] = grants.newest(1, ({ leafIndex }) => leafIndex > serial)
  return found?.leafIndex === serial ? found : undefined
}

export function isLive(grant: Grant, at: number): boolean {
  return grant.endedAt === undefined && grant.expiresAt > at
}

type Request = z.infer<(typeof commands)['request grant']>

export function contextOf({ release: id, target }: Request, { principal }: Login, state: State, at: number) {
  const release = state.releases.get(id)
  const environment = release && state.environments.get(release.environment)
  return {
    approvals: release?.approvals.length ?? 0,
    missing: release ? missing(release, state, at) : 1,
    isBreakGlass: release?.broken !== undefined,
    isFrozen: release !== undefined && freezeOf(release.environment, state, at) !== undefined,
    isOpen: release !== undefined && closedBecause(release, state, at) === undefined,
    isRequester: release?.requester === principal,
    targetAllowed: environment?.targets.includes(target) ?? false,
    secondsLeft: release ? Math.max(0, Math.floor((release.expiresAt - at) / 1000)) : 0,
  }
}

export function request(
  command: Request,
  login: Login,
  { policy, isAllowed }: Answered,
  wouldOpen: boolean,
  state: State,
  at: number,
): Decision {
  const { grant, release: id, target: name, publicKey } = command
  const refusal = { type: 'grant.refused' as const, release: id, target: name, holder: login.principal }
  const refuse = (reason: Reason) => refused(refusal, reason, policy)

  const release = state.releases.get(id)
  const target = state.targets.get(name)
  if (state.grants.has(grant)) return refuse('id_taken')
  if (!release) return refuse('no_such_release')
  if (!target) return refuse('no_such_target')
  const closed = closedBecause(release, state, at)
  if (closed) return refuse(closed)
  const facts = contextOf(command, login, state, at)
  if (!facts.isRequester) return refuse('wrong_principal')
  if (!facts.targetAllowed) return refuse('target_not_allowed')
  if (!isAllowed && wouldOpen)
    return waiting(refusal, facts.isFrozen ? 'environment_frozen' : 'approvals_missing', policy)
  if (!isAllowed) return refuse(facts.isFrozen ? 'environment_frozen' : 'policy_refused')

  const lifetimeMs = state.environments.get(release.environment)!.grantLifetimeMs
  const issued = { grant, release: id, target: name, kind: target.kind, holder: login.principal, login: login.id }
  return allowed(
    { type: 'grant.issued', ...issued, expiresAt: at + lifetimeMs, ...(publicKey && { publicKey }) },
    policy,
  )
}

type End = z.infer<(typeof commands)['end grant']>

export function end({ grant: id }: End, by: f.PrincipalId, { policy, isAllowed }: Answered, state: State): Decision {
  const grant = state.grants.get(id)
  if (!grant) return refused({ type: 'principal.refused', wanted: 'end grant' }, 'no_such_grant')
  const refuse = (reason: Reason) =>
    refused({ type: 'grant.refused', release: grant.release, target: grant.target, holder: by }, reason, policy)

  if (grant.endedAt !== undefined) return refuse('grant_ended')
  if (!isAllowed) return refuse('policy_refused')
  return allowed({ type: 'grant.ended', grant: id, cause: grant.holder === by ? 'returned' : 'revoked' }, policy)
}

type Expire = z.infer<(typeof commands)['expire grant']>

export function expire({ grant: id, cause: why }: Expire, { grants }: State): Decision {
  const refuse = (reason: Reason) => refused({ type: 'principal.refused', wanted: 'expire grant' }, reason)

  const grant = grants.get(id)
  if (!grant) return refuse('no_such_grant')
  if (grant.endedAt !== undefined) return refuse('grant_ended')
  return recorded({ type: 'grant.ended', grant: id, cause: why })
}
