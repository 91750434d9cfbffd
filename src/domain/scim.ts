/** The directories (SCIM 2.0) that keep people and groups up to date here, and the people they brought. */

import * as z from '../bytes/schema.ts'
import { allowed, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { Person } from './principal.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import type { State } from './state.ts'

const kept = { person: f.personId, client: f.role }

export const events = {
  'scim.trusted': z.strictObject({
    client: f.role,
    bearerDigest: f.digest,
    expiresAt: f.at,
    /** Where its people sign in: by what it calls their external id. */
    issuer: f.url.optional(),
  }),
  'scim.removed': z.strictObject({ client: f.role }),
  'scim.provisioned': z.strictObject(kept),
  /** What the directory says of a person changed; what it says, the disclosures say. */
  'scim.described': z.strictObject(kept),
  /** The directory says no more of a person, who left before. */
  'scim.released': z.strictObject(kept),
  'scim.refused': z.strictObject({ client: f.role, person: f.personId.optional(), wanted: z.string().max(64) }),
}

export const commands = {
  'trust scim client': events['scim.trusted'].extend({ type: z.literal('trust scim client') }),
  'remove scim client': z.strictObject({ type: z.literal('remove scim client'), client: f.role }),
  'provision person': z.strictObject({ type: z.literal('provision person'), ...kept }),
  'describe person': z.strictObject({ type: z.literal('describe person'), ...kept }),
  'release person': z.strictObject({ type: z.literal('release person'), ...kept }),
}

export type ScimEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export type Client = z.infer<(typeof events)['scim.trusted']> & { readonly leafIndex: number }

const MAX_CLIENTS = 100

export function apply(state: State, event: ScimEvent, leafIndex: number): void {
  switch (event.type) {
    case 'scim.trusted': {
      const { type: _, ...client } = event
      state.scimClients.set(event.client, { ...client, leafIndex })
      return
    }
    case 'scim.removed':
      state.scimClients.delete(event.client)
      return
    case 'scim.provisioned':
      state.people.set(event.person, newcomer(event.person, event.client, leafIndex))
      return
    case 'scim.described':
      state.people.get(event.person)?.disclosedIn.push(leafIndex)
      return
    case 'scim.released': {
      const person = state.people.get(event.person)
      if (person) delete person.keptBy
      for (const [subject, is] of state.identities) if (is.person === event.person) state.identities.delete(subject)
      return
    }
    case 'scim.refused':
  }
}

/** With no role, no passkey and no way in yet. */
function newcomer(id: f.PersonId, client: string, leafIndex: number): Person {
  const worked = { from: 8, to: 18, days: [1, 2, 3, 4, 5] }
  const nothing = { bindings: [], groups: [], passkeys: [], logins: [] }
  return { id, zone: 'UTC', hours: worked, ...nothing, leafIndex, disclosedIn: [leafIndex], keptBy: client }
}

/** How the log names it. */
export function callerOf(client: string): f.PrincipalId {
  return `system:scim/${client}`
}

/** Why this caller keeps nothing, or not this person. */
export function judge(
  by: f.PrincipalId,
  client: string,
  state: State,
  at: number,
  person?: string,
): Reason | undefined {
  const known = state.scimClients.get(client)
  if (by !== callerOf(client) || !known || known.expiresAt <= at) return 'scim_client_unknown'
  if (person !== undefined && state.people.get(person)?.keptBy !== client) return 'no_such_person'
  return undefined
}

type Trust = z.infer<(typeof commands)['trust scim client']>

export function trust(
  { type: _, ...asked }: Trust,
  { policy, isAllowed }: Answered,
  state: State,
  at: number,
): Decision {
  const refuse = (reason: Reason) =>
    refused({ type: 'scim.refused', client: asked.client, wanted: 'trust scim client' }, reason, policy)

  if (asked.expiresAt <= at) return refuse('no_such_time')
  if (asked.issuer !== undefined && !state.idps.has(asked.issuer)) return refuse('no_such_idp')
  if (state.scimClients.size >= MAX_CLIENTS && !state.scimClients.has(asked.client))
    return refuse('too_many_scim_clients')
  if (!isAllowed) return refuse('policy_refused')
  return allowed({ type: 'scim.trusted', ...asked }, policy)
}

type Remove = z.infer<(typeof commands)['remove scim client']>

export function remove({ client }: Remove, { policy, isAllowed }: Answered, state: State): Decision {
  const refuse = (reason: Reason) =>
    refused({ type: 'scim.refused', client, wanted: 'remove scim client' }, reason, policy)

  if (!isAllowed) return refuse('policy_refused')
  if (!state.scimClients.has(client)) return refuse('scim_client_unknown')
  return allowed({ type: 'scim.removed', client }, policy)
}

type Kept = z.infer<(typeof commands)['provision person' | 'describe person']>

export function provision(
  { person, client }: Kept,
  by: f.PrincipalId,
  isTaken: boolean,
  state: State,
  at: number,
): Decision {
  const refuse = (reason: Reason) =>
    refused({ type: 'scim.refused', client, person, wanted: 'provision person' }, reason)

  const unknown = judge(by, client, state, at)
  if (unknown) return refuse(unknown)
  if (state.people.has(person)) return refuse('id_taken')
  if (isTaken) return refuse('handle_taken')
  return allowed({ type: 'scim.provisioned', person, client })
}

export function describe(
  { person, client }: Kept,
  by: f.PrincipalId,
  isTaken: boolean,
  state: State,
  at: number,
): Decision {
  const refuse = (reason: Reason) =>
    refused({ type: 'scim.refused', client, person, wanted: 'describe person' }, reason)

  const unknown = judge(by, client, state, at, person)
  if (unknown) return refuse(unknown)
  if (isTaken) return refuse('handle_taken')
  return allowed({ type: 'scim.described', person, client })
}

type Release = z.infer<(typeof commands)['release person']>

export function release({ person, client }: Release, by: f.PrincipalId, state: State, at: number): Decision {
  const refuse = (reason: Reason) => refused({ type: 'scim.refused', client, person, wanted: 'release person' }, reason)

  const unknown = judge(by, client, state, at, person)
  if (unknown) return refuse(unknown)
  if (state.people.get(person)?.revokedAt === undefined) return refuse('person_active')
  return allowed({ type: 'scim.released', person, client })
}
