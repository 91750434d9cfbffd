import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Office, type Worker } from './office.ts'

let office: Office
let ana: Worker
let now = Date.now()
beforeAll(async () => {
  office = await Office.open({ clock: () => now })
  ana = await office.admin()
})
afterAll(() => office[Symbol.asyncDispose]())

async function begin() {
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const asked = await office.get(
    `/api/v1/logins/devices?${new URLSearchParams({ challenge, host: 'build-7', program: 'countersign of ana' })}`,
  )
  expect(asked.status).toBe(200)
  const poll = async (shown = verifier) => {
    now += 2_000
    return office.post('/api/v1/logins/devices/polls', { device: asked.body.device, verifier: shown })
  }
  return { ...(asked.body as { userCode: string; device: string }), poll }
}

async function confirm(code: string, challenge?: string) {
  const { body } = await office.get(`/api/v1/logins/devices/${code}`)
  const assertion = office.sign(ana, challenge ?? body.challenge)
  return office.post(`/api/v1/logins/devices/${code}/confirmation`, { assertion })
}

test('a person sees who asks and from where, confirms with a passkey, and that program alone is signed in, once', async () => {
  const { userCode, poll } = await begin()
  expect((await poll()).body.code).toBe('authorization_pending')
  const { body: shown } = await office.get(`/api/v1/logins/devices/${userCode}`)
  expect(shown).toMatchObject({ ip: '127.0.0.1', host: 'build-7', program: 'countersign of ana' })
  const before = office.size
  const confirmed = await confirm(userCode)
  expect([confirmed.status, confirmed.body.type, office.size - before]).toEqual([201, 'login.opened', 1])
  expect(confirmed.body.result).toEqual({})
  expect((await poll(randomBytes(32).toString('base64url'))).body.code).toBe('expired_token')
  const taken = await poll()
  expect([taken.status, taken.body.type, taken.body.leafIndex]).toEqual([200, 'login.opened', confirmed.body.leafIndex])
  expect((await office.get('/api/v1/logins/current', taken.body.result.token)).body.who.id).toBe(ana.id)
  expect((await poll()).body.code).toBe('expired_token')
  expect((await office.get(`/api/v1/logins/devices/${userCode}`)).status).toBe(404)
})

test('a signature for something else, or by nobody, confirms nothing; a code ends after ten minutes', async () => {
  const { userCode, poll } = await begin()
  const other = await begin()
  const { body: elsewhere } = await office.get(`/api/v1/logins/devices/${other.userCode}`)
  expect((await confirm(userCode, elsewhere.challenge)).body.code).toBe('challenge_unknown')
  const { body: plain } = await office.get('/api/v1/logins/challenge')
  expect((await confirm(userCode, plain.challenge)).body.code).toBe('challenge_unknown')
  expect((await poll()).body.code).toBe('authorization_pending')
  now -= 1_900
  expect((await poll()).body.code).toBe('slow_down')
  now += 10 * 60_000
  expect((await poll()).body.code).toBe('expired_token')
  expect((await office.get(`/api/v1/logins/devices/${userCode}`)).status).toBe(404)
})

test('nobody guesses codes: after some tries an address waits', async () => {
  const answers = []
  for (let index = 0; index < 40; index += 1)
    answers.push((await office.get('/api/v1/logins/devices/BBBB-BBBB')).status)
  expect(answers).toContain(404)
  expect(answers.at(-1)).toBe(429)
})
