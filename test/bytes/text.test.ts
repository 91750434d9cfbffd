import fc from 'fast-check'
import { expect, test } from 'vitest'
import { digestOf, equal, formatDigest, sha256 } from '../../src/bytes/digest.ts'
import { base64, base64url, hex, utf8 } from '../../src/bytes/text.ts'

const bytes = fc.uint8Array({ maxLength: 200 })
const codecs = { hex, base64, base64url }

// RFC 4648, section 10.
test.each([
  ['', ''],
  ['f', 'Zg=='],
  ['fo', 'Zm8='],
  ['foo', 'Zm9v'],
  ['foobar', 'Zm9vYmFy'],
])('%j is %j in base64', (text, encoded) => {
  expect(base64.encode(utf8.encode(text))).toBe(encoded)
  expect(utf8.decode(base64.decode(encoded))).toBe(text)
  expect(base64url.encode(utf8.encode(text))).toBe(encoded.replaceAll('=', ''))
})

test.each(Object.entries(codecs))('%s: bytes come back, and every other spelling is refused', (_, codec) => {
  fc.assert(
    fc.property(bytes, (value) => {
      const text = codec.encode(value)
      expect(equal(codec.decode(text), value)).toBe(true)
      for (const other of [`${text} `, `\n${text}`, `${text}=`, `${text}\0`, `${text}é`])
        expect(() => codec.decode(other)).toThrow(SyntaxError)
    }),
  )
})

test.each(Object.entries(codecs))('%s: whatever is decoded is encoded to the very text', (_, codec) => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'abfAZ019+/-_=') }), (text) => {
      try {
        expect(codec.encode(codec.decode(text))).toBe(text)
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError)
      }
    }),
  )
})

test.each([
  [base64, 'Zh=='],
  [base64, 'Zg'],
  [base64, 'Zm-v'],
  [base64url, 'Zh'],
  [base64url, 'Zg=='],
  [base64url, 'Zm+v'],
  [hex, 'AB'],
  [hex, 'abc'],
])('stray bits, padding and the other alphabet are refused (%#)', (codec, text) => {
  expect(() => codec.decode(text)).toThrow(SyntaxError)
})

test('a view into a larger buffer is encoded as what it shows', () => {
  const whole = Uint8Array.from({ length: 16 }, (_, index) => index)
  expect(hex.encode(whole.subarray(4, 6))).toBe('0405')
  expect(base64.encode(whole.subarray(4, 6))).toBe('BAU=')
})

test('UTF-8 that is not well formed is refused, and a byte order mark is kept', () => {
  for (const wrong of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf5, 0x80, 0x80, 0x80]])
    expect(() => utf8.decode(Uint8Array.from(wrong))).toThrow(TypeError)
  expect(utf8.decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa')
})

test('a digest is written as sha256: and 64 digits; digests of other lengths are not equal', () => {
  // FIPS 180-2, B.1.
  const abc = 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  expect(digestOf(utf8.encode('abc'))).toBe(abc)
  expect(formatDigest(sha256(utf8.encode('a'), utf8.encode('bc')))).toBe(abc)
  expect(equal(new Uint8Array(32), new Uint8Array(31))).toBe(false)
  expect(equal(Uint8Array.of(1), Uint8Array.of(2))).toBe(false)
})
