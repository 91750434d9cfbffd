import { afterAll, beforeAll, expect, test } from 'vitest'
import { replayLog } from '../../src/control/replay.ts'
import { ORIGIN } from '../world/company.ts'
import { Browser, CLIENT_ID, IdentityProvider } from '../world/identity-provider.ts'
import { Office, type Answer, type Worker } from './office.ts'

const BACK = `${ORIGIN}/signed-in`
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

let office: Office
let provider: IdentityProvider
let ana: Worker
let token: string
beforeAll(async () => {
  office = await Office.open()
  provider = await IdentityProvider.open({ redirectUri: BACK, isPublic: true })
  ana = await office.admin()
  await office.post('/api/v1/idps', { idp: 'acme', issuer: provider.issuer, clientId: CLIENT_ID }, ana.token)
  const made = await office.post('/api/v1/directories', { client: 'acme', idp: 'acme' }, ana.token)
  expect([made.status, made.body.result.baseUrl]).toEqual([201, `${ORIGIN}/scim/v2`])
  expect(JSON.stringify(made.body.leaf)).not.toContain(made.body.result.token)
  token = made.body.result.token
})
afterAll(async () => {
  await office[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
})

async function scim(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  more: Record<string, string> = {},
) {
  const { statusCode, payload, headers } = await office.app.inject({
    ...{ method, url: `/scim/v2${path}` },
    headers: {
      host: new URL(ORIGIN).host,
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/scim+json' }),
      ...more,
    },
    ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: statusCode, headers, body: payload === '' ? undefined : JSON.parse(payload) }
}

const user = (userName: string, more: object = {}) => ({
  schemas: [USER],
  userName,
  externalId: `00u-${userName.split('@')[0]}`,
  name: { givenName: 'Mara', familyName: 'Obi' },
  emails: [{ value: userName, primary: true, type: 'work' }],
  active: true,
  title: 'Engineer',
  ...more,
})
const patch = (...Operations: object[]) => ({ schemas: [PATCH], Operations })

async function signIn(account: string): Promise<Answer> {
  const begun = await office.post('/api/v1/logins/idp', { idp: 'acme' })
  const cookie = String(begun.headers['set-cookie']).split(';')[0]!
  const back = Object.fromEntries((await new Browser().signIn(begun.body.redirect, BACK, account)).searchParams)
  return office.post('/api/v1/logins', { method: 'idp', ...back }, undefined, { cookie, origin: ORIGIN })
}

async function current(login: Answer): Promise<number> {
  const line = [login.headers['set-cookie']]
    .flat()
    .map(String)
    .find((one) => one.startsWith('countersign_login='))!
  return (await office.ask('GET', '/api/v1/logins/current', { headers: { cookie: line.split(';')[0]! } })).status
}

test('whoever the directory brings signs in at the provider, holds what their groups hold, and is out at once when they leave', async () => {
  const made = await scim('POST', '/Users', user('mara@acme.example'))
  expect(made.status).toBe(201)
  expect(made.body).toMatchObject({
    userName: 'mara@acme.example',
    active: true,
    displayName: 'Mara Obi',
    meta: { resourceType: 'User' },
  })
  const { id } = made.body
  const login = await signIn('00u-mara')
  expect([login.status, login.body.result.who.id]).toEqual([201, id])

  const group = await scim('POST', '/Groups', { displayName: 'Release Team', members: [{ value: id }] })
  expect([group.status, group.body.id, group.body.members.length]).toEqual([201, 'Release-Team', 1])
  const bound = await office.post('/api/v1/groups/Release-Team/roles', { role: 'auditor' }, ana.token)
  expect(bound.status).toBe(201)
  const { body: people } = await office.get('/api/v1/people', ana.token)
  expect(people.people.find(({ who }: { who: { id: string } }) => who.id === id)).toMatchObject({
    roles: ['auditor'],
    groups: ['Release-Team'],
  })

  // As Okta says it; as Entra ID says it is tried below.
  const gone = await scim('PATCH', `/Users/${id}`, patch({ op: 'replace', value: { active: false } }))
  expect([gone.status, gone.body.active]).toEqual([200, false])
  expect(await current(login)).toBe(401)
  expect((await signIn('00u-mara')).body.code).toBe('login_revoked')
  expect(
    (await scim('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'active', value: true }))).body,
  ).toMatchObject({ status: '400', scimType: 'mutability' })
  expect((await scim('DELETE', `/Users/${id}`)).status).toBe(204)
  expect((await scim('GET', `/Users/${id}`)).status).toBe(404)
  expect((await scim('POST', '/Users', user('mara@acme.example'))).status).toBe(201)
  expect((await signIn('00u-mara')).status).toBe(201)
})

test('nothing that a directory says of a person stands in a leaf', async () => {
  await scim('POST', '/Users', user('secret.agent@acme.example'))
  const { ledger } = office.port
  let seen = 0
  for await (const { leaf } of ledger.log.leaves(0, ledger.log.size)) {
    const text = Buffer.from(leaf).toString('utf8')
    if (text.includes('scim.provisioned')) seen += 1
    expect(text).not.toMatch(/secret\.agent|00u-|Mara Obi|acme\.example"/)
  }
  expect(seen).toBeGreaterThan(0)
})

test('Entra ID’s way of saying it: Replace, paths with filters, booleans as texts, and one name for each request', async () => {
  const { body: made } = await scim('POST', '/Users', user('ivo@acme.example'))
  const path = `/Users/${made.id}`
  const changed = await scim(
    'PATCH',
    path,
    patch(
      { op: 'Replace', path: 'displayName', value: 'Ivo Nowak' },
      { op: 'Add', path: 'emails[type eq "work"].value', value: 'ivo.nowak@acme.example' },
      { op: 'Replace', path: `${USER}:userName`, value: 'ivo.nowak@acme.example' },
      { op: 'Add', path: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department', value: 'Tools' },
    ),
  )
  expect(changed.body).toMatchObject({ userName: 'ivo.nowak@acme.example', displayName: 'Ivo Nowak' })
  expect(changed.body.emails.map(({ value }: { value: string }) => value)).toContain('ivo.nowak@acme.example')
  const before = office.size
  expect((await scim('PATCH', path, patch({ op: 'Replace', path: 'displayName', value: 'Ivo Nowak' }))).status).toBe(
    200,
  )
  expect(office.size).toBe(before)
  expect((await scim('PATCH', path, patch({ op: 'Replace', path: 'active', value: 'False' }))).body.active).toBe(false)
})

test('members come and go as groups are patched: added, removed by filter or list, replaced, all', async () => {
  const ids: string[] = []
  for (const name of ['one', 'two', 'three'])
    ids.push((await scim('POST', '/Users', user(`${name}@acme.example`))).body.id)
  const members = (...some: (string | undefined)[]) => some.map((value) => ({ value }))
  const now = async (...operations: object[]) => {
    const { body, status } = await scim('PATCH', '/Groups/crew', patch(...operations))
    return status === 200 ? body.members.map(({ value }: { value: string }) => ids.indexOf(value)).sort() : body.status
  }
  expect((await scim('POST', '/Groups', { displayName: 'crew' })).status).toBe(201)
  expect(await now({ op: 'Add', path: 'members', value: members(ids[0], ids[1]) })).toEqual([0, 1])
  expect(await now({ op: 'remove', path: `members[value eq "${ids[0]}"]` })).toEqual([1])
  expect(await now({ op: 'Remove', path: 'members', value: members(ids[1]) })).toEqual([])
  expect(await now({ op: 'add', value: { members: members(ids[2]) } })).toEqual([2])
  expect(await now({ op: 'replace', path: 'members', value: members(ids[0], ids[0]) })).toEqual([0])
  expect(await now({ op: 'add', path: 'members', value: members(ana.id) })).toBe('400')
  expect(await now({ op: 'remove', path: 'members' })).toEqual([])
  expect(await now({ op: 'replace', path: 'displayName', value: 'other' })).toBe('400')
  const put = await scim('PUT', '/Groups/crew', { displayName: 'crew', members: members(ids[1]) })
  expect(put.body.members).toHaveLength(1)
  expect((await scim('GET', '/Groups?filter=displayName%20eq%20%22crew%22')).body.totalResults).toBe(1)
  expect((await scim('DELETE', '/Groups/crew')).status).toBe(204)
  expect((await scim('GET', '/Groups/crew')).status).toBe(404)
})

test('lists are found by filter, without regard to case where RFC 7643 says so, and come in pages', async () => {
  await scim('POST', '/Users', user('page.a@acme.example'))
  await scim('POST', '/Users', user('page.b@acme.example'))
  const find = async (filter: string) => (await scim('GET', `/Users?filter=${encodeURIComponent(filter)}`)).body
  expect((await find('userName eq "PAGE.A@acme.example"')).totalResults).toBe(1)
  expect((await find('externalId eq "00u-page.b"')).Resources[0].userName).toBe('page.b@acme.example')
  expect((await find('externalId eq "00U-page.b"')).totalResults).toBe(0)
  expect((await find('userName eq "nobody"')).Resources).toEqual([])
  for (const filter of [
    'userName co "a"',
    'userName eq a',
    'title eq "x"',
    'userName eq "a" or id eq "b"',
    'userName eq "\\x"',
  ])
    expect((await find(filter)).scimType).toBe('invalidFilter')
  const whole = (await scim('GET', '/Users')).body
  const page = (await scim('GET', '/Users?startIndex=2&count=1')).body
  expect([page.itemsPerPage, page.startIndex, page.totalResults]).toEqual([1, 2, whole.totalResults])
  expect(page.Resources[0].id).toBe(whole.Resources[1].id)
  expect((await scim('GET', '/Users?startIndex=-3&count=-1')).body).toMatchObject({ startIndex: 1, itemsPerPage: 0 })
})

test('a resource has a version: nothing is sent that is known, and nothing overwritten that is not', async () => {
  const { body: made, headers } = await scim('POST', '/Users', user('versioned@acme.example'))
  const path = `/Users/${made.id}`
  const etag = String(headers['etag'])
  expect(made.meta.version).toBe(etag)
  expect((await scim('GET', path, undefined, { 'if-none-match': etag })).status).toBe(304)
  const rename = patch({ op: 'replace', path: 'displayName', value: 'Another' })
  expect((await scim('PATCH', path, rename, { 'if-match': 'W/"old"' })).status).toBe(412)
  expect((await scim('PATCH', path, rename, { 'if-match': etag })).status).toBe(200)
  expect(
    (await scim('PATCH', path, patch({ op: 'replace', path: 'displayName', value: 'C' }), { 'if-match': etag })).status,
  ).toBe(412)
})

test.each([
  ['no object', '[]', 'application/scim+json', 400],
  ['no JSON', '{', 'application/scim+json', 400],
  ['a member twice', '{"userName":"a","userName":"b"}', 'application/scim+json', 400],
  ['no userName', { displayName: 'x' }, 'application/json', 400],
  ['a userName that is a list', { userName: ['x'] }, 'application/json', 400],
  ['a userName with a line break', { userName: 'x\ny' }, 'application/json', 400],
  ['active as a number', { userName: 'x', active: 1 }, 'application/json', 400],
  ['another type', 'userName=x', 'application/x-www-form-urlencoded', 415],
  ['too much', { userName: 'x', title: 'x'.repeat(300_000) }, 'application/json', 413],
])('a user with %s is refused, and nobody comes', async (_, body, type, status) => {
  const before = office.size
  expect((await scim('POST', '/Users', body, { 'content-type': type })).status).toBe(status)
  expect(office.size).toBe(before)
})

test('a directory sees and ends nobody but those that it brought, and gives itself no handle of another', async () => {
  expect((await scim('GET', `/Users/${ana.id}`)).status).toBe(404)
  expect((await scim('DELETE', `/Users/${ana.id}`)).status).toBe(404)
  expect((await scim('PATCH', `/Users/${ana.id}`, patch({ op: 'replace', path: 'active', value: false }))).status).toBe(
    404,
  )
  const { body: like } = await scim('POST', '/Users', user('ana@acme.example', { externalId: 'x-1' }))
  expect(
    (await office.get('/api/v1/people', ana.token)).body.people.find(({ who }: any) => who.id === like.id).who.name,
  ).not.toBe('Ana Adler')
  expect((await scim('POST', '/Users', user('ANA@acme.example', { externalId: 'x-2' }))).body.scimType).toBe(
    'uniqueness',
  )
  const other = (await office.post('/api/v1/directories', { client: 'other' }, ana.token)).body.result.token
  expect((await scim('GET', `/Users/${like.id}`, undefined, { authorization: `Bearer ${other}` })).status).toBe(404)
  expect((await scim('GET', '/Users', undefined, { authorization: `Bearer ${other}` })).body.totalResults).toBe(0)
})

test('only a credential that still counts is a directory', async () => {
  for (const authorization of [
    '',
    'Bearer scim_',
    `Bearer ${'scim_'.padEnd(48, 'A')}`,
    `Bearer ${ana.token}`,
    `Basic ${token}`,
  ])
    expect((await scim('GET', '/Users', undefined, { authorization })).status).toBe(401)
  expect((await office.get('/api/v1/people', token)).status).toBe(401)
  expect((await scim('GET', '/ServiceProviderConfig')).body.patch.supported).toBe(true)
  expect((await scim('GET', '/ResourceTypes')).body.totalResults).toBe(2)
  expect((await scim('GET', '/Schemas')).body.totalResults).toBe(2)
  await office.ask('DELETE', '/api/v1/directories/acme', { as: ana.token })
  expect((await scim('GET', '/Users')).status).toBe(401)
})

test('whoever has the log and the evidence decides all of it again, and the same', async () => {
  const { different, same, leaves } = await replayLog({ path: office.company.directory })
  expect(different).toEqual([])
  expect(same).toBe(leaves)
})
