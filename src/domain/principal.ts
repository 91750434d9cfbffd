/** Who can act: a person with passkeys, the job of one CI run, and the parts of Countersign itself. */

import * as z from '../bytes/schema.ts'
import { publicJwk, type PublicJwk } from '../evidence/public-key.ts'
import { allowed, refused, type Decision } from './decision.ts'
import { closeLogin, endGrant } from './ending.ts'
import * as f from './field.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import * as role from './role.ts'
import type { Release } from './release.ts'
import type { State } from './state.ts'

const hours = z.strictObject({
  from: z.int().min(0).max(23),
  to: z.int().min(1).max(24),
  days: z.array(z.int().min(1).max(7)).min(1).max(7),
})

export const passkey = z.strictObject({
  credentialId: f.base64url.min(1).max(1366),
  publicKey: publicJwk,
  isSoftware: z.boolean(),
})

export const events = {
  'principal.invited': z.strictObject({
    person: f.personId,
    inviteDigest: f.digest,
    expiresAt: f.at,
    roles: z.array(f.role).max(16),
    zone: f.zone.optional(),
    hours: hours.optional(),
  }),
  'principal.enrolled': z.strictObject({ person: f.personId, zone: f.zone.optional(), passkey }),
  'principal.revoked': z.strictObject({ principal: f.principalId }),
  'principal.refused': z.strictObject({ wanted: z.string().max(64) }),
}

export const commands = {
  'invite person': events['principal.invited'].extend({ type: z.literal('invite person') }),
  'enrol person': z.strictObject({
    type: z.literal('enrol person'),
    inviteDigest: f.digest,
    challenge: f.base64url.max(128),
    zone: f.zone.optional(),
    isSoftware: z.boolean(),
  }),
  'revoke principal': z.strictObject({ type: z.literal('revoke principal'), principal: f.personId }),
}

export type PrincipalEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export type Person = {
  readonly id: f.PersonId
  zone: string
  hours: z.infer<typeof hours>
  /** Bindings of roles that this person holds by themselves. */
  readonly bindings: string[]
  /** Names of the groups that this person is in. */
  readonly groups: string[]
  readonly passkeys: string[]
  /** The directory that brought them, and that they leave with. */
  keptBy?: string
  enrolledAt?: number
  revokedAt?: number
  readonly leafIndex: number
  /** Leaves whose disclosures say something personal about this person: name, handle, addresses. */
  readonly disclosedIn: number[]
  /** Those that did not expire when the newest of them was opened. */
  logins: f.LoginId[]
}
export type Passkey = z.infer<typeof passkey> & { readonly person: f.PersonId }
export type Invitation = { readonly person: f.PersonId; readonly expiresAt: number }

const OFFICE_HOURS = { from: 8, to: 18, days: [1, 2, 3, 4, 5] }

export function apply(state: State, event: PrincipalEvent, by: f.PrincipalId, at: number, leafIndex: number): void {
  switch (event.type) {
    case 'principal.invited': {
      const { person: id, inviteDigest, expiresAt, roles, zone = 'UTC', hours: worked = OFFICE_HOURS } = event
      state.people.set(id, {
        id,
        zone,
        hours: worked,
        bindings: [],
        groups: [],
        passkeys: [],
        leafIndex,
        disclosedIn: [leafIndex],
        logins: [],
      })
      state.invitations.set(inviteDigest, { person: id, expiresAt })
      for (const name of roles)
        role.give(state, { role: name, holder: id, scope: 'instance', source: 'invite', by, at, leafIndex })
      return
    }
    case 'principal.enrolled': {
      const person = state.people.get(event.person)
      if (!person) return
      person.enrolledAt = at
      if (event.zone) person.zone = event.zone
      person.disclosedIn.push(leafIndex)
      person.passkeys.push(event.passkey.credentialId)
      state.passkeys.set(event.passkey.credentialId, { ...event.passkey, person: event.person })
      for (const [invite, { person: id }] of state.invitations)
        if (id === event.person) state.invitations.delete(invite)
      return
    }
    case 'principal.revoked':
      return revoke(state, event.principal, at)
    case 'principal.refused':
  }
}

function revoke(state: State, principal: f.PrincipalId, at: number): void {
  const person = state.people.get(principal as f.PersonId)
  if (person) person.revokedAt ??= at
  for (const [invite, { person: id }] of state.invitations) if (id === principal) state.invitations.delete(invite)
  for (const login of person?.logins ?? []) closeLogin(login, state, at)
  for (const [grant, { holder }] of state.lent) if (holder === principal) endGrant(grant, 'revoked', state, at)
  for (const id of state.openReleases.keys()) {
    const release = state.releases.get(id)
    if (release) withdraw(release, principal, state)
  }
}

/** Neither a yes of theirs counts any more, nor that they went without. */
function withdraw(release: Release, principal: string, state: State): void {
  const { broken, ...rest } = release
  const approvals = release.approvals.filter(({ by, onBehalfOf }) => by !== principal && onBehalfOf !== principal)
  if (approvals.length === release.approvals.length && broken?.by !== principal) return
  state.releases.set(release.release, { ...(broken?.by === principal ? rest : release), approvals })
}

export function isActive(person: Person | undefined): person is Person {
  return person !== undefined && person.enrolledAt !== undefined && person.revokedAt === undefined
}

type Invite = z.infer<(typeof commands)['invite person']>

export function invite({ type: _, ...invited }: Invite, { policy, isAllowed }: Answered, state: State): Decision {
  const refuse = (reason: Reason) => refused({ type: 'principal.refused', wanted: 'invite person' }, reason, policy)

  if (state.people.has(invited.person)) return refuse('id_taken')
  if (!isAllowed) return refuse('policy_refused')
  return allowed({ type: 'principal.invited', ...invited }, policy)
}

type Enrol = z.infer<(typeof commands)['enrol person']>
export type EnrolClaims = { readonly credentialId: string; readonly publicKey: PublicJwk }

export function enrol(
  { inviteDigest, zone, isSoftware }: Enrol,
  claims: EnrolClaims,
  state: State,
  at: number,
): Decision {
  const refuse = (reason: Reason) => refused({ type: 'principal.refused', wanted: 'enrol person' }, reason)

  const invitation = state.invitations.get(inviteDigest)
  if (!invitation || invitation.expiresAt <= at) return refuse('no_such_invitation')
  if (state.passkeys.has(claims.credentialId)) return refuse('passkey_taken')
  const enrolled = { ...claims, isSoftware }
  return allowed({ type: 'principal.enrolled', person: invitation.person, ...(zone && { zone }), passkey: enrolled })
}

type Revoke = z.infer<(typeof commands)['revoke principal']>

export function end({ principal }: Revoke, { policy, isAllowed }: Answered, state: State): Decision {
  const refuse = (reason: Reason) => refused({ type: 'principal.refused', wanted: 'revoke principal' }, reason, policy)

  if (!state.people.has(principal)) return refuse('no_such_person')
  if (!isAllowed) return refuse('policy_refused')
  return allowed({ type: 'principal.revoked', principal }, policy)
}
