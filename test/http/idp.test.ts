import { afterAll, beforeAll, expect, test } from 'vitest'
import { replayLog } from '../../src/control/replay.ts'
import { ORIGIN } from '../world/company.ts'
import { Browser, CLIENT_ID, CLIENT_SECRET, IdentityProvider } from '../world/identity-provider.ts'
import { Office, type Answer, type Worker } from './office.ts'

const BACK = `${ORIGIN}/signed-in`

let office: Office
let provider: IdentityProvider
let ana: Worker
beforeAll(async () => {
  office = await Office.open()
  await office.app.listen({ port: 0, host: '127.0.0.1' })
  const address = office.app.server.address() as { port: number }
  const backchannelLogoutUri = `http://127.0.0.1:${address.port}/api/v1/idps/logout`
  provider = await IdentityProvider.open({ redirectUri: BACK, backchannelLogoutUri })
  ana = await office.admin()
  const body = { idp: 'acme', issuer: provider.issuer, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET }
  const trusted = await office.post('/api/v1/idps', body, ana.token)
  expect([trusted.status, trusted.body.result.redirectUri]).toEqual([201, BACK])
})
afterAll(async () => {
  await office[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
})

/** The cookie of an answer, as a browser would send it back. */
function cookieOf({ headers }: Answer, name: string): string {
  const lines = [headers['set-cookie']].flat().map(String)
  return lines.find((line) => line.startsWith(`${name}=`))!.split(';')[0]!
}

async function begin(more: object = {}): Promise<{ redirect: string; cookie: string }> {
  const begun = await office.post('/api/v1/logins/idp', { idp: 'acme', ...more })
  expect(begun.status).toBe(200)
  return { redirect: begun.body.redirect, cookie: cookieOf(begun, 'countersign_idp') }
}

const answerOf = (back: URL) =>
  Object.fromEntries(['state', 'code', 'iss'].map((name) => [name, back.searchParams.get(name)]))

async function signIn(account: string, browser = new Browser(), more: object = {}): Promise<Answer> {
  const { redirect, cookie } = await begin(more)
  const back = await browser.signIn(redirect, BACK, account)
  return office.post('/api/v1/logins', { method: 'idp', ...answerOf(back) }, undefined, { cookie, origin: ORIGIN })
}

const asBrowser = (answer: Answer) => ({ headers: { cookie: cookieOf(answer, 'countersign_login') } })

test('a person whose account is linked signs in at the provider, looks around, and administers nothing without a passkey', async () => {
  const mara = await office.person(ana, 'mara', ['admin', 'approver'])
  const linked = await office.post(
    '/api/v1/people/@mara/identities',
    { idp: 'acme', subject: 'mara-at-acme' },
    ana.token,
  )
  expect([linked.status, linked.body.type]).toEqual([201, 'identity.linked'])
  expect(JSON.stringify(linked.body.leaf)).not.toContain('mara-at-acme')

  const opened = await signIn('mara-at-acme', new Browser(), { returnTo: '/releases?q=1' })
  expect([opened.status, opened.body.result.who.id, opened.body.result.returnTo]).toEqual([
    201,
    mara.id,
    '/releases?q=1',
  ])
  expect(opened.body.result.token).toBeUndefined()
  const current = await office.ask('GET', '/api/v1/logins/current', asBrowser(opened))
  expect(current.body).toMatchObject({ method: 'oidc', who: { id: mara.id } })
  expect((await office.ask('GET', '/api/v1/people', asBrowser(opened))).status).toBe(200)

  const invite = { handle: 'eve', name: 'Eve', email: 'eve@acme.example', zone: 'UTC', roles: [] }
  const headers = { ...asBrowser(opened).headers, origin: ORIGIN }
  const refused = await office.ask('POST', '/api/v1/people', { body: invite, headers })
  expect(refused.status).toBe(403)
})

test('an account that nobody is linked to is refused in a leaf, which does not name it', async () => {
  const refused = await signIn('a-stranger@elsewhere.example')
  expect([refused.status, refused.body.code]).toEqual([403, 'idp_subject_unknown'])
  const { body } = await office.get(`/api/v1/leaves/${refused.body.leafIndex}`, ana.token)
  expect(body.row.sentence).toContain('was refused a login with an account at')
  expect(JSON.stringify(body)).not.toContain('elsewhere.example')
})

test('whoever holds an enrolment link enrols by signing in, once, and signs in with that account from then on', async () => {
  const body = { handle: 'ida', name: 'Ida', email: 'ida@acme.example', zone: 'UTC', roles: ['developer'] }
  const invited = await office.post('/api/v1/people', body, ana.token)
  const browser = new Browser()
  const { redirect, cookie } = await begin({ enrolmentToken: invited.body.result.enrolmentToken })
  const back = answerOf(await browser.signIn(redirect, BACK, 'ida-at-acme'))
  const enrolled = await office.post('/api/v1/enrolments/idp', back, undefined, { cookie, origin: ORIGIN })
  expect([enrolled.status, enrolled.body.result.person]).toEqual([201, invited.body.result.person])
  expect((await office.post('/api/v1/enrolments/idp', back, undefined, { cookie, origin: ORIGIN })).body.code).toBe(
    'state_unknown',
  )
  const opened = await signIn('ida-at-acme', browser)
  expect([opened.status, opened.body.result.who.id]).toEqual([201, invited.body.result.person])
})

test('nobody finishes in one browser what was begun in another, twice, with another code or from another provider', async () => {
  const { redirect, cookie } = await begin()
  const back = answerOf(await new Browser().signIn(redirect, BACK, 'mara-at-acme'))
  const finish = async (sent: object, with_: string | undefined) =>
    (
      await office.post('/api/v1/logins', { method: 'idp', ...back, ...sent }, undefined, {
        origin: ORIGIN,
        ...(with_ && { cookie: with_ }),
      })
    ).body.code
  const other = await begin()
  expect(await finish({}, undefined)).toBe('state_unknown')
  expect(await finish({}, other.cookie)).toBe('state_unknown')
  expect(await finish({ state: 'A'.repeat(43) }, cookie)).toBe('state_unknown')
  expect(await finish({ iss: 'https://evil.example' }, cookie)).toBe('wrong_issuer')
  // The state is spent by then.
  expect(await finish({}, cookie)).toBe('state_unknown')
  const fresh = await begin()
  const state = new URL(fresh.redirect).searchParams.get('state')
  expect(await finish({ state, code: 'guessed' }, fresh.cookie)).toBe('idp_exchange_failed')
  const foreign = await begin()
  const foreignState = new URL(foreign.redirect).searchParams.get('state')
  // A code of another sign-in: its verifier is another.
  const stolen = answerOf(await new Browser().signIn((await begin()).redirect, BACK, 'mara-at-acme'))
  expect(await finish({ state: foreignState, code: stolen['code'] }, foreign.cookie)).toBe('idp_exchange_failed')
})

test.each([
  '//evil.example',
  'https://evil.example/',
  '/\\evil.example',
  'javascript:alert(1)',
  '/a\nb',
  '',
  String.raw`\\evil`,
])('it leads back to no other place than ours: %j', async (returnTo) => {
  const answer = await office.post('/api/v1/logins/idp', { idp: 'acme', returnTo })
  expect([answer.status, answer.body.code]).toEqual([400, 'malformed'])
})

test('who signs out at the provider is signed out here within a second; other people and passkeys stay', async () => {
  const browser = new Browser()
  const opened = await signIn('mara-at-acme', browser)
  const elsewhere = await signIn('mara-at-acme')
  expect((await office.ask('GET', '/api/v1/logins/current', asBrowser(opened))).status).toBe(200)
  const at = performance.now()
  await browser.signOut(provider.issuer)
  while (performance.now() - at < 5_000) {
    if ((await office.ask('GET', '/api/v1/logins/current', asBrowser(opened))).status === 401) break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect(provider.failures).toEqual([])
  expect(performance.now() - at).toBeLessThan(1_000)
  expect(provider.failures).toEqual([])
  // One session of theirs ended, not all of them.
  expect((await office.ask('GET', '/api/v1/logins/current', asBrowser(elsewhere))).status).toBe(200)
  expect((await office.get('/api/v1/logins/current', ana.token)).status).toBe(200)
  const { body } = await office.get('/api/v1/leaves?q=type:idp.ended', ana.token)
  expect(body.rows[0].sentence).toBe(`ended 1 login, as somebody signed out at ${provider.issuer}`)
})

test('a provider that is removed, or a person who is unlinked, leaves no login behind', async () => {
  const opened = await signIn('mara-at-acme')
  const unlinked = await office.ask('DELETE', '/api/v1/people/@mara/identities/acme', { as: ana.token })
  expect(unlinked.body.type).toBe('identity.removed')
  expect((await office.ask('GET', '/api/v1/logins/current', asBrowser(opened))).status).toBe(401)
  expect((await signIn('mara-at-acme')).body.code).toBe('idp_subject_unknown')
  const ida = await signIn('ida-at-acme')
  expect((await office.ask('DELETE', '/api/v1/idps/acme', { as: ana.token })).body.type).toBe('idp.removed')
  expect((await office.ask('GET', '/api/v1/logins/current', asBrowser(ida))).status).toBe(401)
  expect((await office.post('/api/v1/logins/idp', { idp: 'acme' })).status).toBe(404)
})

test('whoever has the log and the evidence decides all of it again, and the same', async () => {
  const { different, same, leaves } = await replayLog({ path: office.company.directory })
  expect(different).toEqual([])
  expect(same).toBe(leaves)
})
