/** DER has one spelling per value: what is written is read back, and what is read is what would be written. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  Cursor,
  encode,
  encodeBoolean,
  encodeOid,
  encodeUnsigned,
  enterSequence,
  parseDer,
  readBits,
  readBoolean,
  readFlags,
  readInteger,
  readOid,
  readSmall,
  readTime,
  TAG,
} from '../../src/bytes/der.ts'
import { utf8 } from '../../src/bytes/text.ts'

const bytes = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const element = (text: string) => parseDer(bytes(text))
const octets = (most: number) => fc.uint8Array({ maxLength: most })

test('elements of every length come back', () => {
  fc.assert(
    fc.property(fc.nat(70_000), fc.constantFrom(0x04, 0x30, 0xa0), (length, tag) => {
      const contents = new Uint8Array(length).fill(7)
      const read = parseDer(encode(tag, contents))
      expect(read.tag).toBe(tag)
      expect(Buffer.from(read.contents).equals(contents)).toBe(true)
    }),
  )
})

test('whatever is read is what would be written', () => {
  fc.assert(
    fc.property(octets(40), (noise) => {
      let read
      try {
        read = parseDer(noise)
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError)
        return
      }
      expect([...encode(read.tag, read.contents)]).toEqual([...noise])
    }),
    { numRuns: 3_000 },
  )
})

test('object identifiers and numbers come back', () => {
  const arcs = fc.tuple(fc.nat(2), fc.nat(39), fc.array(fc.maxSafeNat(), { maxLength: 6 }))
  fc.assert(
    fc.property(arcs, ([root, second, rest]) => {
      const oid = [root, second, ...rest].join('.')
      expect(readOid(parseDer(encodeOid(oid)))).toBe(oid)
    }),
  )
  expect(readOid(parseDer(encodeOid('2.999.3')))).toBe('2.999.3')
  fc.assert(
    fc.property(fc.nat(), (value) => {
      const four = Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
      expect(readSmall(parseDer(encodeUnsigned(four)))).toBe(value)
    }),
  )
})

test.each([
  ['30 80 00 00', 'indefinite length'],
  ['04 81 01 07', 'a length in more octets than it needs'],
  ['04 82 00 80', 'a length with a zero octet'],
  ['04 05 01', 'contents that are missing'],
  ['04 84 00 00 00 01 00', 'a length in four octets'],
  ['1f 81 00 00', 'a tag in several octets'],
  ['00 00', 'an end of contents'],
  ['04 01 07 00', 'something behind it'],
  ['04', 'no length'],
  ['', 'nothing'],
])('%s is refused: %s', (text) => {
  expect(() => element(text)).toThrow(SyntaxError)
})

test.each([
  [() => readInteger(element('02 02 00 7f'))],
  [() => readInteger(element('02 02 ff 80'))],
  [() => readInteger(element('02 00'))],
  [() => readSmall(element('02 01 80'))],
  [() => readSmall(element('02 05 01 00 00 00 00'))],
  [() => readBoolean(element('01 01 01'))],
  [() => readBoolean(element('01 02 00 00'))],
  [() => readOid(element('06 02 80 01'))],
  [() => readOid(element('06 02 2a 86'))],
  [() => readOid(element('06 00'))],
  [() => readBits(element('03 02 01 80'))],
  [() => readBits(element('03 00'))],
  [() => readFlags(element('03 02 00 80'))],
  [() => readFlags(element('03 02 08 80'))],
  [() => new Cursor(bytes('05 00')).end()],
  [() => new Cursor(bytes('05 00 05 00')).all(TAG.null, 1)],
  [() => enterSequence(bytes('31 00'))],
])('values in another spelling than the one of DER are refused', (read) => {
  expect(read).toThrow(SyntaxError)
})

test('flags count from the first bit', () => {
  const flag = readFlags(element('03 02 01 06'))
  expect([0, 5, 6, 7, 40].map(flag)).toEqual([false, true, true, false, false])
  expect(readFlags(element('03 01 00'))(0)).toBe(false)
  expect(readBoolean(parseDer(encodeBoolean(true)))).toBe(true)
})

const time = (tag: number, text: string) => readTime(parseDer(encode(tag, utf8.encode(text))))

test('times are those of DER, in their one spelling, and exist', () => {
  expect(time(TAG.generalizedTime, '20261123140211Z')).toBe(Date.UTC(2026, 10, 23, 14, 2, 11))
  expect(time(TAG.generalizedTime, '20261123140211.5Z')).toBe(Date.UTC(2026, 10, 23, 14, 2, 11, 500))
  expect(time(TAG.generalizedTime, '20261123140211.123456Z')).toBe(Date.UTC(2026, 10, 23, 14, 2, 11, 123))
  expect(time(TAG.utcTime, '491123140211Z')).toBe(Date.UTC(2049, 10, 23, 14, 2, 11))
  expect(time(TAG.utcTime, '501123140211Z')).toBe(Date.UTC(1950, 10, 23, 14, 2, 11))
  for (const text of [
    '20261123140211',
    '20261123140211.50Z',
    '20261123140211.Z',
    '20260230140211Z',
    '20261123250211Z',
    '2026112314Z',
    '20261123140211+0100',
  ])
    expect(() => time(TAG.generalizedTime, text)).toThrow(SyntaxError)
  expect(() => time(TAG.utcTime, '20261123140211Z')).toThrow(SyntaxError)
  expect(() => time(TAG.octetString, '20261123140211Z')).toThrow(SyntaxError)
})
