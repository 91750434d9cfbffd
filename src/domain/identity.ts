/** Which account at an identity provider is which person: said by an administrator, or by whoever holds an enrolment link. */

import * as z from '../bytes/schema.ts'
import { allowed, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import * as idp from './idp.ts'
import * as login from './login.ts'
import { isActive } from './principal.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import type { State } from './state.ts'

const link = { person: f.personId, issuer: f.url, subject: f.digest }

export const events = {
  'identity.linked': z.strictObject({
    ...link,
    /** When it was the person's own sign-in that linked them. */
    tokenDigest: f.digest.optional(),
    tokenExpiresAt: f.at.optional(),
  }),
  'identity.removed': z.strictObject(link),
  'identity.refused': z.strictObject({
    person: f.personId.optional(),
    issuer: f.url,
    subject: f.digest.optional(),
    wanted: z.enum(['link', 'remove', 'accept', 'login']),
  }),
}

export const commands = {
  'link identity': z.strictObject({ type: z.literal('link identity'), ...link }),
  'remove identity': z.strictObject({ type: z.literal('remove identity'), person: f.personId, issuer: f.url }),
  /** By the enrolment link that its holder was sent, and the account that they signed in with. */
  'accept identity': z.strictObject({
    type: z.literal('accept identity'),
    inviteDigest: f.digest,
    issuer: f.url,
    nonce: f.base64url.min(22).max(128),
  }),
  'open idp login': z.strictObject({
    type: z.literal('open idp login'),
    login: f.loginId,
    bearerDigest: f.digest,
    expiresAt: f.at,
    issuer: f.url,
    nonce: f.base64url.min(22).max(128),
  }),
}

export type IdentityEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

/** By the digest of the account. */
export type Identity = { readonly person: f.PersonId; readonly issuer: string; readonly leafIndex: number }
export type IdentityClaims = z.infer<z.ZodObject<typeof idp.account>>

export function apply(state: State, event: IdentityEvent, at: number, leafIndex: number): void {
  switch (event.type) {
    case 'identity.linked': {
      const { person: id, issuer, subject, tokenDigest, tokenExpiresAt } = event
      const person = state.people.get(id)
      if (!person) return
      person.enrolledAt ??= at
      state.identities.set(subject, { person: id, issuer, leafIndex })
      if (tokenDigest && tokenExpiresAt !== undefined) state.spentTokens.add(tokenDigest, tokenExpiresAt)
      return
    }
    case 'identity.removed':
      state.identities.delete(event.subject)
      idp.endAll(event, state, at)
      return
    case 'identity.refused':
  }
}

function subjectOf(person: string, issuer: string, state: State): string | undefined {
  return [...state.identities].find(([, is]) => is.person === person && is.issuer === issuer)?.[0]
}

/** Why this account cannot be this person's. */
function judge(person: f.PersonId, issuer: string, subject: string, state: State): Reason | undefined {
  const holder = state.people.get(person)
  if (!holder) return 'no_such_person'
  if (holder.revokedAt !== undefined) return 'principal_revoked'
  if (!state.idps.has(issuer)) return 'no_such_idp'
  if (state.identities.has(subject) || subjectOf(person, issuer, state) !== undefined) return 'identity_taken'
  return undefined
}

type Link = z.infer<(typeof commands)['link identity']>

export function linkTo({ person, issuer, subject }: Link, { policy, isAllowed }: Answered, state: State): Decision {
  const reason = judge(person, issuer, subject, state) ?? (isAllowed ? undefined : 'policy_refused')
  if (reason) return refused({ type: 'identity.refused', person, issuer, subject, wanted: 'link' }, reason, policy)
  return allowed({ type: 'identity.linked', person, issuer, subject }, policy)
}

type Remove = z.infer<(typeof commands)['remove identity']>

export function remove({ person, issuer }: Remove, { policy, isAllowed }: Answered, state: State): Decision {
  const refuse = (reason: Reason) =>
    refused({ type: 'identity.refused', person, issuer, wanted: 'remove' }, reason, policy)

  const subject = subjectOf(person, issuer, state)
  if (!isAllowed) return refuse('policy_refused')
  if (subject === undefined) return refuse('no_such_identity')
  return allowed({ type: 'identity.removed', person, issuer, subject: subject as f.Digest }, policy)
}

type Accept = z.infer<(typeof commands)['accept identity']>

/** Whoever holds the link could enrol a passkey with it: this is no more. */
export function accept({ inviteDigest, issuer }: Accept, claims: IdentityClaims, state: State, at: number): Decision {
  const { subject, tokenDigest, tokenExpiresAt } = claims
  const invitation = state.invitations.get(inviteDigest)
  const refuse = (reason: Reason) => refused({ type: 'identity.refused', issuer, subject, wanted: 'accept' }, reason)

  if (!invitation || invitation.expiresAt <= at) return refuse('no_such_invitation')
  if (state.spentTokens.has(tokenDigest)) return refuse('token_reused')
  const reason = judge(invitation.person, issuer, subject, state)
  if (reason) return refuse(reason)
  return allowed({ type: 'identity.linked', person: invitation.person, issuer, subject, tokenDigest, tokenExpiresAt })
}

type Open = z.infer<(typeof commands)['open idp login']>

/** `answer` is about the person whose account it is; there may be none. */
export function open(
  { login: id, bearerDigest, expiresAt: wanted, issuer }: Open,
  claims: IdentityClaims,
  { policy, isAllowed }: Answered,
  state: State,
  at: number,
): Decision {
  const person = state.identities.get(claims.subject)?.person
  const refuse = (reason: Reason) =>
    refused(
      { type: 'identity.refused', issuer, subject: claims.subject, wanted: 'login', ...(person && { person }) },
      reason,
      policy,
    )

  if (state.logins.has(id)) return refuse('id_taken')
  if (state.spentTokens.has(claims.tokenDigest)) return refuse('token_reused')
  if (!person) return refuse('idp_subject_unknown')
  if (!isActive(state.people.get(person))) return refuse('principal_revoked')
  if (!isAllowed) return refuse('policy_refused')
  const expiresAt = Math.min(wanted, at + login.MAX_LIFETIME_MS)
  const opened = { login: id, bearerDigest, expiresAt, principal: person, method: 'oidc', account: claims } as const
  return allowed({ type: 'login.opened', ...opened }, policy)
}
