/** One address per state, read back to the same state; foreign addresses lead nowhere. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatPlace, parsePlace, type Place } from '../../src/console/place.ts'
import { placeFor } from '../../src/console/shell/jump.ts'
import { countRooms, formatCommand, hasTerm, toggleTerm } from '../../src/console/trail/query.ts'
import { cutDigest, formatCount, formatCountdown, formatSpan, nameOf } from '../../src/console/part/words.ts'
import { keysOf } from '../../src/console/live.ts'
import { people } from './fixture/people.ts'

const parse = (path: string) => parsePlace(new URL(path, 'http://localhost'))

const text = fc.string({ minLength: 1, maxLength: 30 }).filter((value) => value.isWellFormed())
const places = fc.oneof<fc.Arbitrary<Place>[]>(
  fc.constantFrom<Place>(
    { page: 'overview' },
    { page: 'releases' },
    { page: 'releases', state: 'waiting' },
    { page: 'people' },
  ),
  fc.record({ page: fc.constant('release' as const), release: text.filter((value) => !/^\.{1,2}$/.test(value)) }),
  fc.record({ page: fc.constant('trail' as const), q: text, leaf: fc.nat() }),
  fc.record({ page: fc.constant('alerts' as const), alert: text }),
  fc.record({ page: fc.constant('sign-in' as const), next: text }),
  fc.record({ page: fc.constant('cli-login' as const), port: text, state: text, challenge: text }),
)

test('a place is read back from its address', () => {
  fc.assert(
    fc.property(places, (place) => {
      expect(parse(formatPlace(place))).toEqual(place)
    }),
  )
})

test.each(['/nothing', '/trail/more', '/releases/a/b', '/a/K7Q2-9DMX', '//'])('%s leads nowhere', (path) => {
  expect(parsePlace(new URL(`http://localhost${path}`)).page).toBe('nowhere')
})

test.each(['-1', '1.5', '1e3', 'x', '01', '9'.repeat(20)])('leaf=%s is no leaf', (leaf) => {
  expect(parse(`/trail?leaf=${leaf}`)).toEqual({ page: 'trail' })
})

test('unknown states and tabs fall back to all', () => {
  expect(parse('/releases?state=melted')).toEqual({ page: 'releases' })
  expect(parse('/approvals?tab=theirs')).toEqual({ page: 'approvals' })
})

test.each<readonly [string, Place]>([
  ['K7Q2-9DMX', { page: 'release', release: 'K7Q2-9DMX' }],
  ['k7q2-9dmx', { page: 'release', release: 'K7Q2-9DMX' }],
  ['#18192', { page: 'trail', leaf: 18192 }],
  ['4be0c11f2c20d9aa', { page: 'trail', q: 'id:4be0c11f2c20d9aa' }],
  ['who:@mara.o', { page: 'trail', q: 'who:@mara.o' }],
])('%s jumps to its place', (typed, place) => {
  expect(placeFor(typed)).toEqual(place)
})

test('a facet turns its term on, off, and its rivals off', () => {
  expect(toggleTerm('env:production', 'outcome:refused')).toBe('env:production outcome:refused')
  expect(toggleTerm('outcome:allowed x', 'outcome:refused')).toBe('x outcome:refused')
  expect(toggleTerm('x outcome:refused', 'outcome:refused')).toBe('x')
  expect(hasTerm('x outcome:refused', 'outcome:refused')).toBe(true)
})

test('event types are counted by room', () => {
  expect(countRooms({ 'a.x': 1, 'b.x': 2, 'a.y': 3 })).toEqual([
    ['a', 4],
    ['b', 2],
  ])
})

test('the query is quoted for a shell', () => {
  expect(formatCommand('')).toBe('countersign trail')
  expect(formatCommand("it's; rm")).toBe("countersign trail 'it'\\''s; rm'")
})

test('words are spelled once', () => {
  expect(formatCount(1_234_567)).toBe('1\u00a0234\u00a0567')
  expect(cutDigest(`sha256:${'ab'.repeat(32)}`)).toBe('sha256:abab…abab')
  expect(cutDigest('short')).toBe('short')
  expect(formatSpan(59_999)).toBe('59\u00a0s')
  expect(formatSpan(3 * 86_400_000)).toBe('3\u00a0days')
  expect(formatCountdown(61_000)).toBe('1:01')
  expect(formatCountdown(-5)).toBe('0:00')
  expect(nameOf(people.agent)).toBe('claude-agent for dana.r')
})

test('a leaf makes what it tells of old, and always the trail', () => {
  expect(keysOf('approval.given')).toEqual(expect.arrayContaining(['leaves', 'overview', 'log', 'releases', 'release']))
  expect(keysOf('alert.raised')).toContain('alerts')
  expect(keysOf('trail.read')).toEqual(['leaves', 'overview', 'log'])
  expect(keysOf('something.new')).toContain('leaves')
})
