/** Groups that directories keep: each coming and going of a member is a leaf. */

import type { Json } from '../bytes/json.ts'
import * as f from '../domain/field.ts'
import type { Group } from '../domain/group.ts'
import { isObject, parsePatch, readMembers, type MemberChange } from './scim-patch.ts'
import { listOf, parseFilter, ScimError, wrong, type Resource } from './scim-message.ts'
import { GROUP } from './scim-schema.ts'
import { tell, type Route, type Said, type Session } from './scim-session.ts'

export function scimGroups(route: Route): void {
  route('GET', '/Groups', list)
  route('POST', '/Groups', create)
  route('GET', '/Groups/:id', (session) => shown(200, session), find)
  route('PUT', '/Groups/:id', put, find)
  route('PATCH', '/Groups/:id', patch, find)
  route('DELETE', '/Groups/:id', remove, find)
}

/** Names here are ASCII, so that no two look alike: what a directory writes between letters and digits becomes a hyphen. */
function nameOf(displayName: string): string | undefined {
  const plain = displayName
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '')
  return f.name.safeParse(plain).data
}

function groupOf({ port, id }: Session): Group | ScimError {
  const group = port.ledger.state.groups.get(id)
  return group?.source === 'scim' ? group : new ScimError(404, 'No directory keeps such a group.')
}

function find(session: Session): Resource | ScimError {
  const group = groupOf(session)
  return group instanceof ScimError ? group : describe(group, session)
}

function describe({ group, members }: Group, { base }: Session): Resource {
  return {
    ...{ schemas: [GROUP], id: group, displayName: group },
    members: [...members.keys()].map((value) => ({ value, $ref: `${base}/Users/${value}` })),
    meta: { resourceType: 'Group', location: `${base}/Groups/${group}` },
  }
}

function shown(status: number, session: Session): Said | ScimError {
  const resource = find(session)
  return resource instanceof ScimError ? resource : { status, resource }
}

function list(session: Session): Said | ScimError {
  const filter = parseFilter(session.query.filter)
  if (filter instanceof ScimError) return filter
  if (filter && filter.attribute !== 'displayname' && filter.attribute !== 'id')
    return wrong('Groups are found by displayName or id.', 'invalidFilter')
  const name = filter?.attribute === 'displayname' ? nameOf(filter.value) : filter?.value
  const kept = [...session.port.ledger.state.groups.values()].filter(({ source }) => source === 'scim')
  const found = filter ? kept.filter(({ group }) => group === name) : kept
  return {
    status: 200,
    body: listOf(
      found.map((group) => describe(group, session)),
      session.query,
    ),
  }
}

type Wanted = { readonly name: string; readonly members: MemberChange | undefined }

function parseGroup(body: unknown): Wanted | ScimError {
  if (!isObject(body as Json)) return wrong('A group is a JSON object.', 'invalidSyntax')
  const { displayName, members } = body as { readonly [name: string]: Json | undefined }
  const name = typeof displayName === 'string' ? nameOf(displayName) : undefined
  if (name === undefined) return wrong('A group has a displayName with letters or digits.')
  const read = members === undefined ? [] : readMembers([{ op: 'replace', path: 'members', value: members }])
  return read instanceof ScimError ? read : { name, members: read[0] }
}

async function create(session: Session): Promise<Said | ScimError> {
  const wanted = parseGroup(session.body)
  if (wanted instanceof ScimError) return wanted
  const { name, members } = wanted
  const failed = await tell({ type: 'define group', group: name }, session)
  if (failed) return failed
  const own = { ...session, id: name }
  return (await follow(members ? [members] : [], own)) ?? shown(201, own)
}

async function put(session: Session): Promise<Said | ScimError> {
  const wanted = parseGroup(session.body)
  if (wanted instanceof ScimError) return wanted
  if (wanted.name !== session.id) return wrong('A group keeps its name: roles are bound to it.', 'mutability')
  const all = wanted.members ?? { kind: 'all', people: [] }
  return (await follow([all], session)) ?? shown(200, session)
}

async function patch(session: Session): Promise<Said | ScimError> {
  const changes = parsePatch(session.body)
  if (changes instanceof ScimError) return changes
  const renamed = changes.find(
    ({ path, value }) => path === 'displayname' && (typeof value !== 'string' || nameOf(value) !== session.id),
  )
  if (renamed) return wrong('A group keeps its name: roles are bound to it.', 'mutability')
  const members = readMembers(changes)
  if (members instanceof ScimError) return members
  return (await follow(members, session)) ?? shown(200, session)
}

/** Whoever goes, goes before anybody comes: what fails on the way leaves nobody with more than they should have. */
async function follow(changes: readonly MemberChange[], session: Session): Promise<ScimError | undefined> {
  const { port, client, id: group } = session
  for (const { kind, people } of changes) {
    const present = [...(port.ledger.state.groups.get(group)?.members.keys() ?? [])]
    const going = kind === 'all' ? present.filter((id) => !people.includes(id)) : kind === 'remove' ? people : []
    const coming = kind === 'remove' ? [] : people.filter((id) => !present.includes(id))
    const stranger = coming.find((id) => port.ledger.state.people.get(id)?.keptBy !== client.client)
    if (stranger !== undefined) return wrong('A member is no user that this directory brought.')
    for (const id of going.filter((one) => present.includes(one))) {
      const failed = await tell({ type: 'remove member', group, person: id as f.PersonId }, session)
      if (failed) return failed
    }
    for (const id of new Set(coming)) {
      const failed = await tell({ type: 'add member', group, person: id as f.PersonId }, session)
      if (failed) return failed
    }
  }
  return undefined
}

async function remove(session: Session): Promise<Said | ScimError> {
  return (await tell({ type: 'remove group', group: session.id }, session)) ?? { status: 204 }
}
