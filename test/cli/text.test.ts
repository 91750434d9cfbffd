import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  formatDuration,
  formatInstant,
  listed,
  parseCount,
  parseDuration,
  parseIndex,
  printable,
  table,
} from '../../src/cli/text.ts'

test('what a stranger wrote cannot move the cursor, hide or reorder text', () => {
  expect(printable('a\u001b[8mb\u009b1m\u202ec\nd')).toBe('a\\u{1b}[8mb\\u{9b}1m\\u{202e}c\\u{a}d')
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      (text) => !/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/u.test(printable(text)),
    ),
  )
})

test('columns align whatever is painted, and the last is cut to the width', () => {
  expect(
    table(
      [
        ['A', 'BB', 'CC'],
        ['\u001b[31mlong\u001b[39m', 'x', 'the rest of the line'],
      ],
      24,
    ),
  ).toBe('A     BB  CC\n\u001b[31mlong\u001b[39m  x   the rest of t…')
})

test.each([
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  ['15', 15_000],
  ['250ms', 250],
])('%s is a time span', (text, expected) => {
  expect(parseDuration(text)).toBe(expected)
})

test.each(['', '-1s', '1.5h', '1 h', 'h', '99999999999s'])('%j is no time span', (text) => {
  expect(() => parseDuration(text)).toThrow(/is not a time span/u)
})

test('counts start at one, leaf indices at zero', () => {
  expect(parseCount('1')).toBe(1)
  expect(parseIndex('0')).toBe(0)
  for (const text of ['0', '-1', '1e3', '01']) expect(() => parseCount(text)).toThrow()
  for (const text of ['-1', '1e3', '01', '']) expect(() => parseIndex(text)).toThrow()
})

test('spans, instants and lists read well', () => {
  expect([0, 12_000, 125_000, 7_500_000, 90_000_000].map(formatDuration)).toEqual([
    '0 s',
    '12 s',
    '2 min 5 s',
    '2 h 5 min',
    '1 d 1 h',
  ])
  expect(formatInstant('2026-11-23T14:02:11.123Z')).toBe('2026-11-23 14:02:11 UTC')
  expect(formatInstant('\u001b[2J')).toBe('\\u{1b}[2J')
  expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map((names) => listed(names, 'or'))).toEqual([
    'nobody',
    'a',
    'a or b',
    'a, b or c',
  ])
})
