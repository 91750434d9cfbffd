import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Idempotency, type Answer, type Once } from '../../src/http/idempotency.ts'
import { Office, type Worker } from './office.ts'

const once: Once = { caller: 'login:a', key: 'k', digest: 'd', isSecret: false }
const DAY_MS = 24 * 3_600_000

function counter(status = 201) {
  let runs = 0
  const work = async (): Promise<Answer> => ({ status, text: `answer ${(runs += 1)}` })
  return { work, runs: () => runs }
}

describe('a request with a key', () => {
  test('is done once a day for each caller', async () => {
    const memory = new Idempotency()
    const { work, runs } = counter()
    for (const at of [0, 1, DAY_MS - 1])
      expect(await memory.once(once, at, work)).toEqual({ kind: 'answer', answer: { status: 201, text: 'answer 1' } })
    await memory.once({ ...once, caller: 'login:b' }, 1, work)
    await memory.once(once, DAY_MS, work)
    expect(runs()).toBe(3)
  })

  test('that says something else is a mismatch, also while the first one runs', async () => {
    const memory = new Idempotency()
    const running = Promise.withResolvers<Answer>()
    const first = memory.once(once, 0, () => running.promise)
    expect(await memory.once({ ...once, digest: 'other' }, 0, counter().work)).toEqual({ kind: 'mismatch' })
    const waiting = memory.once(once, 0, counter().work)
    running.resolve({ status: 201, text: 'the one' })
    expect([await first, await waiting]).toEqual(
      Array.from({ length: 2 }, () => ({ kind: 'answer', answer: { status: 201, text: 'the one' } })),
    )
  })

  test('that failed may be tried again, by whoever waited for it too', async () => {
    const memory = new Idempotency()
    const running = Promise.withResolvers<Answer>()
    const first = memory.once(once, 0, () => running.promise)
    const { work, runs } = counter()
    const waiting = memory.once(once, 0, work)
    running.reject(new Error('disk full'))
    await expect(first).rejects.toThrow('disk full')
    expect(await waiting).toMatchObject({ answer: { text: 'answer 1' } })
    await memory.once({ ...once, key: 'busy' }, 0, counter(503).work)
    await memory.once({ ...once, key: 'busy' }, 0, work)
    expect(runs()).toBe(2)
  })

  test('is remembered, but its secret is not for long', async () => {
    vi.useFakeTimers()
    try {
      const memory = new Idempotency()
      const secret = { ...once, isSecret: true }
      await memory.once(secret, 0, counter().work)
      vi.advanceTimersByTime(5 * 60_000)
      expect(await memory.once(secret, 0, counter().work)).toEqual({ kind: 'forgotten' })
    } finally {
      vi.useRealTimers()
    }
  })

  test('cannot fill the memory: the oldest are forgotten, of a caller and of all', async () => {
    const memory = new Idempotency()
    const big = async () => ({ status: 201, text: 'x'.repeat(1 << 20) })
    for (let index = 0; index < 40; index += 1) await memory.once({ ...once, key: String(index) }, 0, big)
    const { work, runs } = counter()
    await memory.once({ ...once, key: '0' }, 0, work)
    await memory.once({ ...once, key: '39' }, 0, work)
    expect(runs()).toBe(1)
    for (let index = 0; index < 1_100; index += 1) await memory.once({ ...once, key: `small ${index}` }, 0, work)
    const before = runs()
    await memory.once({ ...once, key: 'small 0' }, 0, work)
    await memory.once({ ...once, key: 'small 1099' }, 0, work)
    expect(runs()).toBe(before + 1)
  })
})

describe('over HTTP', () => {
  let office: Office
  let ana: Worker
  beforeAll(async () => {
    office = await Office.open()
    ana = await office.admin()
  })
  afterAll(() => office[Symbol.asyncDispose]())

  const issuer = (name: string) => ({ issuer: `https://${name}.example`, kind: 'github' })
  const trust = (name: string, key: string) =>
    office.post('/api/v1/issuers', issuer(name), ana.token, { 'idempotency-key': key })

  test('the same request twice is one leaf and one answer', async () => {
    const before = office.size
    const answers = await Promise.all([trust('one', 'k1'), trust('one', 'k1'), trust('one', 'k1')])
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect([answers[0]!.status, office.size]).toEqual([201, before + 1])
    expect((await trust('one', 'k1')).text).toBe(answers[0]!.text)
    expect(office.size).toBe(before + 1)
  })

  test('another body or path with the same key is refused', async () => {
    const before = office.size
    for (const answer of [
      await trust('two', 'k1'),
      await office.post('/api/v1/log/rotation', {}, ana.token, { 'idempotency-key': 'k1' }),
    ])
      expect([answer.status, answer.body.code]).toEqual([422, 'idempotency_mismatch'])
    expect(office.size).toBe(before)
  })

  test('a refusal that is a leaf is answered again with the same leaf', async () => {
    const ask = () =>
      office.post('/api/v1/people/@ana/roles', { role: 'approver' }, ana.token, { 'idempotency-key': 'k2' })
    const [first, second] = [await ask(), await ask()]
    expect([first.status, second.body.leafIndex]).toEqual([403, first.body.leafIndex])
    expect(second.headers['content-type']).toMatch(/^application\/problem\+json/)
  })

  test('a key is visible text, and short', async () => {
    expect((await trust('three', 'k'.repeat(256))).status).toBe(400)
    expect((await trust('three', 'a b')).status).toBe(400)
  })
})
