/** Bodies of lines: what is taken is what JSON says, and what is not is named by its line. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '../../src/bytes/json.ts'
import { isBad, parseLines } from '../../src/http/lines.ts'

const value = fc
  .oneof(
    fc.record({ kind: fc.string(), at: fc.integer(), more: fc.array(fc.string(), { maxLength: 3 }) }),
    fc.boolean(),
  )
  .map((one) => JSON.parse(JSON.stringify(one)) as Json)

test('lines are read in their order, with either end of a line and with the last one open', () => {
  const lines = fc.array(value, { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(lines, fc.constantFrom('\n', '\r\n'), fc.boolean(), (values, end, isClosed) => {
      const text = values.map((one) => JSON.stringify(one)).join(end) + (isClosed ? end : '')
      expect(parseLines(Buffer.from(text))).toEqual(values)
    }),
  )
})

test('the first line that is cut off is named, with the place where it ends', () => {
  const cut = fc.tuple(fc.array(value, { maxLength: 5 }), fc.string(), fc.nat(), fc.array(value, { maxLength: 5 }))
  fc.assert(
    fc.property(cut, ([before, text, at, after]) => {
      const whole = JSON.stringify({ text })
      const broken = whole.slice(0, 1 + (at % (whole.length - 1)))
      const body = [
        ...before.map((one) => JSON.stringify(one)),
        broken,
        ...after.map((one) => JSON.stringify(one)),
      ].join('\n')
      expect(parseLines(Buffer.from(body))).toMatchObject({ line: before.length + 1, offset: broken.length })
    }),
  )
})

test('whatever the bytes, there are values or a line that is named; nothing is thrown', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom(
      ...['{', '}', '\n', '"', '\\', 'null', '1', ',', '[', ':', '{"a":1}'].map((text) => Buffer.from(text)),
    ),
  )
  fc.assert(
    fc.property(fc.array<Uint8Array>(piece, { maxLength: 30 }), (pieces) => {
      const body = Buffer.concat(pieces)
      const parsed = parseLines(body)
      const count = body.toString('latin1').split('\n').length
      if (!isBad(parsed)) expect(parsed.length).toBeLessThanOrEqual(count)
      else expect([parsed.line >= 1 && parsed.line <= count, parsed.because.length > 0]).toEqual([true, true])
    }),
    { numRuns: 500 },
  )
})

test('a megabyte of ends of lines, or of depth, is refused at once', () => {
  const startedAt = performance.now()
  expect(parseLines(Buffer.alloc(1 << 20, '\n'))).toMatchObject({ line: 1_001 })
  expect(parseLines(Buffer.alloc(1 << 20, '['))).toMatchObject({ line: 1 })
  expect(parseLines(Buffer.from('['.repeat(100) + ']'.repeat(100)))).toMatchObject({ because: 'nested deeper than 64' })
  expect(performance.now() - startedAt).toBeLessThan(500)
})
