import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Home } from './command-line.ts'
import { FakeServer } from './fake-server.ts'
import { rowOf, ana } from './world.ts'

type Line = Record<string, unknown> & { leaf?: string }

async function openPlace(change: (lines: Line[]) => Line[] = (lines) => lines) {
  const server = await FakeServer.open()
  const home = new Home(server)
  for (let count = 0; count < 5; count += 1) server.receipt('x.happened', {})
  server.on('GET', '/api/v1/exports/leaves', ({ query }) => {
    const leaves = server.leaves.map((leaf, leafIndex) => ({
      leafIndex,
      leaf,
      hashes: server.proof(leafIndex).hashes,
      row: rowOf(leafIndex),
    }))
    const head = {
      query: query.get('q'),
      origin: 'x',
      total: 5,
      treeSize: 5,
      rootHash: '',
      checkpoint: server.checkpoint(),
    }
    const format = query.get('format')
    if (format === 'csv') return { raw: (response) => response.end('leafIndex\r\n0\r\n') }
    const lines = change([{ export: head }, ...leaves, { end: { leaves: 5 } }]).map((line) => JSON.stringify(line))
    if (format === 'jsonl') return { raw: (response) => response.end(`${lines.join('\n')}\n`) }
    const [first, ...rest] = lines
    const last = rest.pop()!
    const body = `${first!.slice('{"export":'.length, -2)},"leaves":[\n${rest.join('\n,')}\n],${last.slice(1)}\n`
    return { raw: (response) => response.end(body) }
  })
  return {
    server,
    file: home.path('out'),
    run: (...args: string[]) => home.run(args, { env: home.signedIn() }),
    [Symbol.asyncDispose]: async () => {
      home[Symbol.dispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

test.each(['jsonl', 'json'])('an export as %s is verified leaf by leaf and kept', async (format) => {
  await using place = await openPlace()
  const { stdout, code } = await place.run(
    'trail',
    'query',
    'outcome:allowed',
    '--export',
    place.file,
    '--format',
    format,
  )
  expect(stdout).toContain('5 leaves, each verified in the tree of 5 leaves')
  expect(code).toBe(0)
  expect(place.server.seenAt('GET', '/api/v1/exports/leaves')[0]!.query.get('q')).toBe('outcome:allowed')
  const text = readFileSync(place.file, 'utf8')
  const kept =
    format === 'json'
      ? (JSON.parse(text) as { leaves: Line[] }).leaves
      : text
          .trim()
          .split('\n')
          .slice(1, -1)
          .map((line) => JSON.parse(line) as Line)
  expect(kept.map(({ leaf }) => leaf)).toEqual(place.server.leaves)
})

test.each<[string, (lines: Line[]) => Line[]]>([
  ['a changed leaf', (lines) => lines.map((line, index) => (index === 2 ? { ...line, leaf: '{"type":"y"}' } : line))],
  ['a leaf that is left out', (lines) => lines.filter((_, index) => index !== 2)],
  ['a leaf that comes twice', (lines) => [...lines.slice(0, 3), lines[2]!, ...lines.slice(3)]],
  ['an end that is missing', (lines) => lines.slice(0, -1)],
  ['something behind the end', (lines) => [...lines, lines[1]!]],
  ['no beginning', (lines) => lines.slice(1)],
])('an export with %s exits 5 and leaves no file', async (_, change) => {
  await using place = await openPlace(change)
  const { code } = await place.run('trail', 'query', '--export', place.file)
  expect(code).toBe(5)
  expect(existsSync(place.file) || existsSync(`${place.file}.part`)).toBe(false)
})

test('an export signed by another key is not believed', async () => {
  await using place = await openPlace()
  await place.run('trail', 'query', '--export', place.file)
  place.server.changeKey()
  expect((await place.run('trail', 'query', '--export', place.file)).code).toBe(5)
})

test('a table is written and says that it proves nothing; a format alone is a mistake', async () => {
  await using place = await openPlace()
  expect((await place.run('trail', 'query', '--export', place.file, '--format', 'csv')).stdout).toContain(
    'csv carries no proofs',
  )
  expect((await place.run('trail', 'query', '--format', 'csv')).code).toBe(2)
  expect((await place.run('trail', 'query', '--export', place.file, '--format', 'xlsx')).code).toBe(2)
})

test('counts are a table', async () => {
  await using place = await openPlace()
  const counts = { by: 'who', values: [{ value: 'person:a', count: 3, who: ana }] }
  place.server.on('GET', '/api/v1/leaves', () => ({ body: { rows: [rowOf(1)], total: 3, counts } }))
  const { stdout } = await place.run('trail', 'query', '| count by who')
  expect(stdout).toBe('LEAVES  WHO\n3       @ana\n')
})
