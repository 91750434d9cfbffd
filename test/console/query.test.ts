/** The query as the console edits it: what people typed stays, what is added is understood, and ranges of time are exact. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findBehind, GRACE_MS } from '../../src/console/shell/witness-lag.ts'
import { hasTerm, mend, partsOf, timeOf, toggleTerm, withoutPipe, withTime } from '../../src/console/trail/query.ts'
import { formatLocal, formatRange, parseLocal, parseRange } from '../../src/console/trail/time.ts'
import { isProblem } from '../../src/match/query.ts'
import { parseQuery } from '../../src/match/parse.ts'
import { predicateOf } from '../../src/match/predicate.ts'

const NOW = Date.UTC(2026, 10, 23, 12)

test.each([
  ['a "b c" d', ['a', '"b c"', 'd'], ''],
  ['type:(a, b) -who:@ana', ['type:(a, b)', '-who:@ana'], ''],
  ['reason:/own release/ x | count by who | top 3', ['reason:/own release/', 'x'], '| count by who | top 3'],
  ['a or b', ['(a or b)'], ''],
  ['(a or b) c', ['(a or b)', 'c'], ''],
  ['| count by type', [], '| count by type'],
  ['', [], ''],
])('%s has its terms', (q, terms, pipe) => {
  expect(partsOf(q)).toEqual({ terms, pipe })
})

test('a term goes before the count, beside branches in parentheses, and takes its opposite away', () => {
  expect(toggleTerm('a | count by who', 'outcome:refused')).toBe('a outcome:refused | count by who')
  expect(toggleTerm('a or b', 'outcome:refused')).toBe('(a or b) outcome:refused')
  expect(toggleTerm('-type:trail.*', 'type:trail.*')).toBe('type:trail.*')
  expect(toggleTerm('type:release.*', '-type:trail.*')).toBe('type:release.* -type:trail.*')
  expect(withTime('since:24h a until:1h', 'at:now')).toBe('a at:now')
  expect(withTime('a or since:24h', undefined)).toBe('a or since:24h')
  expect(timeOf('a since:24h')).toBe('since:24h')
  expect(withoutPipe('a | count by who')).toBe('a')
})

const terms = fc.constantFrom('a', '"b c"', 'type:(a, b)', '-who:@ana', 'reason:/x y/', 'outcome:allowed', '(a or b)')
const queries = fc
  .tuple(fc.array(terms, { maxLength: 4 }), fc.boolean(), fc.boolean())
  .map(([list, branches, counts]) => `${list.join(branches ? ' or ' : ' ')}${counts ? ' | count by who' : ''}`.trim())

test('whatever is turned on is on, can be read, and can be turned off again', () => {
  fc.assert(
    fc.property(queries, fc.constantFrom('outcome:refused', 'kind:job', 'type:log.*'), (q, term) => {
      const on = hasTerm(q, term) ? q : toggleTerm(q, term)
      expect(isProblem(parseQuery(on, NOW))).toBe(false)
      expect(hasTerm(on, term)).toBe(true)
      const off = toggleTerm(on, term)
      expect(hasTerm(off, term)).toBe(false)
      expect(isProblem(parseQuery(off, NOW))).toBe(false)
    }),
  )
})

test('a range is spelled so that it is read back, holds what was marked, and never a minute more at either end', () => {
  const ends = fc.tuple(fc.nat(10_000_000), fc.integer({ min: 1, max: 40 * 86_400_000 }))
  fc.assert(
    fc.property(ends, ([start, length]) => {
      const [from, to] = [NOW - start, NOW - start + length]
      const term = formatRange({ from, to })
      const parsed = parseQuery(term, NOW)
      if (isProblem(parsed)) throw new Error(parsed.problem)
      const holds = predicateOf(parsed.where)
      const at = (moment: number) => holds({ at: moment } as never)
      expect([at(from), at(to - 1), at(from - 60_000), at(to + 60_000)]).toEqual([true, true, false, false])
      const back = parseRange(term)!
      expect([at(back.from), at(back.from - 1), at(back.to - 1), at(back.to)]).toEqual([true, false, true, false])
    }),
  )
})

test('what is typed into the inputs of a date is read in the reader’s zone', () => {
  expect(parseLocal(formatLocal(NOW))).toBe(NOW)
  expect(parseLocal('')).toBeUndefined()
  expect([parseRange('since:24h'), parseRange('at:x..y')]).toEqual([undefined, undefined])
})

test.each([
  ['actor:ana x', 'who:ana x'],
  ['outcome:denied', 'outcome:refused'],
  ['outcome:(allowed, denied)', 'outcome:(allowed, refused)'],
  ['x "y', 'x "y"'],
  ['a | count by actor', 'a | count by who'],
])('%s is mended to %s', (q, mended) => {
  const told = parseQuery(q, NOW)
  if (!isProblem(told)) throw new Error('it is understood')
  expect(mend(q, told.at, told.suggestion!)).toBe(mended)
})

test('a witness is behind once it stays behind, and not because a quiet log has an old cosignature', () => {
  const since = new Map()
  const witness = (cosignedSize: number, lag: number) => [
    { name: 'w', key: 'k', cosignedSize, cosignedAt: '2026-01-01T00:00:00.000Z', lag },
  ]
  expect(findBehind(witness(9, 0), since, NOW)).toEqual([])
  expect(findBehind(witness(9, 1), since, NOW + 3_600_000)).toEqual([])
  expect(findBehind(witness(10, 2), since, NOW + 3_600_000 + GRACE_MS)).toEqual([])
  expect(findBehind(witness(10, 5), since, NOW + 3_600_000 + 2 * GRACE_MS)).toMatchObject([{ name: 'w', leaves: 5 }])
  expect(findBehind(witness(15, 0), since, NOW + 3_600_000 + 3 * GRACE_MS)).toEqual([])
})
