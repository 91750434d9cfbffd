/** Segments, full and fresh: what is written for good, what a restart puts together again, and what is erased. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import {
  bitsBetween,
  countOf,
  intersect,
  offsetsOf,
  put,
  noBits,
  SEGMENT,
  subtract,
  unite,
} from '../../src/index/bits.ts'
import { bitsOf, countWithin, postingOf } from '../../src/index/posting.ts'
import { entriesFrom, pagesOf, postingIn } from '../../src/index/run.ts'
import { openTrail, type Trail } from '../../src/index/trail.ts'
import { parseQuery } from '../../src/match/parse.ts'
import { predicateOf } from '../../src/match/predicate.ts'
import { isProblem } from '../../src/match/query.ts'
import { wordsOf } from '../../src/match/word.ts'
import { corpus, NOW } from './corpus.ts'

const directory = mkdtempSync(join(tmpdir(), 'segment-'))
afterAll(() => rmSync(directory, { recursive: true }))

const origin = 'log.example'
const rows = corpus(SEGMENT + 1_000)
const questions = [
  ...['', 'shop', 'gave', '"approval of"', '"role auditor for 2 hours"', 'who:job:*', 'outcome:refused', 'exists:ip'],
  ...[
    'ip:192.0.2.0/25',
    'resource:release',
    'policy:*approve*',
    `id:${rows[SEGMENT + 3]!.id}`,
    'since:10m',
    '| count by who',
  ],
]

function answersOf(trail: Trail): unknown[] {
  return questions.map((text) => {
    const query = parseQuery(text, NOW)
    if (isProblem(query)) throw new Error(query.problem)
    return trail.search({ query, limit: 100 })
  })
}

function find(trail: Trail, text: string): number {
  const query = parseQuery(text, NOW)
  if (isProblem(query)) throw new Error(query.problem)
  return trail.search({ query, limit: 1 }).total
}

/** Everything one database file holds, whatever it is kept beside. */
function bytesOf(file: string): Buffer {
  return Buffer.concat(
    ['', '-wal'].map((suffix) => {
      try {
        return readFileSync(file + suffix)
      } catch {
        return Buffer.of()
      }
    }),
  )
}

const whole = openTrail({ file: ':memory:', origin })
whole.append(rows)
const expected = answersOf(whole)
whole[Symbol.dispose]()

test('rows that came one batch at a time, over restarts, are found as those that came at once', () => {
  const file = join(directory, 'batches.db')
  const sizes = [1, 63, 64, 65, 700, SEGMENT - 900, 5, 2, 1_000]
  for (let from = 0, turn = 0; from < rows.length; turn += 1) {
    using trail = openTrail({ file, origin })
    expect(trail.size).toBe(from)
    const size = sizes[turn % sizes.length]!
    trail.append(rows.slice(from, from + size))
    trail.flush()
    from += size
  }
  using trail = openTrail({ file, origin })
  expect(answersOf(trail)).toEqual(expected)
})

test('a write that fails while a segment becomes full leaves everything as it was', () => {
  using trail = openTrail({ file: ':memory:', origin })
  trail.append(rows.slice(0, SEGMENT - 10))
  trail.flush()
  const broken = { ...rows[SEGMENT + 5]!, sentence: undefined as unknown as string }
  trail.append([...rows.slice(SEGMENT - 10, SEGMENT + 5), broken])
  trail.flush()
  expect(trail.trouble).toMatch(/couldn't index leaves from 16374 on/)
  expect(trail.size).toBe(SEGMENT - 10)
  trail.append(rows.slice(SEGMENT - 10))
  expect(answersOf(trail)).toEqual(expected)
})

const addressOf = (leaf: number) => `2001:db8:77::${leaf.toString(16)}`
const spelled = (leaf: number) =>
  Buffer.from(`20010db80077${'0'.repeat(16)}${leaf.toString(16).padStart(4, '0')}`, 'hex')

test('an address that is erased is gone from full and fresh segments, and from every byte of the file', () => {
  const file = join(directory, 'erased.db')
  const [sealed, fresh] = [1_234, SEGMENT + 500]
  const named = rows.map((row) => ({
    ...row,
    ip: row.leafIndex % 2 === 0 ? addressOf(row.leafIndex) : 'nowhere:77',
  }))
  {
    using trail = openTrail({ file, origin })
    trail.append(named)
    trail.flush()
    expect([sealed, fresh].map((leaf) => find(trail, `ip:${addressOf(leaf)}`))).toEqual([1, 1])
    expect(bytesOf(file).includes(spelled(sealed))).toBe(true)
    expect(bytesOf(file).includes(addressOf(fresh))).toBe(true)
    trail.erase([sealed, fresh, 1, SEGMENT + 1])
    expect([sealed, fresh].map((leaf) => find(trail, `ip:${addressOf(leaf)}`))).toEqual([0, 0])
    expect(find(trail, 'exists:ip')).toBe(rows.length - 4)
    expect(find(trail, 'ip:2001:db8:77::/48')).toBe(rows.length / 2 - 2)
  }
  expect(bytesOf(file).includes(spelled(sealed))).toBe(false)
  expect(bytesOf(file).includes(addressOf(fresh))).toBe(false)
  using trail = openTrail({ file, origin })
  expect([find(trail, 'exists:ip'), find(trail, `ip:${addressOf(fresh)}`)]).toEqual([rows.length - 4, 0])
})

test('a file that was filled twice holds the same, byte for byte of every table', () => {
  const files = ['one.db', 'two.db'].map((name) => join(directory, name))
  for (const file of files) {
    using trail = openTrail({ file, origin })
    for (let from = 0; from < rows.length; from += 1_000) {
      trail.append(rows.slice(from, from + 1_000))
      trail.flush()
    }
  }
  const [one, two] = files.map((file) => readFileSync(file))
  expect(one!.equals(two!)).toBe(true)
})

const offset = fc.integer({ min: 0, max: SEGMENT - 1 })
const offsets = fc.oneof(
  fc.uniqueArray(offset, { maxLength: 40 }),
  fc.tuple(offset, offset, fc.integer({ min: 1, max: 30 })).map(([from, to, step]) => {
    const found: number[] = []
    for (let next = Math.min(from, to); next <= Math.max(from, to); next += step) found.push(next)
    return found
  }),
)
const ascending = offsets.map((found) => found.toSorted((a, b) => a - b))

test('sets of leaves are sets', () => {
  fc.assert(
    fc.property(ascending, ascending, offset, offset, (a, b, from, to) => {
      const of = (found: readonly number[]) => {
        const bits = noBits()
        for (const one of found) put(bits, one)
        return bits
      }
      const apply = (change: (into: Uint32Array, other: Uint32Array) => void) => {
        const bits = of(a)
        change(bits, of(b))
        return new Set(offsetsOf(bits))
      }
      const common = a.filter((one) => b.includes(one))
      expect(offsetsOf(of(a))).toEqual(a)
      expect(countOf(of(a))).toBe(a.length)
      expect(apply(unite)).toEqual(new Set([...a, ...b]))
      expect(apply(intersect)).toEqual(new Set(common))
      expect(apply(subtract)).toEqual(new Set(a.filter((one) => !b.includes(one))))
      expect(offsetsOf(bitsBetween(from, to))).toEqual(
        Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i),
      )
      expect(offsetsOf(bitsOf(postingOf(a)))).toEqual(a)
      expect(countWithin(postingOf(a), of(b))).toBe(common.length)
    }),
    { numRuns: 200 },
  )
})

test('every key is found in the pages, alone and by its beginning, and no other', () => {
  const key = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)),
    minLength: 1,
    maxLength: 200,
  })
  const run = fc.array(
    fc.tuple(
      key,
      ascending.filter((found) => found.length > 0),
    ),
    { minLength: 1, maxLength: 40 },
  )
  fc.assert(
    fc.property(run, key, (entries, other) => {
      const found = new Map(entries)
      const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1))
      const pages = [...pagesOf(sorted)]
      const read = pages.flatMap(({ data }) =>
        [...entriesFrom(data, '')].map((entry) => [entry.key, offsetsOf(bitsOf(entry))]),
      )
      expect(read).toEqual(sorted)
      for (const [one, leaves] of [...sorted, [other, found.get(other)] as const]) {
        const page = pages.findLast(({ first }) => first <= one)
        const posting = page && postingIn(page.data, one)
        expect(posting && offsetsOf(bitsOf(posting))).toEqual(leaves)
        const from = page ? [...entriesFrom(page.data, one)].map((entry) => entry.key) : []
        expect(from.every((next) => next >= one)).toBe(true)
      }
    }),
    { numRuns: 100 },
  )
})

test('phrases are found where they stand, however often their words stand elsewhere', () => {
  const word = fc.constantFrom('to', 'be', 'Größe', 'Or', '{person:a}', 'b')
  const sentence = fc.array(word, { minLength: 1, maxLength: 9 }).map((words) => words.join(' '))
  const sentences = fc.array(sentence, { minLength: 1, maxLength: 30 })
  const phrases = fc.array(fc.tuple(fc.array(word, { minLength: 1, maxLength: 5 }), fc.boolean()), {
    minLength: 20,
    maxLength: 20,
  })
  fc.assert(
    fc.property(sentences, phrases, (told, asked) => {
      using trail = openTrail({ file: ':memory:', origin })
      const indexed = told.map((text, leafIndex) => ({ ...rows[leafIndex]!, sentence: text }))
      trail.append(indexed)
      for (const [words, isOpen] of asked) {
        const where = { kind: 'words', words: words.flatMap(wordsOf), isOpen } as const
        const found = trail.page({ query: { where }, after: -1, limit: 100 }).rows.map(({ leafIndex }) => leafIndex)
        expect(found).toEqual(indexed.filter(predicateOf(where)).map(({ leafIndex }) => leafIndex))
      }
    }),
    { numRuns: 100 },
  )
})

test('what begins like a hash is found like one, in full and fresh segments', () => {
  const uuid = 'deadbeef-90ab-4cde-8f01-23456789abcd'
  const named: Readonly<Record<number, string>> = {
    ...{ 5: uuid, 6: 'deadbeef', 7: `deadbeef${'0'.repeat(32)}`, 8: `deadbeef${'0'.repeat(9)}`, 9: '12345678' },
    ...{ [SEGMENT + 5]: uuid, [SEGMENT + 6]: 'deadbee', [SEGMENT + 7]: 'deadbe:ef', [SEGMENT + 8]: 'deadbeef:x' },
  }
  using trail = openTrail({ file: ':memory:', origin })
  trail.append(rows.map((row) => ({ ...row, identifiers: [named[row.leafIndex] ?? `row:${row.leafIndex}`] })))
  const found = (text: string) => {
    const query = parseQuery(text, NOW)
    if (isProblem(query)) throw new Error(query.problem)
    return trail.page({ query, after: -1, limit: 100 }).rows.map(({ leafIndex }) => leafIndex)
  }
  expect(found('id:deadbee')).toEqual([5, 6, 7, 8, SEGMENT + 5, SEGMENT + 6, SEGMENT + 8])
  expect(found('id:deadbeef')).toEqual([5, 6, 7, 8, SEGMENT + 5, SEGMENT + 8])
  expect(found('id:deadbeef0')).toEqual([7, 8])
  expect(found('id:dea*')).toEqual([5, 6, 7, 8, SEGMENT + 5, SEGMENT + 6, SEGMENT + 7, SEGMENT + 8])
  expect(found(`id:${uuid}`)).toEqual([5, SEGMENT + 5])
  expect(found('id:"deadbeef:x"')).toEqual([SEGMENT + 8])
  expect(found('id:deadbeef:*')).toEqual([SEGMENT + 8])
  expect(found('id:12345678')).toEqual([9])
  expect(found('id:1234567')).toEqual([])
  expect(trail.byIdentifier('deadbeef', 5)).toEqual([5, 6, 7, 8, SEGMENT + 5])
})
