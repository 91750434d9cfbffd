import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { base64url } from '../../src/bytes/text.ts'
import { assert, createSoftwarePasskey } from '../../src/credential/software-passkey.ts'
import { LOGIN_COOKIE } from '../../src/http/cookie.ts'
import { refuse } from '../../src/evidence/refusal.ts'
import { ORIGIN } from '../world/company.ts'
import { Office, type Answer, type Worker } from './office.ts'
import { setUp, type Story } from './story.ts'
import { CHALLENGE, handOver, VERIFIER } from './tour.ts'

let story: Story
let office: Office
let now = Date.now()
let isReachable = true
beforeAll(async () => {
  const keys = async () => (isReachable ? office.company.ciKeys : refuse('issuer_unreachable' as const, 'It is down.'))
  office = await Office.open({ clock: () => now, port: { issuerKeys: { of: keys } } })
  story = await setUp(office)
})
afterAll(() => office[Symbol.asyncDispose]())

const summary = ({ status, body }: Answer) => [status, body.code]

async function expectNoLeaf(ask: () => Promise<Answer>): Promise<Answer> {
  const before = office.size
  const answer = await ask()
  expect(office.size).toBe(before)
  return answer
}

describe('a passkey', () => {
  const challenge = async () => base64url.decode((await office.get('/api/v1/logins/challenge')).body.challenge)
  const present = (assertion: object, more: object = {}) =>
    office.post('/api/v1/logins', { method: 'passkey', assertion, ...more })

  test('opens one login for each challenge', async () => {
    const { assertion } = await office.assertFresh(story.ben.passkey)
    expect((await present(assertion)).status).toBe(201)
    const again = await expectNoLeaf(() => present(assertion))
    expect(summary(again)).toEqual([401, 'challenge_unknown'])
  })

  test('must answer within five minutes, and a challenge of ours', async () => {
    const { assertion } = await office.assertFresh(story.ben.passkey)
    now += 5 * 60_000 + 1
    expect(summary(await expectNoLeaf(() => present(assertion)))).toEqual([401, 'challenge_unknown'])
    const own = assert(story.ben.passkey, { challenge: new Uint8Array(32), origin: ORIGIN }).response
    expect(summary(await expectNoLeaf(() => present(own)))).toEqual([401, 'challenge_unknown'])
  })

  test('is known here, signs for this site, and is not tampered with', async () => {
    const stranger = assert(createSoftwarePasskey('localhost'), {
      challenge: await challenge(),
      origin: ORIGIN,
    }).response
    expect(summary(await expectNoLeaf(() => present(stranger)))).toEqual([401, 'passkey_unknown'])
    const elsewhere = assert(story.ben.passkey, {
      challenge: await challenge(),
      origin: 'https://evil.example',
    }).response
    expect(summary(await expectNoLeaf(() => present(elsewhere)))).toEqual([401, 'wrong_origin'])
    const { assertion } = await office.assertFresh(story.ben.passkey)
    const signature = `${assertion.response.signature.slice(0, -8)}AAAAAAAA`
    const forged = await expectNoLeaf(() => present({ ...assertion, response: { ...assertion.response, signature } }))
    expect(forged.status).toBe(401)
  })

  test('of somebody who was revoked is refused in a leaf', async () => {
    const eve = await office.person(story.ana, 'eve', [])
    await office.post('/api/v1/people/@eve/revocation', { reason: 'left' }, story.ana.token)
    const { assertion } = await office.assertFresh(eve.passkey)
    const answer = await present(assertion)
    expect(summary(answer)).toEqual([401, 'login_revoked'])
    expect(answer.body.receipt.outcome).toBe('refused')
  })

  test('gives a browser a cookie that no script reads, and no token', async () => {
    for (const [more, headers] of [
      [{ cookie: true }, {}],
      [{}, { accept: 'text/html' }],
    ] as const) {
      const { assertion } = await office.assertFresh(story.ben.passkey)
      const answer = await office.post('/api/v1/logins', { method: 'passkey', assertion, ...more }, undefined, {
        origin: ORIGIN,
        ...headers,
      })
      expect(answer.status).toBe(201)
      expect(answer.body.result.token).toBeUndefined()
      const cookie = String(answer.headers['set-cookie'])
      expect(cookie).toMatch(
        new RegExp(`^${LOGIN_COOKIE}=cs_[\\w-]{43}; Path=/; Expires=[^;]+; HttpOnly; SameSite=Strict$`),
      )
      const [pair] = cookie.split(';')
      const current = await office.ask('GET', '/api/v1/logins/current', { headers: { cookie: pair! } })
      expect(current.body).toMatchObject({
        method: 'passkey',
        who: { name: 'ben' },
        can: { administer: false, approve: true },
      })
      const out = await office.ask('DELETE', '/api/v1/logins/current', { headers: { cookie: pair!, origin: ORIGIN } })
      expect([out.status, String(out.headers['set-cookie'])]).toEqual([
        200,
        expect.stringMatching(/^countersign_login=; .*Expires=Thu, 01 Jan 1970/),
      ])
      expect((await office.ask('GET', '/api/v1/logins/current', { headers: { cookie: pair! } })).status).toBe(401)
      const stale = await office.ask('GET', '/api/v1/logins/challenge', {
        headers: { cookie: `${LOGIN_COOKIE}=cs_${'x'.repeat(43)}` },
      })
      expect(stale.status).toBe(200)
    }
  })
})

describe('the token of a CI job', () => {
  const present = (token: string, changes: object = {}) =>
    office.post('/api/v1/logins', { ...office.jobBody(token).body, ...changes })

  test('opens one login, and is refused in a leaf when it comes again', async () => {
    const token = office.company.ciToken({ actor: 'dana-at-the-ci' })
    const opened = await present(token)
    expect([opened.status, opened.body.result.who.kind]).toEqual([201, 'job'])
    expect(opened.body.result.who.onBehalfOf.name).toBe('dana-at-the-ci')
    expect(opened.body.leaf).not.toContain('dana-at-the-ci')
    const again = await present(token)
    expect(summary(again)).toEqual([403, 'token_reused'])
    expect(JSON.parse(again.body.receipt.leaf).data.caller.kind).toBe('job')
  })

  test.each([
    ['has expired', { iat: 1_000, exp: 1_300 }, 'expired'],
    ['is not valid yet', { iat: 5_000_000_000, exp: 5_000_000_300 }, 'not_yet_valid'],
    ['lives too long', { exp: 5_000_000_000 }, 'lifetime_too_long'],
    ['was made for another server', { aud: 'https://other.example' }, 'wrong_audience'],
    ['was made for us and another', { aud: [ORIGIN, 'https://other.example'] }, 'wrong_audience'],
    ['is of an issuer nobody trusts', { iss: 'https://other.example' }, 'issuer_unknown'],
  ])('is nobody’s when it %s', async (_, claims, code) => {
    const answer = await expectNoLeaf(() => present(office.company.ciToken(claims)))
    expect(summary(answer)).toEqual([401, code])
  })

  test('is nobody’s when its signature, its key or the proof of the job’s key does not fit', async () => {
    const token = office.company.ciToken()
    const forged = `${token.slice(0, -6)}AAAAAA`
    expect((await expectNoLeaf(() => present(forged))).status).toBe(401)
    expect(summary(await expectNoLeaf(() => present('a.b.c')))).toEqual([400, 'malformed'])
    const other = office.jobBody(token).body.publicKey
    expect(summary(await expectNoLeaf(() => present(token, { publicKey: other })))).toEqual([401, 'bad_key_proof'])
    expect(summary(await expectNoLeaf(() => present(token, { proof: '!!!' })))).toEqual([400, 'malformed'])
  })

  test('waits for nobody when its issuer cannot be reached', async () => {
    isReachable = false
    const answer = await expectNoLeaf(() => present(office.company.ciToken()))
    isReachable = true
    expect(summary(answer)).toEqual([502, 'issuer_unreachable'])
  })

  test('of an unknown repository or a pull request is refused in a leaf, with the policy’s own words', async () => {
    const unknown = await present(office.company.ciToken({ repository: 'evil/shop', repository_id: '1' }))
    expect(summary(unknown)).toEqual([404, 'no_such_repository'])
    expect(unknown.body.leafIndex).toBe(unknown.body.receipt.leafIndex)
    const pulled = await present(office.company.ciToken({ event_name: 'pull_request' }))
    expect(summary(pulled)).toEqual([403, 'policy_refused'])
    expect(pulled.body).toMatchObject({
      detail: 'Jobs started by a pull request get no login: they run code that is not accepted yet.',
      next: 'Merge the change; the job on the branch itself can sign in.',
      policies: ['pull-request-login'],
    })
  })
})

describe('a code for the command line', () => {
  test('is exchanged once, by whoever made its challenge', async () => {
    const opened = await handOver(office, story.ben.token)
    expect([opened.status, opened.body.type]).toEqual([201, 'login.opened'])
    const { body } = await office.get('/api/v1/logins/current', opened.body.result.token)
    expect(body).toMatchObject({ method: 'code', who: { name: 'ben' } })
  })

  test('is worth nothing to anybody else, nor twice, nor late', async () => {
    const asked = { challenge: 'A'.repeat(43), redirectPort: 50_123, state: 's'.repeat(43) }
    const exchange = (code: string, verifier = VERIFIER) =>
      office.post('/api/v1/logins', { method: 'code', code, verifier })
    const { body } = await office.post('/api/v1/logins/codes', asked, story.ben.token)
    expect(body.redirect).toBe(`http://127.0.0.1:50123/callback?code=${body.code}&state=${asked.state}`)
    expect(summary(await expectNoLeaf(() => exchange(body.code)))).toEqual([401, 'code_unknown'])
    expect(summary(await expectNoLeaf(() => exchange('c'.repeat(43))))).toEqual([401, 'code_unknown'])
    const late = await office.post('/api/v1/logins/codes', { ...asked, challenge: CHALLENGE }, story.ben.token)
    now += 2 * 60_000 + 1
    expect(summary(await expectNoLeaf(() => exchange(late.body.code)))).toEqual([401, 'code_unknown'])
    const good = await office.post('/api/v1/logins/codes', { ...asked, challenge: CHALLENGE }, story.ben.token)
    expect((await exchange(good.body.code)).status).toBe(201)
    expect(summary(await expectNoLeaf(() => exchange(good.body.code)))).toEqual([401, 'code_unknown'])
  })

  test('is handed on by people only', async () => {
    const { token } = await office.job()
    const asked = { challenge: 'A'.repeat(43), redirectPort: 50_123, state: 's'.repeat(43) }
    expect(summary(await office.post('/api/v1/logins/codes', asked, token))).toEqual([403, 'wrong_principal'])
  })
})

describe('an enrolment link', () => {
  const invite = (handle: string, as: Worker = story.ana) =>
    office.post(
      '/api/v1/people',
      { handle, name: 'N', email: `${handle}@acme.example`, zone: 'UTC', roles: [] },
      as.token,
    )

  test('makes one person, once', async () => {
    const { body } = await invite('gina')
    const { enrolmentToken: token, enrolmentUrl } = body.result
    expect(enrolmentUrl).toBe(`${ORIGIN}/enrol#${token}`)
    expect(body.leaf).not.toMatch(/gina|acme\.example/)
    expect((await office.get(`/api/v1/enrolments/${token}`)).body).toMatchObject({
      handle: 'gina',
      isSetup: false,
      rpId: 'localhost',
    })
    await office.enrol(token)
    expect(summary(await expectNoLeaf(() => office.get(`/api/v1/enrolments/${token}`)))).toEqual([404, 'not_found'])
    await expect(office.enrol(token)).rejects.toThrow()
  })

  test('of nobody, or too late, is not found, and guessing leaves no leaf', async () => {
    expect(summary(await expectNoLeaf(() => office.get(`/api/v1/enrolments/${'x'.repeat(43)}`)))).toEqual([
      404,
      'not_found',
    ])
    const { body } = await invite('hugo')
    now += 73 * 3_600_000
    expect(summary(await expectNoLeaf(() => office.get(`/api/v1/enrolments/${body.result.enrolmentToken}`)))).toEqual([
      404,
      'not_found',
    ])
    story = { ...story, ana: await office.signIn(story.ana.passkey) }
  })

  test('lets nobody but the first person say who they are', async () => {
    const { body } = await invite('ida')
    await expect(office.enrol(body.result.enrolmentToken, { handle: 'ana' })).rejects.toThrow(
      /only the first person says it/,
    )
    const taken = await invite('ben')
    expect(summary(taken)).toEqual([403, 'handle_taken'])
  })
})
