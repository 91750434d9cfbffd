/** People as a directory sees them: those that it brought, and no others. Whoever it sets inactive is out with their next request. */

import type { Json } from '../bytes/json.ts'
import { freshId } from '../control/fresh.ts'
import type { Directory } from '../control/directory.ts'
import type { PersonalData } from '../control/seal.ts'
import { nameAt } from '../domain/idp.ts'
import type { Person } from '../domain/principal.ts'
import type { ReadonlyState } from '../domain/state.ts'
import { isObject, parsePatch, readUser, type UserChange } from './scim-patch.ts'
import { listOf, parseFilter, ScimError, wrong, type Filter, type Resource } from './scim-message.ts'
import { USER } from './scim-schema.ts'
import { tell, type Route, type Said, type Session } from './scim-session.ts'

export function scimUsers(route: Route): void {
  route('GET', '/Users', list)
  route('POST', '/Users', create)
  route('GET', '/Users/:id', (session) => shown(200, session), find)
  route('PUT', '/Users/:id', (session) => change(session, userOf(session.body)), find)
  route('PATCH', '/Users/:id', (session) => change(session, patchOf(session.body)), find)
  route('DELETE', '/Users/:id', remove, find)
}

function mine({ client, port }: Session): Person[] {
  return [...port.ledger.state.people.values()].filter(({ keptBy }) => keptBy === client.client)
}

function personOf(session: Session): Person | ScimError {
  const person = session.port.ledger.state.people.get(session.id)
  if (person?.keptBy === session.client.client) return person
  return new ScimError(404, 'This directory brought no such user.')
}

function find(session: Session): Resource | ScimError {
  const person = personOf(session)
  return person instanceof ScimError ? person : describe(person, session)
}

function describe({ id, revokedAt, groups }: Person, { port, base }: Session): Resource {
  const { userName, externalId, name, emails } = port.ledger.directory.person(id) ?? {}
  return {
    ...{ schemas: [USER], id, active: revokedAt === undefined },
    ...(userName !== undefined && { userName }),
    ...(externalId !== undefined && { externalId }),
    ...(name !== undefined && { displayName: name, name: { formatted: name } }),
    emails: [...(emails ?? [])].map((value, index) => ({ value, primary: index === 0 })),
    groups: groups.map((value) => ({ value, display: value })),
    meta: { resourceType: 'User', location: `${base}/Users/${id}` },
  }
}

function shown(status: number, session: Session): Said | ScimError {
  const resource = find(session)
  return resource instanceof ScimError ? resource : { status, resource }
}

function list(session: Session): Said | ScimError {
  const filter = parseFilter(session.query.filter)
  if (filter instanceof ScimError) return filter
  const fitting = filter ? fits(filter, session) : () => true
  if (fitting instanceof ScimError) return fitting
  const found = mine(session).filter(fitting)
  return {
    status: 200,
    body: listOf(
      found.map((person) => describe(person, session)),
      session.query,
    ),
  }
}

function fits({ attribute, value }: Filter, { port }: Session): ((person: Person) => boolean) | ScimError {
  const same = (text: string | undefined) => text !== undefined && fold(text) === fold(value)
  const entry = (id: string) => port.ledger.directory.person(id)
  if (attribute === 'username') return ({ id }) => same(entry(id)?.userName)
  if (attribute === 'externalid') return ({ id }) => entry(id)?.externalId === value
  if (attribute === 'id') return ({ id }) => id === value
  if (attribute === 'emails.value' || attribute === 'emails')
    return ({ id }) => entry(id)?.emails.has(fold(value)) === true
  return wrong('Users are found by userName, externalId, id or emails.value.', 'invalidFilter')
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}

function userOf(body: unknown): UserChange | ScimError {
  if (!isObject(body as Json)) return wrong('A user is a JSON object.', 'invalidSyntax')
  const fields = Object.entries(body as { readonly [name: string]: Json })
  const read = readUser(fields.map(([name, value]) => ({ op: 'replace', path: name.toLowerCase(), value })))
  if (read instanceof ScimError || read.userName !== undefined) return read
  return wrong('A user has a userName.')
}

function patchOf(body: unknown): UserChange | ScimError {
  const changes = parsePatch(body)
  return changes instanceof ScimError ? changes : readUser(changes)
}

async function create(session: Session): Promise<Said | ScimError> {
  const user = userOf(session.body)
  if (user instanceof ScimError) return user
  if (isTaken(user.userName!, undefined, session))
    return new ScimError(409, 'There is a user of this userName.', 'uniqueness')
  const { client, port } = session
  const person = freshId('person') as Person['id']
  const handle = freeHandle(user.userName!, port.ledger.directory, port.ledger.state)
  const personal = { ...personalOf(user), handle, name: user.name ?? user.userName! }
  const given = (directory: Directory) => ({ isHandleTaken: holds(handle, directory, port.ledger.state) })
  const failed = await tell({ type: 'provision person', person, client: client.client }, session, { personal, given })
  if (failed) return failed
  const own = { ...session, id: person }
  return (await link(user, own)) ?? (await deactivate(user, own)) ?? shown(201, own)
}

function personalOf({ userName, externalId, name, email }: UserChange): PersonalData {
  return { userName, externalId, name, email }
}

/** Userames are compared without case, among those that this directory brought. */
function isTaken(userName: string, but: string | undefined, session: Session): boolean {
  const { directory } = session.port.ledger
  return mine(session).some(({ id }) => id !== but && fold(directory.person(id)?.userName ?? '') === fold(userName))
}

/** Whether somebody who is still here goes by it. */
function holds(handle: string, directory: Directory, { people }: ReadonlyState): boolean {
  const holder = people.get(directory.find(handle) ?? '')
  return holder !== undefined && holder.revokedAt === undefined
}

/** The name before the @, as handles are written; with a number where somebody has it. */
function freeHandle(userName: string, directory: Directory, state: ReadonlyState): string {
  const [local = ''] = userName.normalize('NFKD').toLowerCase().split('@')
  const plain =
    local
      .replaceAll(/[^a-z0-9._-]+/g, '')
      .replace(/^[._-]+/, '')
      .slice(0, 48) || 'person'
  const free = (handle: string) => !holds(handle, directory, state)
  return (
    [plain, ...Array.from({ length: 98 }, (_, index) => `${plain}-${index + 2}`)].find(free) ??
    freshId('person').slice(7)
  )
}

/** Where its people sign in at a provider, they are known there by what the directory calls them. */
async function link({ externalId }: UserChange, session: Session): Promise<ScimError | undefined> {
  const { client, port, id } = session
  const idp = port.ledger.state.idps.get(client.issuer ?? '')
  if (!idp || externalId === undefined) return undefined
  if (!/^[\x20-\x7e]{1,255}$/.test(externalId)) return wrong('externalId is visible ASCII: people sign in by it.')
  const subject = nameAt(idp, 'subject', externalId)
  if (port.ledger.state.identities.get(subject)?.person === id) return undefined
  return tell({ type: 'link identity', person: id as Person['id'], issuer: idp.issuer, subject }, session)
}

async function deactivate({ active }: UserChange, session: Session): Promise<ScimError | undefined> {
  const principal = session.id as Person['id']
  if (active !== false || session.port.ledger.state.people.get(principal)?.revokedAt !== undefined) return undefined
  return tell({ type: 'revoke principal', principal }, session)
}

async function change(session: Session, user: UserChange | ScimError): Promise<Said | ScimError> {
  const person = personOf(session)
  if (user instanceof ScimError) return user
  if (person instanceof ScimError) return person
  // Leaving comes first, whatever else is wrong with the rest.
  const left = await deactivate(user, session)
  if (left) return left
  const { revokedAt } = session.port.ledger.state.people.get(person.id)!
  if (revokedAt !== undefined && user.active === true)
    return wrong('Whoever left stays out; delete this user and create them anew.', 'mutability')
  if (user.userName !== undefined && isTaken(user.userName, person.id, session))
    return new ScimError(409, 'There is a user of this userName.', 'uniqueness')
  const failed =
    (await say(user, person.id, session)) ?? (revokedAt === undefined ? await link(user, session) : undefined)
  return failed ?? shown(200, session)
}

/** A leaf where something is new, and none where nothing is. */
async function say(user: UserChange, person: Person['id'], session: Session): Promise<ScimError | undefined> {
  const { client, port } = session
  const known = port.ledger.directory.person(person)
  const isNew = {
    ...(user.userName !== undefined && user.userName !== known?.userName && { userName: user.userName }),
    ...(user.externalId !== undefined && user.externalId !== known?.externalId && { externalId: user.externalId }),
    ...(user.name !== undefined && user.name !== known?.name && { name: user.name }),
    ...(user.email !== undefined && !known?.emails.has(fold(user.email)) && { email: user.email }),
  }
  if (Object.keys(isNew).length === 0) return undefined
  return tell({ type: 'describe person', person, client: client.client }, session, { personal: isNew })
}

async function remove(session: Session): Promise<Said | ScimError> {
  const left = await deactivate({ active: false }, session)
  if (left) return left
  const command = { type: 'release person', person: session.id as Person['id'], client: session.client.client } as const
  return (await tell(command, session)) ?? { status: 204 }
}
