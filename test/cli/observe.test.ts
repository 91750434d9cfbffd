/** `countersign observe`: what is reported, in which batches, and what is said about it. */

import { expect, test } from 'vitest'
import { Home } from './command-line.ts'
import { FakeServer, type Seen } from './fake-server.ts'

type Line = Readonly<Record<string, unknown>>
const linesOf = ({ text }: Seen) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)

async function openPlace() {
  const server = await FakeServer.open()
  const home = new Home(server)
  let next = 100
  server.on('POST', '/api/v1/observations', (seen) => {
    const lines = linesOf(seen)
    const refused = lines.flatMap(({ status }, index) => {
      const told = { line: index + 1, leafIndex: next + index, code: 'policy_refused', detail: 'That is not yours.' }
      return status === 'bad' ? [told] : []
    })
    next += lines.length
    return {
      body: server.receipt('observation.recorded', {
        firstLeafIndex: next - lines.length,
        lines: lines.length,
        refused,
      }),
    }
  })
  return {
    server,
    home,
    sent: () => server.seenAt('POST', '/api/v1/observations'),
    run: (...args: string[]) => home.run(['observe', ...args], { env: home.signedIn() }),
    feed: (stdin: string, ...args: string[]) =>
      home.launch(['observe', ...args], { env: { ...home.env, ...home.signedIn() }, stdin }),
    [Symbol.asyncDispose]: async () => {
      home[Symbol.dispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

test('one observation is made of options', async () => {
  await using place = await openPlace()
  const args = ['--kind', 'test.finished', '--about', 'release:0123456789', '--status', 'passed', '--duration', '90s']
  const facts = ['--fact', 'failed=0', '--fact', 'isRetry=true', '--fact', 'report=junit.xml', '--text', 'ask Ana']
  const { code, stdout } = await place.run(...args, ...facts, '--at', '2026-11-18T10:00:00Z')
  expect([code, stdout]).toEqual([0, 'recorded 1 observation · leaf 100\n'])
  expect(linesOf(place.sent()[0]!)).toEqual([
    {
      ...{ kind: 'test.finished', at: '2026-11-18T10:00:00Z', status: 'passed', durationMs: 90_000, text: 'ask Ana' },
      about: { kind: 'release', id: 'release:0123456789' },
      facts: { failed: 0, isRetry: true, report: 'junit.xml' },
    },
  ])
})

test('stdin is sent a thousand lines at a time, each batch under a key of its own; who names no time means now', async () => {
  await using place = await openPlace()
  const lines = Array.from({ length: 2_300 }, (_, index) => JSON.stringify({ kind: 'step.ended', facts: { index } }))
  const { code, stdout } = await place.feed(`${lines.join('\r\n')}\n\n`, '--json')
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual({
    ...{ recorded: 2_300, refused: [] },
    leaves: [
      { from: 100, to: 1_099 },
      { from: 1_100, to: 2_099 },
      { from: 2_100, to: 2_399 },
    ],
  })
  const sent = place.sent()
  expect(sent.flatMap(linesOf).map(({ facts }) => (facts as { index: number }).index)).toEqual(lines.map((_, i) => i))
  expect(new Set(sent.map(({ headers }) => headers['idempotency-key'])).size).toBe(3)
  expect(sent.every(({ headers }) => headers['content-type'] === 'application/x-ndjson')).toBe(true)
  for (const { at } of sent.flatMap(linesOf)) expect(Math.abs(Date.parse(String(at)) - Date.now())).toBeLessThan(60_000)
})

test('a line that is refused is named with its leaf, and the exit code says so', async () => {
  await using place = await openPlace()
  const lines = ['{"kind":"a.b"}', '{"kind":"a.b","status":"bad"}', '{"kind":"a.b"}']
  const { code, stdout, stderr } = await place.feed(lines.join('\n'))
  expect([code, stdout]).toEqual([3, 'recorded 2 observations · leaves 100-102\n'])
  expect(stderr).toContain('line 2 was refused: That is not yours. · leaf 101')
})

test('a server that is full is asked again, for the same', async () => {
  await using place = await openPlace()
  let isFull = true
  place.server.on('POST', '/api/v1/observations', () => {
    if (!isFull)
      return { body: place.server.receipt('observation.recorded', { firstLeafIndex: 5, lines: 1, refused: [] }) }
    isFull = false
    return { ...place.server.problem(429, 'too_many', 'Later.'), status: 429 }
  })
  expect((await place.run('--kind', 'a.b')).code).toBe(0)
  const keys = place.sent().map(({ headers, text }) => [headers['idempotency-key'], text])
  expect(keys).toHaveLength(2)
  expect(keys[0]).toEqual(keys[1])
})

test('what cannot be sent is said before anything is', async () => {
  await using place = await openPlace()
  expect(await place.feed('{"kind":"a.b"}\nnonsense\n')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('line 2 of stdin'),
  })
  expect(await place.feed('[1]\n')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('line 1 of stdin is not'),
  })
  expect(await place.run('--kind', 'a.b', '--about', 'login:0123456789')).toMatchObject({ code: 2 })
  expect(await place.run('--kind', 'a.b', '--fact', 'failed')).toMatchObject({ code: 2 })
  expect(place.sent()).toEqual([])
})
