import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  fields,
  formatQuery,
  identifies,
  isProblem,
  matches,
  normalizeIdentifier,
  parseQuery,
  type Query,
  type Searchable,
} from '../../src/match/query.ts'

const row: Searchable = {
  type: 'release.requested',
  outcome: 'waiting',
  who: 'job:0123456789abcdef',
  kind: 'job',
  environment: 'production',
  reason: 'approvals_missing',
  identifiers: ['release:abcdefghij', '4be0c11c84c4d7f0a9c2b7e65d4f1e7f6f0c9a11', '42'],
  sentence: 'asked to release shop 4be0c11 to production',
}

function finds(text: string): boolean {
  const query = parseQuery(text)
  if (isProblem(query)) throw new Error(`${query.problem} at ${query.at}`)
  return matches(query, row)
}

test.each([
  '',
  'type:release.*',
  'type:release.requested outcome:waiting kind:job',
  '-type:grant.* env:prod* reason:approvals_missing',
  'type:grant.issued type:release.requested',
  'id:4be0c11c84 id:release:abcdefghij',
  'id:#42',
  'Shop PRODUCTION',
  '"shop 4be0c11"',
  '-"shop 5"',
  'who:"job:0123456789abcdef"',
  'job:0123456789abcdef'.replace('job:', 'who:job:'),
])('finds with %s', (text) => expect(finds(text)).toBe(true))

test.each([
  'type:release',
  '-type:release.*',
  'outcome:refused',
  'shop staging',
  'id:4be0c1',
  'id:9',
  'env:staging',
  '-shop',
  'outcome:waiting -env:production',
])('does not find with %s', (text) => expect(finds(text)).toBe(false))

test.each([
  ['colour:red', 0, 'no field colour'],
  ['shop  outcome:maybe', 6, 'outcome is one of'],
  ['kind:person kind:user', 12, 'kind is one of'],
  ['type:', 0, 'has no value'],
  ['shop -', 5, 'has no value'],
  ['type:*.requested', 0, 'star'],
  ['who:@an*', 0, 'star'],
  ['a "b c', 2, 'not closed'],
  ['a b"c"', 2, 'inside a word'],
  ['""', 0, 'nothing between'],
  ['who:""', 0, 'has no value'],
  [`${'a '.repeat(33)}`, 64, 'at most 32 terms'],
  ['x'.repeat(1_001), 1_000, 'at most 1000'],
])('refuses %s at %i', (text, at, problem) => {
  expect(parseQuery(text)).toEqual({ at, problem: expect.stringContaining(problem) as string })
})

test('hashes are found by their beginning from seven digits on, numbers only whole', () => {
  expect(identifies('4be0c11', '4be0c11c84c4')).toBe(true)
  expect(identifies('1234567', '12345678')).toBe(false)
  expect(identifies('release:ab', 'release:abcdefghij')).toBe(false)
  expect(normalizeIdentifier(' sha256:00ff ')).toBe('00ff')
})

const value = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 }).filter((text) => !/["*]/.test(text))
const term = fc.oneof(
  fc.record({
    field: fc.constantFrom(
      ...fields.filter((field) => !['outcome', 'kind', 'id', 'who'].includes(field)),
      'reason' as const,
    ),
    value,
    isPrefix: fc.constant(false),
    isNot: fc.boolean(),
  }),
  fc.record({ field: fc.constant('text' as const), texts: value.map((text) => [text]), isNot: fc.boolean() }),
)

test('a formatted query reads back as itself', () => {
  fc.assert(
    fc.property(fc.array(term, { maxLength: 6 }), (query) => {
      expect(parseQuery(formatQuery(query as Query))).toEqual(query)
    }),
  )
})

test('any text is a query or a problem with a place inside it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
      const parsed = parseQuery(text)
      if (isProblem(parsed)) expect(parsed.at).toBeLessThanOrEqual(text.length)
      else expect(() => matches(parsed, row)).not.toThrow()
    }),
  )
})
