import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { identifies, normalizeIdentifier } from '../../src/match/identifier.ts'
import { parseQuery } from '../../src/match/parse.ts'
import { prepare } from '../../src/match/pattern.ts'
import { predicateOf } from '../../src/match/predicate.ts'
import { isProblem, type Searchable } from '../../src/match/query.ts'
import { parseMoment } from '../../src/match/time.ts'

const NOW = Date.UTC(2026, 10, 18, 10)
const row: Searchable = {
  leafIndex: 120,
  at: NOW - 3_600_000,
  type: 'release.requested',
  outcome: 'waiting',
  who: 'job:0123456789abcdef',
  kind: 'job',
  environment: 'production',
  reason: 'approvals_missing',
  resource: { kind: 'release', id: 'release:abcdefghij', name: 'shop 4be0c11' },
  policies: ['jobs-request-releases'],
  identifiers: ['release:abcdefghij', '4be0c11c84c4d7f0a9c2b7e65d4f1e7f6f0c9a11', '42'],
  sentence: 'asked {person:klmnopqrst} to release shop 4be0c11 to production',
  ip: '192.0.2.7',
}

function finds(text: string): boolean {
  const query = parseQuery(text, NOW)
  if (isProblem(query)) throw new Error(`${query.problem} at ${query.at}`)
  return predicateOf(query.where)(row)
}

test.each([
  '',
  '| count by who',
  'type:release.*',
  'type:*.requested',
  'type:release.req?ested',
  'type:/^release\\.(req|end)/',
  'TYPE:release.requested outcome:waiting kind:job',
  '-type:grant.* env:prod* reason:approvals_missing',
  'type:grant.issued type:release.requested',
  'type:(grant.issued, release.requested)',
  'type:(grant.issued or "release.requested")',
  'type:grant.issued or outcome:waiting',
  '(type:grant.issued or outcome:waiting) and not outcome:refused',
  'NOT outcome:refused AND kind:job',
  'not (outcome:refused or kind:person)',
  'id:4be0c11c84 id:release:abcdefghij',
  'id:release:abc*',
  'id:#42',
  'Shop PRODUCTION',
  '"shop 4be0c11"',
  '"shop 4be0"',
  'prod',
  'prod*',
  '-"shop 5"',
  '"or" or shop',
  'who:"job:0123456789abcdef"',
  'who:job:0123*',
  'resource:release',
  'resource:release:abcdefghij',
  'policy:/request/',
  'exists:env exists:ip exists:who',
  'leaf:120',
  'leaf:>100 leaf:<=120',
  'leaf:100..120',
  'leaf:..120',
  'since:2h until:30m',
  'on:today',
  'at:>=2026-11-18T10:00+01:00',
  'at:2026-11-18T09:00',
  'at:2026-11-17..2026-11-18',
  'on:2026-11-18@Europe/Vienna',
  'ip:192.0.2.0/24',
  'ip:192.0.2.7',
  'ip:(10.0.0.0/8, 192.0.0.0/8)',
])('finds with %s', (text) => expect(finds(text)).toBe(true))

test.each([
  'type:release',
  'type:/^request/',
  '-type:release.*',
  'outcome:refused',
  'type:grant.issued and type:release.requested',
  'shop staging',
  '"production shop"',
  'hop',
  'id:4be0c1',
  'id:9',
  'env:staging',
  '-shop',
  '"prod "',
  'outcome:waiting -env:production',
  'leaf:>120',
  'leaf:<120',
  'since:30m',
  'on:yesterday',
  'at:<2026-11-18T10:00+01:00',
  'ip:10.0.0.0/8',
  'ip:2001:db8::/32',
  'klmnopqrst',
])('does not find with %s', (text) => expect(finds(text)).toBe(false))

test.each([
  ['colour:red', 0, 'no field colour', undefined],
  ['outcom:refused', 0, 'did you mean outcome:?', 'outcome:'],
  ['actor:ana', 0, 'did you mean who:?', 'who:'],
  ['shop  outcome:maybe', 6, 'outcome is one of', undefined],
  ['outcome:refsued', 0, 'did you mean outcome:refused?', 'outcome:refused'],
  ['outcome:denied', 0, 'did you mean outcome:refused?', 'outcome:refused'],
  ['kind:person kind:user', 12, 'kind is one of', undefined],
  ['exists:nothing', 0, 'exists is one of', undefined],
  ['type:', 0, 'has no value', undefined],
  ['type: a', 0, 'has no value', undefined],
  ['shop -', 5, 'has no value', undefined],
  ['who:@an*', 0, 'a handle has no star', undefined],
  ['id:a*', 0, 'a star ends an identifier', undefined],
  ['id:/a/', 0, 'identifiers are found whole', undefined],
  ['type:/(/', 0, 'no pattern of RE2', undefined],
  ['type:/a', 5, 'not closed', undefined],
  ['/a/', 0, 'needs a field', undefined],
  ['a "b c', 2, 'not closed', '"b c"'],
  ['a b"c"', 2, 'inside a word', undefined],
  ['""', 0, 'nothing between', undefined],
  ['who:""', 4, 'nothing between', undefined],
  ['"%"', 0, 'a letter or a digit', undefined],
  ['(a or b', 0, 'not closed', undefined],
  ['a or', 4, 'is missing', undefined],
  ['a) b', 1, 'closes nothing', undefined],
  ['type:(a b)', 8, 'a comma or )', undefined],
  ['leaf:x', 0, 'leaf takes a number', undefined],
  ['at:2026-02-30', 0, 'at takes a time', undefined],
  ['since:2026-01-01@Mars/Base', 0, 'since takes a time', undefined],
  ['ip:10.0.0.0/33', 0, 'ip takes', undefined],
  ['ip:::1::', 0, 'ip takes', undefined],
  ['a | sum', 4, 'count by', undefined],
  ['| count by whom', 11, 'did you mean who?', 'who'],
  ['| count by who | top 0', 21, '1 to 1000', undefined],
  [`${'a '.repeat(33)}`, 64, 'at most 32 terms', undefined],
  [`${'('.repeat(9)}a`, 8, 'at most 8 parentheses', undefined],
  [`${'-'.repeat(20)}a`, 8, 'at most 8', undefined],
  ['('.repeat(300), 256, 'at most 256', undefined],
  ['x'.repeat(1_001), 1_000, 'at most 1000', undefined],
])('refuses %s at %i', (text, at, problem, suggestion) => {
  const told = { at, problem: expect.stringContaining(problem) as string, ...(suggestion && { suggestion }) }
  expect(parseQuery(text, NOW)).toEqual(told)
})

test('counts are understood', () => {
  expect(parseQuery('kind:job | count by env | top 3', NOW)).toMatchObject({ count: { by: 'env', top: 3 } })
  expect(parseQuery('| count by who', NOW)).toEqual({ where: { kind: 'all', of: [] }, count: { by: 'who', top: 10 } })
})

test.each([
  ['2026-03-29@Europe/Berlin', '2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'],
  ['2026-10-25@Europe/Berlin', '2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z'],
  ['2026-10-25T02:30@Europe/Berlin', '2026-10-25T00:30:00.000Z', '2026-10-25T00:31:00.000Z'],
  ['today@Pacific/Auckland', '2026-11-17T11:00:00.000Z', '2026-11-18T11:00:00.000Z'],
  ['yesterday', '2026-11-17T00:00:00.000Z', '2026-11-18T00:00:00.000Z'],
  ['2026-11-01T10:00:05+05:30', '2026-11-01T04:30:05.000Z', '2026-11-01T04:30:06.000Z'],
  ['90m', '2026-11-18T08:30:00.000Z', '2026-11-18T08:30:00.001Z'],
])('%s is a moment with its zone', (text, from, to) => {
  expect(parseMoment(text, NOW)).toEqual({ from: Date.parse(from), to: Date.parse(to) })
})

test('hashes are found by their beginning from seven digits on, numbers only whole', () => {
  expect(identifies('4be0c11', '4be0c11c84c4')).toBe(true)
  expect(identifies('1234567', '12345678')).toBe(false)
  expect(identifies('release:ab', 'release:abcdefghij')).toBe(false)
  expect(normalizeIdentifier(' sha256:00ff ')).toBe('00ff')
})

test('a pattern that would keep a backtracking matcher busy for years is answered at once', () => {
  const passes = prepare({ regex: '^(a+)+$' })
  const startedAt = performance.now()
  expect(passes(`${'a'.repeat(2_000)}b`)).toBe(false)
  expect(performance.now() - startedAt).toBeLessThan(2_000)
})

const piece = fc.constantFrom(
  ...['(', ')', '"', '/', '-', '|', ',', ' ', ':', '*', '..', '>', 'not', 'and', 'or', 'count by', 'top 5', 'a', 'Ö'],
  ...[
    'type:',
    'outcome:refused',
    'since:24h',
    'leaf:1..2',
    'ip:10.0.0.0/8',
    'who:@ana',
    'exists:env',
    '\\',
    '\u{10000}',
  ],
)
const anything = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join('')),
  fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(' ')),
)

test('any text is a query or a problem with a place inside it', () => {
  fc.assert(
    fc.property(anything, (text) => {
      const parsed = parseQuery(text, NOW)
      if (isProblem(parsed)) {
        expect(parsed.at).toBeLessThanOrEqual(text.length)
        expect(parsed.at).toBeGreaterThanOrEqual(0)
      } else expect(() => predicateOf(parsed.where)(row)).not.toThrow()
    }),
    { numRuns: 2_000 },
  )
})
