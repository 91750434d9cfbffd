import fc from 'fast-check'
import { expect, test } from 'vitest'
import { equal } from '../../src/bytes/digest.ts'
import { Reader, string, uint32, uint64 } from '../../src/bytes/ssh-wire.ts'
import { hex, utf8 } from '../../src/bytes/text.ts'

// RFC 4251, section 5: the examples of the text.
test('values are written as the RFC shows them', () => {
  expect(hex.encode(uint32(0x29b7f4aa))).toBe('29b7f4aa')
  expect(hex.encode(string('testing'))).toBe('0000000774657374696e67')
  expect(hex.encode(uint64(0xffff_ffff_ffff_fffen))).toBe('fffffffffffffffe')
})

test('what was written is read back in order, to the end', () => {
  fc.assert(
    fc.property(
      fc.nat(0xffff_ffff),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.uint8Array(),
      fc.string({ unit: 'grapheme' }),
      (small, large, bytes, text) => {
        const reader = new Reader(Buffer.concat([uint32(small), uint64(large), string(bytes), string(text)]))
        expect([reader.uint32(), reader.uint64()]).toEqual([small, large])
        expect(equal(reader.string(), bytes)).toBe(true)
        expect([reader.text(), reader.isAtEnd]).toEqual([text, true])
      },
    ),
  )
})

test('hostile bytes end in a RangeError or a TypeError, never beyond the buffer', () => {
  const step = fc.constantFrom('uint8', 'uint32', 'uint64', 'string', 'text')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.array(step, { maxLength: 12 }), (bytes, steps) => {
      const reader = new Reader(bytes)
      try {
        for (const name of steps) reader[name as 'uint8']()
      } catch (error) {
        expect(error instanceof RangeError || error instanceof TypeError).toBe(true)
      }
      expect(reader.offset).toBeLessThanOrEqual(bytes.length)
    }),
  )
})

test('a length of four gigabytes is refused before anything is taken', () => {
  const reader = new Reader(Buffer.concat([uint32(0xffff_ffff), utf8.encode('short')]))
  expect(() => reader.string()).toThrow(RangeError)
})

test('a reader of a view sees the view alone', () => {
  const whole = Buffer.concat([utf8.encode('secret'), string('seen'), utf8.encode('secret')])
  const reader = new Reader(whole.subarray(6, 14))
  expect([reader.text(), reader.isAtEnd]).toEqual(['seen', true])
  expect(() => reader.uint8()).toThrow(RangeError)
})
