/** A job over HTTP: bound to its key with each request, signed in anew by fresh tokens of its run, and over when its CI says so. */

import { generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto'
import { expect, test } from 'vitest'
import { sha256 } from '../../src/bytes/digest.ts'
import { base64, utf8 } from '../../src/bytes/text.ts'
import { proveRequest } from '../../src/credential/dpop.ts'
import { systemCaller } from '../../src/control/handle.ts'
import { replayLog } from '../../src/control/replay.ts'
import { loginsOf } from '../../src/domain/job.ts'
import type { State } from '../../src/domain/state.ts'
import { ISSUER, ORIGIN } from '../world/company.ts'
import { Office } from './office.ts'
import { requestRelease, setUp } from './story.ts'

const HOUR_MS = 3_600_000
const CURRENT = '/api/v1/logins/current'

type Changes = { readonly url?: string; readonly method?: string; readonly accessToken?: string; readonly at?: number }

function proofOf(office: Office, key: KeyObject, token: string, changes: Changes = {}): string {
  const { at = office.port.clock(), ...asked } = changes
  return proveRequest(
    key,
    { method: 'GET', url: ORIGIN + CURRENT, accessToken: token, ...asked },
    { at, id: randomUUID() },
  )
}

async function ask(office: Office, authorization: string, dpop?: string) {
  const headers = { authorization, ...(dpop !== undefined && { dpop }) }
  const { status, body, headers: said } = await office.ask('GET', CURRENT, { headers })
  return { status, code: body.code, because: body.facts?.because, challenge: said['www-authenticate'] }
}

test('a job’s token is worth nothing without a fresh proof of its key, for this request and token', async () => {
  await using office = await Office.open()
  await setUp(office)
  const { token, key } = await office.job()
  const other = generateKeyPairSync('ed25519').privateKey
  const prove = (changes?: Changes, by = key) => proofOf(office, by, token, changes)
  const dpop = `DPoP ${token}`
  const good = prove()
  expect(await ask(office, dpop, good)).toMatchObject({ status: 200 })

  const { size } = office
  const challenge = 'DPoP algs="EdDSA ES256"'
  expect(await ask(office, `Bearer ${token}`)).toMatchObject({ status: 401, code: 'proof_needed', challenge })
  expect(await ask(office, `Bearer ${token}`, prove())).toMatchObject({ status: 401, code: 'proof_needed' })
  expect(await ask(office, dpop)).toMatchObject({ status: 401, code: 'proof_needed' })
  const because: readonly (readonly [string, string])[] = [
    [good, 'replayed'],
    [prove({}, other), 'another_key'],
    [prove({ method: 'DELETE' }), 'wrong_request'],
    [prove({ url: `${ORIGIN}/api/v1/releases` }), 'wrong_request'],
    [prove({ url: `https://evil.example${CURRENT}` }), 'wrong_request'],
    [prove({ accessToken: 'cs_another' }), 'wrong_token'],
    [prove({ at: office.port.clock() - 31_000 }), 'stale'],
    [prove({ at: office.port.clock() + 32_000 }), 'stale'],
    ['e30.e30.AA', 'malformed'],
  ]
  for (const [proof, reason] of because)
    expect(await ask(office, dpop, proof)).toMatchObject({ status: 401, code: 'proof_refused', because: reason })
  expect(office.size).toBe(size)
})

test('a person’s token is not bound, and is refused where it is said to be', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const { privateKey } = generateKeyPairSync('ed25519')
  expect(await ask(office, `Bearer ${ana.token}`)).toMatchObject({ status: 200 })
  expect(await ask(office, `DPoP ${ana.token}`, proofOf(office, privateKey, ana.token))).toMatchObject({ status: 401 })
})

test('a key on P-256 binds as well as one on Ed25519', async () => {
  await using office = await Office.open()
  await setUp(office)
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ciToken = office.company.ciToken()
  const proof = base64.encode(
    sign('sha256', sha256(utf8.encode(ciToken)), { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  )
  const spki = base64.encode(publicKey.export({ format: 'der', type: 'spki' }))
  const { body } = await office.post('/api/v1/logins', { method: 'job', token: ciToken, publicKey: spki, proof })
  const { token } = body.result
  expect(await ask(office, `DPoP ${token}`, proofOf(office, privateKey, token))).toMatchObject({ status: 200 })
})

/** Whoever has the log and the evidence decides the same. */
async function expectSameAgain({ company }: Office): Promise<void> {
  const { same, different, treeSize } = await replayLog({ path: company.directory })
  expect({ same, different }).toEqual({ same: treeSize, different: [] })
}

function renew(office: Office, { token, key }: { token: string; key: KeyObject }, claims: object = {}, by = key) {
  const fresh = office.company.ciToken(claims as Record<string, unknown>)
  return renewWith(office, token, fresh, by)
}

function renewWith(office: Office, token: string, fresh: string, by: KeyObject) {
  return office.post(`${CURRENT}/renewals`, office.renewal(by, fresh), token)
}

test('a login lives for an hour, and longer by a fresh token of the same run and key', async () => {
  let now = Date.now()
  await using office = await Office.open({ clock: () => now })
  await setUp(office)
  const job = await office.job({ check_run_id: '77' })
  expect(Date.parse(job.answer.body.result.expiresAt) - now).toBe(HOUR_MS)

  now += HOUR_MS / 2
  const renewed = await renew(office, job, { check_run_id: '77' })
  expect([renewed.status, renewed.body.type]).toEqual([201, 'login.renewed'])
  expect(Date.parse(renewed.body.result.expiresAt) - now).toBe(HOUR_MS)
  now += HOUR_MS - 1_000
  expect((await office.get(CURRENT, job.token)).status).toBe(200)
  now += 1_000
  expect((await office.get(CURRENT, job.token)).body.code).toBe('login_expired')
  expect((await renew(office, job, { check_run_id: '77' })).body.code).toBe('login_expired')
})

test('no token of another job, run, attempt, or seen before, or without the key, renews it', async () => {
  await using office = await Office.open()
  await setUp(office)
  const own = { check_run_id: '77' }
  const job = await office.job(own)
  const code = async (claims: object) => (await renew(office, job, claims)).body.code
  expect(await code({ check_run_id: '78' })).toBe('another_run')
  expect(await code({})).toBe('another_run')
  expect(await code({ ...own, run_id: '13' })).toBe('another_run')
  expect(await code({ ...own, run_attempt: '2' })).toBe('another_run')
  expect(await code({ ...own, repository_id: '666', repository: 'evil/shop' })).toBe('another_run')
  expect(await code({ ...own, event_name: 'pull_request' })).toBe('policy_refused')
  expect(await code({ ...own, aud: 'https://elsewhere.example' })).toBe('wrong_audience')
  const stranger = generateKeyPairSync('ed25519').privateKey
  expect((await renew(office, job, own, stranger)).body.code).toBe('bad_key_proof')
  const fresh = office.company.ciToken(own)
  expect((await renewWith(office, job.token, fresh, job.key)).status).toBe(201)
  expect((await renewWith(office, job.token, fresh, job.key)).body.code).toBe('token_reused')
  await expectSameAgain(office)
})

test('jobs of one run that their CI does not tell apart are two, unless they hold one key', async () => {
  await using office = await Office.open()
  await setUp(office)
  const [one, two, same] = [await office.job(), await office.job(), await office.job({ check_run_id: '5' })]
  const again = await office.job({ check_run_id: '5' })
  const idOf = ({ answer }: typeof one) => answer.body.result.who.id
  expect(idOf(one)).not.toBe(idOf(two))
  expect(idOf(same)).toBe(idOf(again))
})

test('when its CI says that a job is over, its login ends, and with it what it holds', async () => {
  await using office = await Office.open()
  const { ana } = await setUp(office)
  const job = await office.job({ check_run_id: '77' })
  await office.job({ check_run_id: '78' })
  const state = office.port.ledger.state as State
  const meant = loginsOf({ issuer: ISSUER, runId: '12', ciJobId: '77' }, state)
  expect(meant).toHaveLength(1)
  expect(loginsOf({ issuer: ISSUER, runId: '12' }, state)).toHaveLength(2)
  const over = { command: { type: 'end job', login: meant[0]! }, caller: systemCaller('forge') } as const
  expect((await office.company.ask(over)).decision.event.type).toBe('login.ended')
  expect((await office.get(CURRENT, job.token)).body.code).toBe('login_revoked')
  expect((await office.company.ask(over)).decision).toMatchObject({ outcome: 'refused', reason: 'login_unknown' })
  expect((await office.get(CURRENT, ana.token)).status).toBe(200)
  await expectSameAgain(office)
})

test('an issuer whose jobs get one token can be trusted with longer logins', async () => {
  await using office = await Office.open()
  const { ana } = await setUp(office)
  const trusted = { issuer: ISSUER, kind: 'github', loginLifetimeMs: 6 * HOUR_MS }
  expect((await office.post('/api/v1/issuers', trusted, ana.token)).status).toBe(201)
  const { answer } = await office.job()
  expect(Date.parse(answer.body.result.expiresAt) - office.port.clock()).toBeGreaterThan(5 * HOUR_MS)
  const endless = { ...trusted, loginLifetimeMs: 24 * HOUR_MS }
  expect((await office.post('/api/v1/issuers', endless, ana.token)).status).toBe(400)
})

test('who starts a run with an account that is known to be theirs cannot approve what it asks for', async () => {
  await using office = await Office.open()
  const story = await setUp(office)
  const { ana, ben, cleo } = story
  const linked = await office.post('/api/v1/people/@ben/accounts', { issuer: ISSUER, account: '1002' }, ana.token)
  expect([linked.status, linked.body.type]).toEqual([201, 'account.linked'])
  expect(linked.body.leaf).not.toContain('1002')
  const taken = await office.post('/api/v1/people/@cleo/accounts', { issuer: ISSUER, account: '1002' }, ana.token)
  expect(taken.body.code).toBe('account_taken')
  const elsewhere = { issuer: 'https://other.example', account: '1002' }
  expect((await office.post('/api/v1/people/@cleo/accounts', elsewhere, ana.token)).body.code).toBe('issuer_unknown')
  const own = { issuer: ISSUER, account: '77' }
  expect((await office.post('/api/v1/people/@ben/accounts', own, ben.token)).body.code).toBe('policy_refused')

  const { release } = await requestRelease(story, { actor: 'ben-at-ci', actor_id: '1002' })
  expect((await office.decide(ben, release, 'approvals')).body.code).toBe('own_release')
  expect((await office.decide(cleo, release, 'approvals')).status).toBe(201)

  const issuer = encodeURIComponent(ISSUER)
  expect((await office.ask('DELETE', `/api/v1/people/@ben/accounts/${issuer}`, { as: ana.token })).status).toBe(200)
  const again = await office.ask('DELETE', `/api/v1/people/@ben/accounts/${issuer}`, { as: ana.token })
  expect(again.body.code).toBe('no_such_account')
  const other = await requestRelease(story, { actor_id: '1002', check_run_id: '9' })
  expect((await office.decide(ben, other.release, 'approvals')).status).toBe(201)
  await expectSameAgain(office)
})
