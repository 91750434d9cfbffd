import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LOGIN_COOKIE } from '../../src/http/cookie.ts'
import { ORIGIN } from '../world/company.ts'
import { Office, type Answer, type Ask } from './office.ts'
import { ENVIRONMENT, registration, setUp, SSH_TARGET, type Story } from './story.ts'

let story: Story
let now = Date.now()
let office: Office
beforeAll(async () => {
  office = await Office.open({ clock: () => now, config: { rates: { perAddress: FAST, perLogin: FAST } } })
  story = await setUp(office)
})
afterAll(() => office[Symbol.asyncDispose]())
const FAST = { burst: 1e6, perSecond: 1e6 }

/** A body that each route would take, so that what is refused is refused for the reason under test. */
const bodies = (): Readonly<Record<string, object>> => ({
  'POST /api/v1/logins': { method: 'code', code: 'c'.repeat(43), verifier: 'v'.repeat(43) },
  'POST /api/v1/logins/idp': { idp: 'acme' },
  'POST /api/v1/logins/devices/polls': { device: 'd', verifier: 'v'.repeat(43) },
  'POST /api/v1/logins/devices/:code/confirmation': { assertion: ASSERTION },
  'POST /api/v1/enrolments/idp': { state: 's'.repeat(43), code: 'c' },
  'POST /api/v1/logins/current/renewals': { token: 't', proof: 'AAAA' },
  'POST /api/v1/logins/codes': { challenge: 'c'.repeat(43), redirectPort: 5000, state: 's'.repeat(16) },
  'POST /api/v1/enrolments': { token: 't'.repeat(43), registration: REGISTRATION },
  'POST /api/v1/idps': { idp: 'acme', issuer: 'https://idp.example', clientId: 'c' },
  'POST /api/v1/people/:id/accounts': { issuer: 'https://ci.example', account: '1' },
  'POST /api/v1/people/:id/identities': { idp: 'acme', subject: 's' },
  'POST /api/v1/directories': { client: 'acme' },
  'POST /api/v1/people': { handle: 'eve', name: 'Eve', email: 'eve@acme.example', zone: 'UTC', roles: [] },
  'POST /api/v1/people/:id/revocation': { reason: 'left' },
  'POST /api/v1/people/:id/erasures': { reason: 'left', fields: ['ip'] },
  'POST /api/v1/erasures/:asked/agreements': { assertion: ASSERTION },
  'POST /api/v1/erasures/:asked/refusals': { assertion: ASSERTION, reason: 'no' },
  'POST /api/v1/freezes': { environment: 'production', reason: 'odd' },
  'POST /api/v1/people/:id/roles': { role: 'auditor' },
  'POST /api/v1/groups': { group: 'payments' },
  'POST /api/v1/groups/:group/members': { person: '@ben' },
  'POST /api/v1/groups/:group/roles': { role: 'auditor' },
  'POST /api/v1/networks': { network: 'office', cidrs: ['192.0.2.0/24'] },
  'POST /api/v1/keys': { format: 'ssh', publicKey: story.key.line },
  'POST /api/v1/issuers': { issuer: 'https://other.example', kind: 'github' },
  'POST /api/v1/repositories': registration(story.door),
  'POST /api/v1/environments': ENVIRONMENT,
  'POST /api/v1/targets': SSH_TARGET,
  'POST /api/v1/policies': { files: { 'a.cedar': '' } },
  'POST /api/v1/policies/activations/:asked/agreements': { assertion: ASSERTION },
  'POST /api/v1/policies/activations/:asked/refusals': { assertion: ASSERTION, reason: 'no' },
  'POST /api/v1/pushes': { repository: 'acme/shop', updates: [], commits: [] },
  'POST /api/v1/builds': { envelope: { payloadType: 't', payload: 'p', signatures: [{ sig: 's' }] } },
  'POST /api/v1/releases': { artifact: `sha256:${'a'.repeat(64)}`, environment: 'production' },
  'POST /api/v1/releases/:id/outcome': { exitCode: 0 },
  'POST /api/v1/releases/:id/approvals': { assertion: ASSERTION },
  'POST /api/v1/break-glass/:breakglass/reviews': { assertion: ASSERTION, verdict: 'justified', reason: 'down' },
  'POST /api/v1/delegations': { to: '@ben', until: '2099-01-01T00:00:00Z' },
  'POST /api/v1/releases/:id/inquiries': { question: 'why' },
  'POST /api/v1/releases/:id/inquiries/:inquiry/answers': { answer: 'so' },
  'POST /api/v1/releases/:id/break-glass': { assertion: ASSERTION, reason: 'down' },
  'POST /api/v1/releases/:id/refusals': { assertion: ASSERTION, reason: 'no' },
  'POST /api/v1/grants': { release: 'release:0000000000', target: 'web' },
  'POST /api/v1/observations': { kind: 'step.ended', at: '2026-11-18T10:00:00Z' },
  'POST /api/v1/log/repair': {},
  'POST /api/v1/log/rotation': {},
  'POST /api/v1/authorities/:name/rotation': {},
  'POST /api/v1/targets/:target/host-certificate': { publicKey: story.key.line },
  'POST /api/v1/targets/:target/secret': { value: 'x' },
  'POST /api/v1/alerts/:id/acknowledgement': {},
  'POST /api/v1/searches': { name: 'refusals', query: 'outcome:refused' },
  'POST /api/v1/evidence-packages': { from: '0', to: '3' },
})
const envelope = { id: 'aaaa', rawId: 'aaaa', type: 'public-key', clientExtensionResults: {} }
const ASSERTION = { ...envelope, response: { clientDataJSON: 'aaaa', authenticatorData: 'aaaa', signature: 'aaaa' } }
const REGISTRATION = { ...envelope, response: { clientDataJSON: 'aaaa', attestationObject: 'aaaa' } }
const EXAMPLES: Readonly<Record<string, string>> = {
  ':id': '@ben',
  ':idp': 'acme',
  ':client': 'acme',
  ':delegation': 'delegation:0000000000',
  ':inquiry': 'inquiry:0000000000',
  ':breakglass': 'breakglass:0000000000',
  ':issuer': encodeURIComponent('https://ci.example'),
  ':code': 'BBBB-BBBB',
  ':role': 'approver',
  ':scope': 'environment:production',
  ':group': 'payments',
  ':network': 'office',
  ':name': 'oidc',
  ':target': 'web',
  ':asked': '1',
  ':freeze': 'freeze:0000000000',
  ':fingerprint': encodeURIComponent(`SHA256:${'a'.repeat(43)}`),
}

type Route = { readonly name: string; readonly method: 'POST' | 'DELETE'; readonly url: string }

function routes(): Route[] {
  return [...office.app.routesMade].flatMap(([pattern, methods]) =>
    [...methods]
      // Directories and identity providers speak in their own way, and have tests of their own.
      .filter(() => !pattern.startsWith('/scim/') && pattern !== '/api/v1/idps/logout')
      .filter((method): method is 'POST' | 'DELETE' => method === 'POST' || method === 'DELETE')
      .map((method) => ({ name: `${method} ${pattern}`, method, url: fill(pattern) })),
  )
}

function fill(pattern: string): string {
  if (pattern.startsWith('/api/v1/grants/')) return '/api/v1/grants/grant:0000000000'
  if (pattern.startsWith('/api/v1/searches/')) return '/api/v1/searches/search:0000000000'
  if (pattern.startsWith('/api/v1/alerts/')) return '/api/v1/alerts/alert:0000000000/acknowledgement'
  return pattern.replaceAll(/:[a-z]+/g, (name) => EXAMPLES[name] ?? name)
}

const ANYONE = [
  'POST /api/v1/logins',
  'POST /api/v1/logins/idp',
  'POST /api/v1/enrolments',
  'POST /api/v1/enrolments/idp',
  'POST /api/v1/logins/devices/polls',
  'POST /api/v1/logins/devices/:code/confirmation',
]
const isAnyone = ({ name }: Route) => ANYONE.includes(name)
const isDoor = ({ name }: Route) => name === 'POST /api/v1/pushes'
/** What it says of other bodies, lines have tests of their own for. */
const takesLines = ({ name }: Route) => name === 'POST /api/v1/observations'

async function each(
  fitting: (route: Route) => boolean,
  ask: (route: Route) => Ask,
  check: (answer: Answer, route: Route) => void,
) {
  const all = routes().filter(fitting)
  expect(all.length).toBeGreaterThan(5)
  for (const route of all) {
    const before = office.size
    const { headers, ...asked } = ask(route)
    const own = takesLines(route) ? { 'content-type': 'application/x-ndjson' } : {}
    const body = route.method === 'POST' ? bodies()[route.name] : undefined
    const given = { body, ...asked, headers: { ...own, ...headers } }
    const answer = await office.ask(route.method, route.url, given)
    expect(answer.headers['content-type'], route.name).toMatch(/^application\/problem\+json/)
    expect(answer.body.type, route.name).toBe(`https://countersign.dev/errors/${answer.body.code}`)
    expect(answer.body.status, route.name).toBe(answer.status)
    expect(answer.text, route.name).not.toMatch(/node_modules|\bat .*\.ts:/)
    check(answer, route)
    if (answer.body.leafIndex === undefined) expect(office.size, route.name).toBe(before)
  }
}

/** Routes whose example names something that does not exist, so that there is nothing to ask the ledger. */
const NOTHING_TO_ASK =
  /host-certificate|approvals\/mine|secret$|accounts|inquiries|delegations|break-glass|identities|renewals|logins\/(?:idp|devices)|releases\/|freezes\/|builds|codes|grants$|roles\/:role/

const takesBody = (route: Route) => route.method === 'POST' && !isDoor(route) && !takesLines(route)

describe('every route that changes something', () => {
  test('turns away whoever shows nothing, or nothing that is known', async () => {
    for (const as of [
      undefined,
      `cs_${'x'.repeat(43)}`,
      'nonsense',
      'Basic YTpi',
      'Bearer ',
      `Bearer ${'x'.repeat(5_000)}`,
    ])
      await each(
        (route) => !isAnyone(route) && !isDoor(route),
        () => ({ as }),
        (answer, { name }) => {
          expect([answer.status, answer.body.code, answer.body.next], name).toEqual([
            401,
            'sign_in_needed',
            'countersign login',
          ])
          expect(answer.headers['www-authenticate']).toMatch(/^Bearer/)
        },
      )
  })

  test.each([
    ['not JSON', '{"a":'],
    ['two values of one name', '{"reason":"a","reason":"b"}'],
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['a prototype', '{"__proto__":{}}'],
    ['a lone surrogate', String.raw`{"reason":"\ud800"}`],
    ['nested too deeply', `${'['.repeat(70)}${']'.repeat(70)}`],
    ['a list', '[]'],
    ['null', 'null'],
    ['nothing', ''],
  ])('refuses a body that is %s', async (_, body) => {
    await each(
      takesBody,
      () => ({ as: story.ana.token, body }),
      (answer, { name }) => {
        expect([answer.status, answer.body.code], name).toEqual([400, 'malformed'])
      },
    )
  })

  test('refuses a field that it does not know, and names the place', async () => {
    await each(
      takesBody,
      ({ name }) => ({ as: story.ana.token, body: { ...bodies()[name], surprise: 1 } }),
      (answer, { name }) => {
        expect([answer.status, answer.body.code], name).toEqual([400, 'malformed'])
        expect(answer.body.detail, name).toMatch(/^body: .*surprise/)
      },
    )
  })

  test('refuses a body of another type, or too large', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'multipart/form-data'])
      await each(
        takesBody,
        () => ({ as: story.ana.token, headers: { 'content-type': type } }),
        (answer, { name }) => expect([answer.status, answer.body.code], name).toEqual([415, 'unsupported_media_type']),
      )
    const body = JSON.stringify({ padding: 'x'.repeat(1 << 20) })
    await each(
      takesBody,
      () => ({ as: story.ana.token, body }),
      (answer, { name }) => expect([answer.status, answer.body.code], name).toEqual([413, 'too_large']),
    )
  })

  test('is closed to pages of other sites, and to cookies that come from no page', async () => {
    const cookie = `${LOGIN_COOKIE}=${story.ana.token}`
    for (const origin of ['https://evil.example', 'null', 'http://localhost:7444', `${ORIGIN}.evil.example`])
      await each(
        () => true,
        () => ({ headers: { cookie, origin } }),
        (answer, { name }) => expect([answer.status, answer.body.code], name).toEqual([403, 'cross_site']),
      )
    await each(
      (route) => !isDoor(route) && !isAnyone(route),
      () => ({ headers: { cookie } }),
      (answer, { name }) => expect([answer.status, answer.body.code], name).toEqual([403, 'cross_site']),
    )
  })

  test('answers to no other name than its own', async () => {
    for (const host of ['evil.example', 'localhost:9999', 'localhost.evil.example:7443', ''])
      await each(
        () => true,
        () => ({ as: story.ana.token, headers: { host } }),
        (answer, { name }) => expect([answer.status, answer.body.code], name).toEqual([421, 'misdirected']),
      )
  })

  test('refuses in a leaf whoever was revoked, ended or is too late, and does nothing', async () => {
    const eve = await office.person(story.ana, 'eve', ['admin', 'approver'])
    const mallory = await office.person(story.ana, 'mallory', ['admin', 'approver'])
    await office.ask('DELETE', '/api/v1/logins/current', { as: mallory.token })
    await office.post('/api/v1/people/@eve/revocation', { reason: 'left' }, story.ana.token)
    const reached = (route: Route) => !isAnyone(route) && !isDoor(route)
    for (const [token, code] of [
      [eve.token, 'login_revoked'],
      [mallory.token, 'login_revoked'],
    ] as const)
      await each(
        reached,
        () => ({ as: token }),
        (answer, { name }) => {
          expect([answer.status, answer.body.code], name).toEqual([401, code])
          if (!NOTHING_TO_ASK.test(name)) expect(answer.body.receipt?.outcome, name).toBe('refused')
        },
      )
    now += 13 * 3_600_000
    await each(
      reached,
      () => ({ as: story.ana.token }),
      (answer, { name }) => expect([answer.status, answer.body.code], name).toEqual([401, 'login_expired']),
    )
    const looked = await office.get('/api/v1/overview', story.ana.token)
    expect([looked.status, looked.body.code, looked.body.leafIndex]).toEqual([401, 'login_expired', undefined])
  })
})

test('a job sees what it waits for, and nothing personal', async () => {
  story = { ...story, ana: await office.signIn(story.ana.passkey) }
  const { token } = await office.job()
  for (const path of ['logins/current', 'releases', 'environments', 'log', 'grants?active=true'])
    expect([path, (await office.get(`/api/v1/${path}`, token)).status]).toEqual([path, 200])
  for (const path of [
    'people',
    'leaves',
    'leaves/1',
    'overview',
    'alerts',
    'events',
    'why/1',
    `evidence/sha256:${'0'.repeat(64)}`,
  ]) {
    const answer = await office.get(`/api/v1/${path}`, token)
    expect([path, answer.status, answer.body?.code]).toEqual([path, 403, 'wrong_principal'])
  }
  expect((await office.get('/log/tile/entries/000.p/2', token)).status).toBe(403)
})

test('whoever has no role sees nothing but themselves', async () => {
  story = { ...story, ana: await office.signIn(story.ana.passkey) }
  const frank = await office.person(story.ana, 'frank', [])
  expect((await office.get('/api/v1/logins/current', frank.token)).body).toMatchObject({
    roles: [],
    can: { administer: false, approve: false },
  })
  for (const path of [
    'overview',
    'people',
    'leaves',
    'leaves/1',
    'releases',
    'grants',
    'alerts',
    'policies',
    'log',
    'why/1',
    'events',
    `evidence/sha256:${'0'.repeat(64)}`,
  ]) {
    const answer = await office.get(`/api/v1/${path}`, frank.token)
    expect([path, answer.status, answer.body?.code]).toEqual([path, 403, 'policy_refused'])
  }
  expect((await office.get('/log/tile/entries/000.p/2', frank.token)).status).toBe(403)
})
