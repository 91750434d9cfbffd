/** Other people's browsers, cookies, names and keys: what they are used for here, and what comes of it. */

import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { base64url } from '../../src/bytes/text.ts'
import { proveRequest } from '../../src/credential/dpop.ts'
import { assert } from '../../src/credential/software-passkey.ts'
import { LOGIN_COOKIE } from '../../src/http/cookie.ts'
import { doorToken, Office, type Worker } from '../http/office.ts'
import { ENVIRONMENT, registration, requestRelease, setUp, SSH_TARGET, type Story } from '../http/story.ts'
import { ISSUER, ORIGIN } from '../world/company.ts'
import { digestOfState, expectUnmoved } from './unmoved.ts'

let office: Office
let story: Story
let ana: Worker
beforeAll(async () => {
  office = await Office.open()
  story = await setUp(office)
  ana = story.ana
})
afterAll(async () => office[Symbol.asyncDispose]())

const role = { role: 'developer' }

describe('a page of another site makes a browser ask', () => {
  const headers = (origin: string | undefined) => ({
    cookie: `${LOGIN_COOKIE}=${ana.token}`,
    ...(origin !== undefined && { origin }),
  })
  test.each<[string, string | undefined]>([
    ['which says nothing of where it is', undefined],
    ['of another origin', 'https://evil.example'],
    ['in a sandbox', 'null'],
    ['on another port', 'http://localhost:7444'],
    ['with our name in front', `${ORIGIN}.evil.example`],
    ['with our name behind', `https://evil.example/${ORIGIN}`],
    ['with another scheme', ORIGIN.replace('http:', 'https:')],
    ['with a user', ORIGIN.replace('//', '//evil@')],
    ['in capitals', ORIGIN.toUpperCase()],
  ])('%s', async (_, origin) => {
    const url = `/api/v1/people/${story.ben.id}/roles`
    const attack = () => office.ask('POST', url, { body: role, headers: headers(origin) })
    await expectUnmoved(office, attack, { status: 403, code: 'cross_site' })
  })

  test('with a form, which needs nobody’s leave to be sent', async () => {
    const form = { ...headers(ORIGIN), 'content-type': 'text/plain' }
    const attack = () => office.ask('POST', '/api/v1/people', { body: '{"a":"="}', headers: form })
    await expectUnmoved(office, attack, { status: 415, code: 'unsupported_media_type' })
  })

  test('from a page of ours it is as if the person asked', async () => {
    const body = { role: 'auditor' }
    const answer = await office.ask('POST', `/api/v1/people/${story.ben.id}/roles`, { body, headers: headers(ORIGIN) })
    expect(answer.status).toBe(201)
  })
})

describe('a login that somebody else has prepared', () => {
  test('is not taken over by whoever signs in: theirs is a new one, and the old one is not theirs', async () => {
    const planted = `cs_${'A'.repeat(43)}`
    const { assertion, passkey } = await office.assertFresh(story.ben.passkey)
    story.ben.passkey = passkey
    const headers = { cookie: `${LOGIN_COOKIE}=${planted}`, origin: ORIGIN }
    const answer = await office.ask('POST', '/api/v1/logins', { body: { method: 'passkey', assertion }, headers })
    expect(answer.status).toBe(201)
    expect(answer.text).not.toContain(planted)
    expect((await office.get('/api/v1/logins/current', planted)).status).toBe(401)
  })

  test('is nobody’s before it was opened', async () => {
    const planted = `cs_${'B'.repeat(43)}`
    await expectUnmoved(office, () => office.post('/api/v1/people', {}, planted), {
      status: 401,
      code: 'sign_in_needed',
    })
  })

  test.each(['', 'cs_', `cs_${'A'.repeat(44)}`, `cs_${'é'.repeat(43)}`, 'Basic YTpi', 'undefined'])(
    'a token %j is none',
    async (token) => {
      const authorization = token.includes(' ') ? token : `Bearer ${encodeURI(token)}`
      const attack = () => office.ask('POST', '/api/v1/people', { body: {}, headers: { authorization } })
      await expectUnmoved(office, attack, { status: 401, code: 'sign_in_needed' })
    },
  )

  test('a token in the address is none', async () => {
    const url = `/api/v1/people?access_token=${ana.token}`
    await expectUnmoved(office, () => office.post(url, {}), { status: 401, code: 'sign_in_needed' })
  })
})

describe('a passkey’s word', () => {
  const login = (assertion: object) => office.post('/api/v1/logins', { method: 'passkey', assertion })

  test('opens one login', async () => {
    const { assertion, passkey } = await office.assertFresh(story.cleo.passkey)
    story.cleo.passkey = passkey
    expect((await login(assertion)).status).toBe(201)
    const before = digestOfState(office)
    const again = await login(assertion)
    expect([401, 403]).toContain(again.status)
    expect(digestOfState(office)).toBe(before)
  })

  test('over a challenge that was never given opens none', async () => {
    const { response } = assert(story.cleo.passkey, { challenge: new Uint8Array(32), origin: ORIGIN })
    const before = digestOfState(office)
    expect((await login(response)).status).toBeGreaterThanOrEqual(400)
    expect(digestOfState(office)).toBe(before)
  })

  test('given to another site’s page opens none', async () => {
    const { body } = await office.get('/api/v1/logins/challenge')
    const asked = { challenge: base64url.decode(body.challenge), origin: 'https://localhost.evil.example' }
    const { response } = assert(story.cleo.passkey, asked)
    const before = digestOfState(office)
    expect((await login(response)).status).toBe(401)
    expect(digestOfState(office)).toBe(before)
  })
})

describe('a job', () => {
  test('is nobody by cookie, with a proof or without', async () => {
    const { token, key } = await office.job()
    const url = '/api/v1/releases'
    const asked = { method: 'POST', url: ORIGIN + url, accessToken: token }
    const dpop = proveRequest(key, asked, { at: office.port.clock(), id: randomUUID() })
    const headers = { cookie: `${LOGIN_COOKIE}=${token}`, origin: ORIGIN, dpop }
    const attack = () => office.ask('POST', url, { body: {}, headers })
    await expectUnmoved(office, attack, { status: 401, code: 'proof_needed' })
  })

  test('cannot be spoken for by who read its token, its proofs and its key’s public half', async () => {
    const { token } = await office.job()
    const thief = generateKeyPairSync('ed25519').privateKey
    const url = '/api/v1/logins/current'
    const asked = { method: 'DELETE', url: ORIGIN + url, accessToken: token }
    const dpop = proveRequest(thief, asked, { at: office.port.clock(), id: randomUUID() })
    const headers = { authorization: `DPoP ${token}`, dpop }
    await expectUnmoved(office, () => office.ask('DELETE', url, { headers }), { status: 401, code: 'proof_refused' })
  })

  test.each<[string, () => object]>([
    ['/api/v1/people', () => ({ handle: 'eve', name: 'E', email: 'e@acme.example', zone: 'UTC', roles: ['admin'] })],
    ['/api/v1/issuers', () => ({ issuer: 'https://evil.example', kind: 'github' })],
    ['/api/v1/environments', () => ({ ...ENVIRONMENT, approvals: 0 })],
    ['/api/v1/repositories', () => registration(story.door)],
    ['/api/v1/targets', () => SSH_TARGET],
    ['/api/v1/freezes', () => ({ environment: 'production', until: new Date(Date.now() + 60_000).toISOString() })],
  ])('may not do at %s what people may', async (url, body) => {
    const { token } = await office.job()
    const before = digestOfState(office)
    const answer = await office.post(url, body(), token)
    expect([403, 401, 400]).toContain(answer.status)
    expect(digestOfState(office)).toBe(before)
  })

  test('may not approve, least of all its own release', async () => {
    const { release, job } = await requestRelease(story)
    const { response } = assert(story.ben.passkey, { challenge: new Uint8Array(32), origin: ORIGIN })
    const before = digestOfState(office)
    const answer = await office.post(`/api/v1/releases/${release}/approvals`, { assertion: response }, job.token)
    expect([401, 403]).toContain(answer.status)
    expect(digestOfState(office)).toBe(before)
  })
})

describe('a git door', () => {
  const body = JSON.stringify({ repository: 'acme/shop', updates: [], commits: [] })
  test.each<[string, object, string]>([
    ['that speaks to another log', { aud: 'other.example' }, 'door_unknown'],
    ['of another repository', { iss: 'acme/other' }, 'door_unknown'],
    ['of a look-alike', { iss: 'аcme/shop' }, 'door_unknown'],
    ['that speaks for an hour', { exp: Math.floor(Date.now() / 1000) + 3_600 }, 'door_stale'],
    ['about another body', { bodySha256: base64url.encode(new Uint8Array(32)) }, 'door_unknown'],
  ])('%s', async (_, changes, code) => {
    const as = doorToken(story.door, body, office.port.clock(), changes)
    await expectUnmoved(office, () => office.ask('POST', '/api/v1/pushes', { body, as }), { status: 401, code })
  })
})

describe('names that look like others', () => {
  const names = [
    'prоduction',
    'ｐroduction',
    'production\u200b',
    '\u202enoitcudorp',
    'production\n',
    'produ\u0441tion',
    ' production',
    'production/',
    '',
  ]
  test.each(names)('%j is no name', async (name) => {
    const bodies: readonly (readonly [string, object])[] = [
      ['/api/v1/environments', { ...ENVIRONMENT, environment: name }],
      ['/api/v1/environments', { ...ENVIRONMENT, targets: [name] }],
      ['/api/v1/environments', { ...ENVIRONMENT, approverRole: name }],
      ['/api/v1/targets', { ...SSH_TARGET, target: name }],
      ['/api/v1/repositories', { ...registration(story.door), repository: name }],
      ['/api/v1/issuers', { issuer: `https://${name}`, kind: name }],
      [`/api/v1/people/${ana.id}/roles`, { role: name }],
    ]
    for (const [url, body] of bodies)
      await expectUnmoved(office, () => office.post(url, body, ana.token), { status: 400, code: 'malformed' })
  })

  test('ten thousand roles are none', async () => {
    const roles = Array.from({ length: 10_000 }, (_, index) => `role-${index}`)
    const invited = { handle: 'kim', name: 'Kim', email: 'kim@acme.example', zone: 'UTC', roles }
    await expectUnmoved(office, () => office.post('/api/v1/people', invited, ana.token), {
      status: 400,
      code: 'malformed',
    })
    await expectUnmoved(
      office,
      () => office.post(`/api/v1/people/${ana.id}/roles`, { role: roles.join(',') }, ana.token),
      {
        ...{ status: 400, code: 'malformed' },
      },
    )
  })

  test('the issuer with a slash is another issuer, and not trusted for the one without', async () => {
    expect((await office.post('/api/v1/issuers', { issuer: `${ISSUER}/`, kind: 'github' }, ana.token)).status).toBe(201)
    expect(office.port.ledger.state.issuers.get(ISSUER)?.leafIndex).not.toBe(
      office.port.ledger.state.issuers.get(`${ISSUER}/`)?.leafIndex,
    )
  })
})

describe('an address that would lead elsewhere', () => {
  const elsewhere = '//evil.example/'
  const places = [
    ...['//evil.example', '/%2F%2Fevil.example', '/\\evil.example', '/https://evil.example', '/a/..//evil.example'],
    ...[`/?next=${elsewhere}`, `/login?returnTo=${elsewhere}`, `/sign-in?redirect=https:${elsewhere}`],
    ...[
      `/cli-login?redirect_uri=https:${elsewhere}`,
      `/enrol?next=javascript:alert(1)`,
      `/api/v1/leaves?next=${elsewhere}`,
    ],
  ]
  test.each(places)('%s leads nowhere else', async (url) => {
    const { headers } = await office.get(url)
    const location = headers['location']
    expect(location === undefined || /^\/(?![/\\])/.test(String(location))).toBe(true)
    expect(String(headers['refresh'] ?? '')).not.toContain('evil')
  })

  test.each(['evil.example', 'localhost:7443.evil.example', 'localhost:7443@evil.example', ''])(
    'a request to the host %j is not for us',
    async (host) => {
      const answer = await office.ask('POST', '/api/v1/people', { as: ana.token, body: {}, headers: { host } })
      expect([400, 421]).toContain(answer.status)
    },
  )
})
