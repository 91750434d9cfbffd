/** The predicate and the database answer every question alike, over a random corpus shaped as a real log is. */

import * as fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { SEGMENT } from '../../src/index/bits.ts'
import { openTrail, type Indexed } from '../../src/index/trail.ts'
import { parseQuery } from '../../src/match/parse.ts'
import { predicateOf } from '../../src/match/predicate.ts'
import { isProblem, type Query } from '../../src/match/query.ts'
import { corpus, NOW } from './corpus.ts'

/** A full segment and the beginning of the next one. */
const ROWS = SEGMENT + 1_500
const rows = corpus(ROWS)
const trail = openTrail({ file: ':memory:', origin: 'log.example' })
trail.append(rows)
afterAll(() => trail[Symbol.dispose]())

const pick = (values: readonly (string | undefined)[]) =>
  fc.constantFrom(...new Set(values.filter((value) => value !== undefined)))
const some = rows.filter((_, index) => index % 331 === 0)
const quote = (text: string) => `"${text.replaceAll('"', '')}"`
const at = (index: number) => new Date(rows[index]!.at).toISOString()
const index = fc.integer({ min: 0, max: ROWS - 1 })

const word = pick(some.flatMap(({ sentence }) => sentence.match(/[A-Za-z0-9]+/g) ?? []))
const textTerm = fc.oneof(
  word,
  word.map((text) => text.slice(0, 3).toUpperCase()),
  word.map((text) => quote(`${text} `)),
  pick(
    some.map(({ sentence }) =>
      sentence
        .replaceAll(/\{[^}]*\}/g, '')
        .trim()
        .split(' ')
        .slice(1, 4)
        .join(' '),
    ),
  )
    .filter((text) => /[a-z0-9]/.test(text))
    .map(quote),
)
const fieldTerm = fc.oneof(
  pick(rows.map(({ type }) => type)).map((type) => `type:${type}`),
  fc.constantFrom('type:release.*', 'type:*.refused', 'type:/^gr/', 'type:(grant.issued, "login.opened")', 'type:?o*'),
  fc.constantFrom(
    'outcome:refused',
    'outcome:(allowed or waiting)',
    'kind:job',
    'kind:person',
    'env:prod*',
    'env:staging',
  ),
  fc.constantFrom(
    'reason:/own|unsigned/',
    'reason:own_release',
    'exists:env',
    'exists:reason',
    'exists:resource',
    'exists:ip',
  ),
  fc.constantFrom(
    'policy:/admin/',
    'policy:*approve*',
    'exists:policy',
    'who:job:*',
    'who:/[0-3]$/',
    'resource:release',
  ),
  fc.constantFrom(
    'resource:release:*',
    'resource:/a$/',
    'id:release:0*',
    'id:grant:*',
    'id:acme/s*',
    'resource:*',
    'who:*',
    'exists:who',
  ),
  pick(some.map(({ who }) => who)).map((who) => `who:${who}`),
  pick(some.map(({ resource }) => resource?.id)).map((id) => `resource:${quote(id)}`),
  pick(some.flatMap(({ policies }) => policies)).map((policy) => `policy:${policy}`),
  pick(some.flatMap(({ identifiers }) => identifiers)).map((id) => `id:${quote(id)}`),
  pick(some.flatMap(({ identifiers }) => identifiers).filter((id) => /^[0-9a-f]{40,}$/.test(id))).map(
    (id) => `id:${id.slice(0, 8)}`,
  ),
  pick(some.map(({ ip }) => ip)).map((ip) => `ip:${ip}`),
  fc.constantFrom('ip:192.0.2.0/25', 'ip:2001:db8::/33', 'ip:0.0.0.0/0'),
  fc.tuple(fc.constantFrom('>', '>=', '<', '<='), index).map(([sign, leaf]) => `leaf:${sign}${leaf}`),
  fc.tuple(index, index).map(([from, to]) => `leaf:${from}..${to}`),
  fc
    .tuple(fc.constantFrom('at:>', 'at:<=', 'since:', 'until:', 'on:'), index)
    .map(([field, leaf]) => `${field}${at(leaf)}`),
  fc.constantFrom('since:3h', 'since:today', 'on:yesterday@Europe/Vienna', 'until:90m'),
)
const term = fc.oneof({ weight: 3, arbitrary: fieldTerm }, { weight: 1, arbitrary: textTerm })
const { expression } = fc.letrec<{ expression: string; part: string }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    term,
    term.map((text) => `-${text}`),
    tie('expression').map((text) => `(${text})`),
    tie('expression').map((text) => `not (${text})`),
  ),
  expression: fc
    .tuple(tie('part'), fc.array(fc.tuple(fc.constantFrom(' ', ' ', ' and ', ' or '), tie('part')), { maxLength: 3 }))
    .map(([first, more]) => first + more.flat().join('')),
}))

function read(text: string): Query | undefined {
  const parsed = parseQuery(text, NOW)
  // Only a bound on size may stand against a query that is made by the rules.
  if (isProblem(parsed)) expect(parsed.problem).toMatch(/at most/)
  return isProblem(parsed) ? undefined : parsed
}

test('random queries find exactly what a look at every row finds, and every sum is right', () => {
  fc.assert(
    fc.property(expression, (text) => {
      const query = read(text)
      if (!query) return
      const holds = predicateOf(query.where)
      const expected = rows.filter(holds)
      const found = trail.search({ query, limit: 20 })
      const indexes = expected.map(({ leafIndex }) => leafIndex)
      expect(found.rows.map(({ leafIndex }) => leafIndex)).toEqual(indexes.slice(-20).toReversed())
      expect(found.total).toBe(expected.length)
      expect(found.facets).toEqual({
        outcome: countOf(expected, 'outcome'),
        kind: countOf(expected, 'kind'),
        type: countOf(expected, 'type'),
      })
      expect(sum(found.histogram.map(({ total }) => total))).toBe(expected.length)
      expect(sum(found.histogram.map(({ refused }) => refused))).toBe(found.facets.outcome['refused'] ?? 0)
      for (const { from, to, total } of found.histogram)
        expect(expected.filter((row) => row.at >= from && row.at < to).length).toBe(total)
    }),
    { numRuns: 300 },
  )
}, 300_000)

test('pages in both directions hold every leaf once, whatever the query', () => {
  fc.assert(
    fc.property(expression, fc.constantFrom('after', 'before'), index, (text, direction, start) => {
      const query = read(text)
      if (!query) return
      const holds = predicateOf(query.where)
      const expected = rows.filter(holds).map(({ leafIndex }) => leafIndex)
      const beyond = expected.filter((leaf) => (direction === 'after' ? leaf > start : leaf < start))
      const indexes: number[] = []
      for (let from: number | undefined = start; from !== undefined;) {
        const page: ReturnType<typeof trail.page> = trail.page({ query, [direction]: from, limit: 2_000 })
        indexes.push(...page.rows.map(({ leafIndex }) => leafIndex))
        from = page.next
      }
      expect(indexes).toEqual(direction === 'after' ? beyond : beyond.toReversed())
    }),
    { numRuns: 40 },
  )
}, 120_000)

test('counting by a field agrees with counting by hand', () => {
  fc.assert(
    fc.property(expression, fc.constantFrom('who', 'type', 'env', 'reason', 'resource'), (text, by) => {
      const query = read(`${text} | count by ${by} | top 1000`)
      if (!query) return
      const holds = predicateOf(query.where)
      const valueOf = (row: Indexed) =>
        by === 'resource' ? row.resource?.id : by === 'env' ? row.environment : row[by as 'who' | 'type' | 'reason']
      const counts = Object.entries(Object.groupBy(rows.filter(holds), (row) => valueOf(row) ?? ''))
      const expected = counts
        .filter(([value]) => value !== '')
        .map(([value, group]) => ({ value, count: group!.length }))
      expected.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
      expect(trail.search({ query, limit: 1 }).tally).toEqual({ by, values: expected.slice(0, 1_000) })
    }),
    { numRuns: 30 },
  )
}, 120_000)

function countOf(found: readonly Indexed[], by: 'outcome' | 'kind' | 'type'): Record<string, number> {
  return Object.fromEntries(
    Object.entries(Object.groupBy(found, (row) => row[by])).map(([value, group]) => [value, group!.length]),
  )
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
