import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openTrail, type Indexed, type Trail } from '../../src/index/trail.ts'
import { parseQuery } from '../../src/match/parse.ts'
import { everything, isProblem, type Query } from '../../src/match/query.ts'

const directory = mkdtempSync(join(tmpdir(), 'trail-'))
afterAll(() => rmSync(directory, { recursive: true }))

const origin = 'log.example'
const HASH = '4be0c11c84c4d7f0a9c2b7e65d4f1e7f6f0c9a11'
const memory = () => openTrail({ file: ':memory:', origin })

function row(leafIndex: number, more: Partial<Indexed> = {}): Indexed {
  return {
    leafIndex,
    id: `id-${leafIndex}`,
    at: 1_700_000_000_000 + leafIndex * 1_000,
    type: 'role.assigned',
    outcome: 'allowed',
    who: 'person:abcdefghij',
    kind: 'person',
    sentence: `made {person:klmnopqrst} admin`,
    policies: ['admins-administer'],
    identifiers: [`leaf-${leafIndex}`],
    ...more,
  }
}

function query(text: string): Query {
  const parsed = parseQuery(text, 0)
  if (isProblem(parsed)) throw new Error(parsed.problem)
  return parsed
}

const indexesOf = (trail: Trail, text: string, limit = 500) =>
  trail.search({ query: query(text), limit }).rows.map(({ leafIndex }) => leafIndex)

test('a row comes back as it was put in', () => {
  using trail = memory()
  const full = row(0, {
    environment: 'production',
    reason: 'own_release',
    resource: { kind: 'release', id: 'release:0123456789', name: 'shop 4be0c11' },
  })
  const bare = row(1, { policies: [] })
  expect(trail.append([full, bare])).toBe(true)
  const stored = [full, bare].map(({ identifiers: _, ...rest }) => rest)
  expect(trail.rows([1, 0])).toEqual(stored)
  expect(trail.search({ query: everything, limit: 10 }).rows).toEqual(stored.toReversed())
})

test('rows are taken in order only, so that what is searched has no gap', () => {
  using trail = memory()
  expect(trail.append([row(1)])).toBe(false)
  expect(trail.append([row(0), row(2)])).toBe(false)
  expect(trail.append([row(0)])).toBe(true)
  expect(trail.append([row(0)])).toBe(false)
  expect(trail.size).toBe(1)
})

test('pages follow each other in both directions', () => {
  using trail = memory()
  trail.append(Array.from({ length: 25 }, (_, index) => row(index)))
  const newest = trail.search({ query: everything, limit: 10 })
  expect(newest.rows.map(({ leafIndex }) => leafIndex)).toEqual([24, 23, 22, 21, 20, 19, 18, 17, 16, 15])
  expect(newest.next).toBe(15)
  const last = trail.search({ query: everything, limit: 10, before: 5 })
  expect(last.rows).toHaveLength(5)
  expect(last.next).toBeUndefined()
  const after = trail.search({ query: everything, limit: 10, after: 3 })
  expect(after.rows[0]?.leafIndex).toBe(4)
  expect(after.next).toBe(13)
  expect(after.total).toBe(25)
})

test('an identifier finds every leaf that mentions it, a hash from seven digits on', () => {
  using trail = memory()
  trail.append([row(0, { identifiers: [HASH, '0'] }), row(1), row(2, { identifiers: [HASH, HASH] })])
  expect(trail.byIdentifier(HASH)).toEqual([0, 2])
  expect(trail.byIdentifier(`sha256:${HASH}`)).toEqual([0, 2])
  expect(trail.byIdentifier('4be0c11')).toEqual([0, 2])
  expect(trail.byIdentifier('4be0c1')).toEqual([])
  expect(trail.byIdentifier('#0')).toEqual([0])
  expect(trail.byIdentifier("0' OR 1=1 --")).toEqual([])
})

test('text is found by its words, whatever stands between them', () => {
  using trail = memory()
  trail.append([row(0, { sentence: `100% of a_b 'c' \\d, Größe` }), row(1, { sentence: '1000 of axb' })])
  for (const word of ['"100%"', 'a_b', "'c'", '\\d', 'A_B', 'größ', '"of a b"', '"100 of"'])
    expect(indexesOf(trail, word), word).toEqual(word === '"100%"' ? [1, 0] : [0])
})

test('a disclosed address is found by its network, and not any more once it is erased', () => {
  using trail = memory()
  trail.append([row(0, { ip: '192.0.2.7' }), row(1, { ip: '2001:db8::7' }), row(2)])
  expect(indexesOf(trail, 'ip:192.0.2.0/24')).toEqual([0])
  expect(indexesOf(trail, 'ip:2001:db8::/32')).toEqual([1])
  expect(indexesOf(trail, '-exists:ip')).toEqual([2])
  trail.erase([0])
  expect(indexesOf(trail, 'ip:0.0.0.0/0')).toEqual([])
  expect(trail.size).toBe(3)
})

test('counts by a field are exact, most frequent first', () => {
  using trail = memory()
  trail.append(Array.from({ length: 9 }, (_, index) => row(index, { who: `job:${index % 2}`, kind: 'job' })))
  const { tally } = trail.search({ query: query('leaf:<7 | count by who | top 1'), limit: 1 })
  expect(tally).toEqual({ by: 'who', values: [{ value: 'job:0', count: 4 }] })
  expect(trail.search({ query: query('| count by env'), limit: 1 }).tally).toEqual({ by: 'env', values: [] })
})

test('the activity of a day counts what was allowed and refused by the hour', () => {
  using trail = memory()
  const at = (minute: number) => ({ at: minute * 60_000 })
  const refusal = { outcome: 'refused', reason: 'unsigned' }
  trail.append([
    row(0, at(5)),
    row(1, at(61)),
    row(2, { ...at(62), ...refusal }),
    row(3, { ...at(130), outcome: 'recorded' }),
  ])
  const { buckets, byReason } = trail.activity(30 * 60_000, 60 * 60_000, 2)
  expect(buckets).toEqual([
    { from: 30 * 60_000, allowed: 1, refused: 1 },
    { from: 90 * 60_000, allowed: 0, refused: 0 },
  ])
  expect(byReason).toEqual([{ reason: 'unsigned', count: 1 }])
})

test('what was written is there again after a restart, and is forgotten for another log, version or a broken file', () => {
  const file = join(directory, 'trail.db')
  const open = (from = origin) => openTrail({ file, origin: from })
  {
    using trail = open()
    trail.append([row(0, { label: { id: 'job:0123456789', text: 'acme/shop run 12/1' } }), row(1)])
  }
  {
    using trail = open()
    expect(trail.size).toBe(2)
    expect(trail.labelOf('job:0123456789')).toBe('acme/shop run 12/1')
  }
  {
    using trail = open('other.example')
    expect(trail.size).toBe(0)
    trail.append([row(0)])
  }
  writeFileSync(file, 'not a database at all, but longer than a header of one would be'.repeat(20))
  {
    using trail = open('other.example')
    expect(trail.size).toBe(0)
    expect(trail.append([row(0)])).toBe(true)
    trail.flush()
    expect(trail.trouble).toBeUndefined()
    trail.clear()
    expect(trail.size).toBe(0)
    expect(trail.labelOf('job:0123456789')).toBeUndefined()
  }
})

test('a failed write loses nothing but the queue, and says so', () => {
  using trail = memory()
  trail.append([row(0)])
  trail.flush()
  trail.append([row(1, { sentence: undefined as unknown as string }), row(2)])
  trail.flush()
  expect(trail.trouble).toMatch(/couldn't index leaves from 1 on/)
  expect(trail.size).toBe(1)
  expect(trail.append([row(1)])).toBe(true)
  trail.flush()
  expect(trail.trouble).toBeUndefined()
})
