/** A package goes to whom the policies let take it, is named in the log, and is kept no longer than needed. */

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { digestOf } from '../../src/bytes/digest.ts'
import { bearerCaller } from '../../src/control/authenticate.ts'
import { isRefusal } from '../../src/evidence/refusal.ts'
import { Office, type Worker } from '../http/office.ts'
import { check } from './world.ts'

let now = Date.now()
let office: Office
let root: Worker
let otto: Worker
let dana: Worker
beforeAll(async () => {
  office = await Office.open({ clock: () => now })
  root = await office.admin()
  otto = await office.person(root, 'otto', ['auditor'])
  dana = await office.person(root, 'dana', ['developer'])
})
afterAll(() => office[Symbol.asyncDispose]())

const PERIOD = { from: '0', to: '5' }
const ask = (body: object, as: Worker) => office.post('/api/v1/evidence-packages', body, as.token)
const fetchBytes = async (digest: string, as: Worker) => {
  const headers = { host: 'localhost:7443', authorization: `Bearer ${as.token}` }
  return office.app.inject({ url: `/api/v1/evidence-packages/${digest}`, headers })
}

test('an auditor takes a package away, and the log says which', async () => {
  const { status, body } = await ask({ ...PERIOD, framework: 'soc2' }, otto)
  expect(status).toBe(201)
  const { rawPayload, statusCode } = await fetchBytes(body.result.digest, otto)
  expect(statusCode).toBe(200)
  expect(digestOf(rawPayload)).toBe(body.result.digest)
  expect(await check(rawPayload, { logKeys: [office.company.instance.logKey] })).toMatchObject({ isGood: true })
  expect(JSON.parse(body.leaf)).toMatchObject({
    type: 'dev.countersign.evidence.exported.v1',
    data: { event: { from: 0, to: 5, digest: body.result.digest, framework: 'soc2' }, caller: { id: otto.id } },
  })
})

test('one package is made at a time', async () => {
  const answers = await Promise.all([ask(PERIOD, otto), ask(PERIOD, root), ask(PERIOD, otto)])
  const statuses = answers.map(({ status }) => status).sort()
  expect(statuses[0]).toBe(201)
  expect(statuses.slice(1)).toEqual([503, 503])
  expect((await ask(PERIOD, root)).status).toBe(201)
})

test('nobody else fetches it, and after a quarter of an hour nobody does', async () => {
  const period = { ...PERIOD, to: '4' }
  const { body } = await ask(period, otto)
  expect((await fetchBytes(body.result.digest, root)).statusCode).toBe(404)
  now += 15 * 60_000 + 1
  expect((await fetchBytes(body.result.digest, otto)).statusCode).toBe(404)
  expect((await fetchBytes(`sha256:${'0'.repeat(64)}`, otto)).statusCode).toBe(404)
})

test('a developer is refused, in a leaf, before anything is made', async () => {
  const exports = join(office.company.directory, 'exports')
  const before = readdirSync(exports).length
  const { status, body } = await ask(PERIOD, dana)
  expect(status).toBe(403)
  expect(body).toMatchObject({ code: 'policy_refused', leafIndex: office.size - 1 })
  expect(JSON.parse(body.receipt.leaf).type).toBe('dev.countersign.evidence.refused.v1')
  expect(readdirSync(exports).length).toBe(before)
})

test.each([
  [{ from: 'yesterday', to: '5' }, 400, /leaf index, a day/],
  [{ from: '2026-02-30', to: '5' }, 400, /leaf index, a day/],
  [{ from: '5', to: '5' }, 409, /No leaf/],
  [{ from: '0', to: '99999' }, 409, /ends at/],
  [{ from: '1999-01-01', to: '1999-12-31' }, 409, /No leaf/],
  [{ ...PERIOD, samples: -1 }, 400, /./],
  [{ ...PERIOD, framework: 'feelings' }, 400, /./],
])('%j is refused', async (body, status, detail) => {
  const size = office.size
  const answer = await ask(body, otto)
  expect(answer.status).toBe(status)
  expect(answer.body.detail).toMatch(detail)
  expect(office.size).toBe(size)
})

test('an erasure takes every package along', async () => {
  const { body } = await ask(PERIOD, otto)
  const asked = { reason: 'as agreed', fields: ['userAgent'] }
  const erased = await office.post('/api/v1/people/@dana/erasures', asked, root.token)
  expect(erased.body).toMatchObject({ outcome: 'allowed' })
  await expect.poll(() => existsSync(join(office.company.directory, 'exports'))).toBe(false)
  expect((await fetchBytes(body.result.digest, otto)).statusCode).toBe(404)
})

test.each([0, 10])(
  'who goes away %i ms after asking for a package, holds up nobody and leaves nothing behind',
  async (afterMs) => {
    const { exports, ledger } = office.port
    const caller = bearerCaller(root.token, ledger.state)
    if (isRefusal(caller)) throw new Error(caller.because)
    const [size, gone] = [office.size, new AbortController()]
    const given = exports.give({ ...PERIOD, samples: 0, nonce: '' }, { caller }, gone.signal)
    await setTimeout(afterMs)
    gone.abort()
    expect(await given).toMatchObject({ refused: 'busy' })
    expect(office.size).toBe(size)
    expect(readdirSync(join(office.company.directory, 'exports')).filter((name) => name.endsWith('.parts'))).toEqual([])
    expect((await ask(PERIOD, root)).status).toBe(201)
  },
)
