/** PATCH as directories really send it (RFC 7644, section 3.5.2): with a path or with an object, `Replace` in any case, "False" as text. */

import type { Json } from '../bytes/json.ts'
import * as z from '../bytes/schema.ts'
import { ScimError, wrong } from './scim-message.ts'

const MAX_OPERATIONS = 100
const MAX_MEMBERS = 1_000

const operation = z.looseObject({
  op: z.string().max(16),
  path: z.string().max(512).optional(),
  value: z.json().optional(),
})
const message = z.looseObject({
  schemas: z.array(z.string().max(256)).max(16),
  Operations: z.array(operation).min(1).max(MAX_OPERATIONS),
})

/** One assignment: a lower-case path without its schema, and what it is to be; `undefined` where it is taken away. */
export type Change = {
  readonly op: 'add' | 'replace' | 'remove'
  readonly path: string
  readonly value: Json | undefined
}

export function parsePatch(body: unknown): readonly Change[] | ScimError {
  const parsed = message.safeParse(body)
  if (!parsed.success) return wrong('This is no PatchOp with one to a hundred operations.', 'invalidSyntax')
  if (!parsed.data.schemas.includes('urn:ietf:params:scim:api:messages:2.0:PatchOp'))
    return wrong('The schema of a PATCH is urn:ietf:params:scim:api:messages:2.0:PatchOp.', 'invalidSyntax')
  const changes: Change[] = []
  for (const { op: said, path, value } of parsed.data.Operations) {
    const op = said.toLowerCase()
    if (op !== 'add' && op !== 'replace' && op !== 'remove') return wrong(`${said} is no operation.`, 'invalidSyntax')
    if (path !== undefined) changes.push({ op, path: plain(path), value })
    else if (op === 'remove' || !isObject(value))
      return wrong('An operation without a path needs an object.', 'invalidPath')
    else for (const [name, is] of Object.entries(value)) changes.push({ op, path: plain(name), value: is })
  }
  return changes
}

/** Without the name of the schema that may stand before it. */
function plain(path: string): string {
  return path.replace(/^urn:ietf:params:scim:schemas:core:2\.0:(?:User|Group):/i, '').toLowerCase()
}

export function isObject(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a user is to be, of what is kept here; a field that is absent stays. */
export type UserChange = {
  readonly userName?: string
  readonly externalId?: string
  readonly name?: string
  readonly email?: string
  readonly active?: boolean
}

/** What is not kept here is not an error: directories send all that they have. */
export function readUser(changes: readonly Change[]): UserChange | ScimError {
  const user: { -readonly [name in keyof UserChange]: UserChange[name] } = {}
  const parts: { given?: string; family?: string } = {}
  for (const { op, path, value } of changes) {
    if (path === 'active') {
      const active = booleanOf(value)
      if (op === 'remove' || active === undefined) return wrong('active is true or false.')
      user.active = active
      continue
    }
    if (op === 'remove') continue
    const text = textOf(value)
    if (path === 'username' || path === 'externalid') {
      if (text === undefined) return wrong(`${path} is a text of 1 to 254 characters.`)
      user[path === 'username' ? 'userName' : 'externalId'] = text
    } else if (path === 'displayname' || path === 'name.formatted') user.name = text ?? user.name!
    else if (path === 'name.givenname') parts.given = text ?? ''
    else if (path === 'name.familyname') parts.family = text ?? ''
    else if (path === 'name' && isObject(value)) {
      const named = readUser(
        Object.entries(value).map(([name, is]) => ({ op, path: `name.${name.toLowerCase()}`, value: is })),
      )
      if (named instanceof ScimError) return named
      if (named.name !== undefined) user.name = named.name
    } else if (path === 'emails' || path.startsWith('emails[')) {
      const email = emailOf(value)
      if (email !== undefined) user.email = email
    }
  }
  if (user.name === undefined && parts.given && parts.family) user.name = `${parts.given} ${parts.family}`
  return Object.fromEntries(Object.entries(user).filter(([, is]) => is !== undefined)) as UserChange
}

/** Microsoft Entra ID writes booleans as texts. */
function booleanOf(value: Json | undefined): boolean | undefined {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'string') return undefined
  return { true: true, false: false }[value.toLowerCase()]
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value.length >= 1 && value.length <= 254 && !/\p{Cc}/u.test(value)
    ? value
    : undefined
}

/** The primary one, or the first. */
function emailOf(value: Json | undefined): string | undefined {
  if (!Array.isArray(value)) return z.email().safeParse(textOf(value)).data
  const all = value.filter(isObject)
  const chosen = all.find(({ primary }) => primary === true) ?? all[0]
  return z.email().safeParse(textOf(chosen?.['value'])).data
}

/** Who comes into a group and who goes, or who alone is to be in it. */
export type MemberChange = { readonly kind: 'add' | 'remove' | 'all'; readonly people: readonly string[] }

export function readMembers(changes: readonly Change[]): readonly MemberChange[] | ScimError {
  const read: MemberChange[] = []
  for (const { op, path, value } of changes) {
    const one = /^members\[value eq "([a-z0-9:]{1,80})"\]$/.exec(path)?.[1]
    if (path !== 'members' && one === undefined) continue
    const people = one === undefined ? peopleOf(value) : [one]
    if (people === undefined || people.length > MAX_MEMBERS)
      return wrong(`members are at most ${MAX_MEMBERS} objects with a value.`)
    if (op === 'remove')
      read.push(value === undefined && one === undefined ? { kind: 'all', people: [] } : { kind: 'remove', people })
    else read.push({ kind: op === 'replace' ? 'all' : 'add', people })
  }
  return read
}

function peopleOf(value: Json | undefined): string[] | undefined {
  if (value === undefined || value === null) return []
  const values = [value].flat().map((member) => (isObject(member) ? member['value'] : undefined))
  return values.every((id) => typeof id === 'string' && id.length <= 80) ? (values as string[]) : undefined
}
