/** Observations over HTTP: each line is a leaf or none is; one receipt proves them; whoever sends too much is told to wait. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { base64, utf8 } from '../../src/bytes/text.ts'
import { read } from '../../src/domain/leaf.ts'
import { replayLog } from '../../src/control/replay.ts'
import { Gate } from '../../src/http/gate.ts'
import { leafHash } from '../../src/tlog/hash.ts'
import { verifyInclusion } from '../../src/tlog/verify.ts'
import { Office, type Answer } from './office.ts'
import { requestRelease, setUp, type Story } from './story.ts'

let story: Story
let office: Office
let asked: Awaited<ReturnType<typeof requestRelease>>
beforeAll(async () => {
  office = await Office.open()
  story = await setUp(office)
  asked = await requestRelease(story)
})
afterAll(() => office[Symbol.asyncDispose]())

const AT = '2026-11-18T11:00:00+01:00'
const step = { kind: 'step.ended', at: AT, status: 'passed' }

function send(lines: readonly unknown[] | string, as: string, headers: Readonly<Record<string, string>> = {}) {
  const body = typeof lines === 'string' ? lines : `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`
  return office.post('/api/v1/observations', body, as, { 'content-type': 'application/x-ndjson', ...headers })
}

const leafAt = async (leafIndex: number) => read(await office.port.ledger.log.leaf(leafIndex))

describe('a job', () => {
  test('reports on its run and its release; each line is a leaf in its order, and one proof covers them', async () => {
    const before = office.size
    const about = { kind: 'release', id: asked.release }
    const facts = { failed: 0, report: 'junit.xml', isRetry: false, log: `sha256:${'a'.repeat(64)}` }
    const { status, body } = await send([step, { ...step, about }, { ...step, facts, durationMs: 5 }], asked.job.token)
    expect(status).toBe(200)
    expect(body.result).toEqual({ firstLeafIndex: before, lines: 3, refused: [] })
    expect([body.leafIndex, office.size]).toEqual([before + 2, before + 3])
    const { treeSize, rootHash, hashes } = body.proof
    const path = hashes.map((hash: string) => base64.decode(hash))
    const proves = (leafIndex: number) =>
      verifyInclusion(leafIndex, treeSize, leafHash(utf8.encode(body.leaf)), path, base64.decode(rootHash))
    expect([proves(body.leafIndex), proves(before)]).toEqual([true, false])
    const leaves = await Promise.all([0, 1, 2].map((index) => leafAt(before + index)))
    const claimedAt = Date.parse(AT)
    expect(leaves.map(({ event }) => event)).toMatchObject([
      { type: 'observation.recorded', kind: 'step.ended', claimedAt, status: 'passed' },
      { type: 'observation.recorded', release: asked.release },
      { type: 'observation.recorded', facts, durationMs: 5 },
    ])
    expect(new Set(leaves.map(({ at }) => at)).size).toBe(1)
    expect(leaves[0]!.policy).toMatchObject({ action: 'observe', determining: ['jobs-observe'] })
  })

  test('says things for people that stand in no leaf, and can be shown', async () => {
    const text = 'asked Ana first'
    const { body } = await send([step, { ...step, text }], asked.job.token)
    const bytes = await office.port.ledger.log.leaf(body.leafIndex)
    expect(utf8.decode(bytes)).not.toContain('Ana')
    const { body: shown } = await office.get(`/api/v1/leaves/${body.leafIndex}`, story.ana.token)
    expect(JSON.stringify(shown)).toContain(text)
    expect(read(bytes).personal?._sd).toHaveLength(1)
    // Where the request came from is kept once, beside its first leaf.
    expect((await leafAt(body.result.firstLeafIndex)).personal?._sd).toHaveLength(2)
  })

  test('is refused the release of another job, in a leaf, and its other lines are recorded', async () => {
    const other = await office.job({ sha: asked.commit, jti: 'other', run_id: '77' })
    const about = { kind: 'release', id: asked.release }
    const gone = { kind: 'release', id: 'release:0000000000' }
    const { status, body } = await send([step, { ...step, about }, { ...step, about: gone }, step], other.token)
    expect(status).toBe(200)
    const first = body.result.firstLeafIndex
    expect(body.result.refused).toMatchObject([
      { line: 2, leafIndex: first + 1, code: 'policy_refused', policies: ['observation-of-another-job'] },
      { line: 3, leafIndex: first + 2, code: 'no_such_release', policies: [] },
    ])
    expect(body.result.refused[0].detail).toContain('on the release that it requested')
    expect(await leafAt(first + 1)).toMatchObject({ outcome: 'refused', event: { type: 'observation.refused' } })
    expect(await leafAt(first + 3)).toMatchObject({ outcome: 'allowed' })
  })

  test('whose login is over gets one leaf, however many lines it sends', async () => {
    const over = await office.job({ sha: asked.commit, jti: 'over', run_id: '78' })
    await office.ask('DELETE', '/api/v1/logins/current', { as: over.token })
    const before = office.size
    const { status, body } = await send([step, step, step], over.token)
    expect([status, body.code, office.size - before]).toEqual([401, 'login_revoked', 1])
    expect(await leafAt(before)).toMatchObject({ outcome: 'refused', event: { type: 'principal.refused' } })
  })
})

test('people report by their role', async () => {
  expect((await send([step], story.ana.token)).body.result.refused).toEqual([])
  const auditor = await office.person(story.ana, 'aud', ['auditor'])
  expect((await send([step], auditor.token)).body.result.refused).toMatchObject([{ line: 1, code: 'policy_refused' }])
})

test('what a job reported stands in the chain behind its release, and a thousand reports hide nobody who decided', async () => {
  const about = { kind: 'release', id: asked.release }
  const lines = Array.from({ length: 1_000 }, (_, index) => ({ ...step, about, facts: { index } }))
  expect((await send(lines, asked.job.token)).status).toBe(200)
  const before = await office.get(`/api/v1/why/${asked.release}`, story.ana.token)
  const titles = before.body.chain.map(({ title }: { title: string }) => title)
  expect(titles).toEqual(expect.arrayContaining(['Commit', 'Push', 'Build', 'Provenance', 'Request', 'Report']))
  const { entries } = before.body.chain.find(({ title }: { title: string }) => title === 'Report')
  expect(entries).toHaveLength(50)
  expect(entries.at(-1).sentence).toMatch(/^reported step\.ended for shop [0-9a-f]{7} to production: passed$/)
})

const long = `{"kind":"step.ended","at":"${AT}","text":"${'x'.repeat(8_200)}"}`
const line = JSON.stringify(step)
const wrong: Record<string, readonly [body: string, where: string]> = {
  'nothing at all': ['\n', 'line 1: it is empty'],
  'a line that is not JSON': [`${line}\n{"kind":x}\n${line}`, 'line 2, offset 8: it is not JSON'],
  'a line that ends early': [`${line}\n{"kind":"step.ended"`, 'line 2, offset 20: it is not JSON'],
  'a name twice': [`{"kind":"a.b","kind":"c.d","at":"${AT}"}`, 'line 1, offset 14: duplicate name'],
  'an empty line': [`${line}\n\n${line}`, 'line 2: it is empty'],
  'a character that no JSON begins with': [`${line}\n\u{fffd}`, 'line 2, offset 0: it is not JSON'],
  'a line that is too long': [`${line}\n${long}`, 'line 2: it has more than 8192 bytes'],
  'more lines than are taken': [`${line}\n`.repeat(1_001), 'line 1001: there are at most 1000'],
  'no kind': [`{"at":"${AT}"}`, 'line 1: kind'],
  'a time that is none': ['{"kind":"a.b","at":"yesterday"}', 'line 1: at'],
  'a time before 1970': ['{"kind":"a.b","at":"1969-12-31T23:00:00Z"}', 'line 1: at'],
  'a field that nobody knows': [`{"kind":"a.b","at":"${AT}","note":1}`, 'Unrecognized key'],
  'a sentence as a fact': [`{"kind":"a.b","at":"${AT}","facts":{"by":"Ana Adler"}}`, 'line 1: facts.by'],
  'an address as a fact': [`{"kind":"a.b","at":"${AT}","facts":{"from":"10.1.2.3"}}`, 'line 1: facts.from'],
  'a mail address as a fact': [`{"kind":"a.b","at":"${AT}","facts":{"by":"ana@acme.example"}}`, 'line 1: facts.by'],
  'too many facts': [
    JSON.stringify({ ...step, facts: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`f${i}`, i])) }),
    'line 1: facts: at most 16',
  ],
}

test.each(Object.entries(wrong))(
  '%s refuses the whole request by its line, and nothing is written',
  async (_, [body, where]) => {
    const before = office.size
    const answer = await send(body, asked.job.token)
    expect([answer.status, answer.body.code]).toEqual([400, 'malformed'])
    expect(answer.body.detail).toContain(where)
    expect(answer.body.detail).toContain('nothing of this request was recorded')
    expect(office.size).toBe(before)
  },
)

test('bytes that are not UTF-8, a large body and another type are refused before anything is written', async () => {
  const before = office.size
  const bytes = Buffer.concat([Buffer.from(`${line}\n`), Buffer.from([0xff, 0xfe])])
  const headers = { 'content-type': 'application/x-ndjson' }
  const broken = await office.post('/api/v1/observations', bytes, asked.job.token, headers)
  expect(broken.body.detail).toContain('line 2: it is not UTF-8')
  expect((await send('x'.repeat((1 << 20) + 1), asked.job.token)).status).toBe(413)
  expect((await office.post('/api/v1/observations', step, asked.job.token)).status).toBe(415)
  expect((await office.post('/api/v1/releases', '{}', asked.job.token, headers)).status).toBe(415)
  expect(office.size).toBe(before)
})

test('the same request under one key is done once', async () => {
  const before = office.size
  const key = { 'idempotency-key': 'upload-7' }
  const answers: Answer[] = []
  for (let time = 0; time < 3; time += 1) answers.push(await send([step, step], asked.job.token, key))
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  expect(office.size).toBe(before + 2)
  expect((await send([step], asked.job.token, key)).body.code).toBe('idempotency_mismatch')
})

test('a thousand lines become durable together; what the queue has no room for is told to come again', async () => {
  const before = office.size
  const lines = Array.from({ length: 1_000 }, () => step)
  const answers = await Promise.all(Array.from({ length: 24 }, () => send(lines, asked.job.token)))
  const taken = answers.filter(({ status }) => status === 200)
  expect(taken.length).toBeGreaterThanOrEqual(8)
  expect(office.size).toBe(before + 1_000 * taken.length)
  for (const { status, headers, body } of answers.filter((answer) => answer.status !== 200)) {
    expect([status, headers['retry-after'], body.code]).toEqual([429, '1', 'too_many'])
  }
  expect(answers.some(({ status }) => status === 429)).toBe(true)
  expect((await send([step], asked.job.token)).status).toBe(200)
})

test('a gate lets in so many, so many of one caller, and each who left makes room once', () => {
  const gate = new Gate(3, 2)
  const [a, b] = [gate.enter('a'), gate.enter('a')]
  expect(gate.enter('a')).toBeUndefined()
  expect([gate.enter('b') !== undefined, gate.enter('c')]).toEqual([true, undefined])
  a!()
  a!()
  expect(gate.enter('a')).toBeDefined()
  expect(gate.enter('a')).toBeUndefined()
  b!()
  expect(gate.enter('c')).toBeDefined()
})

test('the log decides every one of them again the same', async () => {
  const { log } = office.port.ledger
  const report = await replayLog({ path: office.company.directory })
  expect(report.different).toEqual([])
  expect(report.same).toBe(log.head.size)
})
