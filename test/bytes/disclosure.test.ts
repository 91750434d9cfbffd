import fc from 'fast-check'
import { expect, test } from 'vitest'
import { digestOfDisclosure, disclose, parseDisclosure } from '../../src/bytes/disclosure.ts'
import { base64url, utf8 } from '../../src/bytes/text.ts'

// RFC 9901: sections 4.2.3, 5.1 and A.1.
test.each([
  [
    'WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0',
    'X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0',
    ['_26bc4LT-ac6q2KI6cBW5es', 'family_name', 'Möbius'],
  ],
  [
    'WyIyR0xDNDJzS1F2ZUNmR2ZyeU5STjl3IiwgImdpdmVuX25hbWUiLCAiSm9obiJd',
    'jsu9yVulwQQlhFlM_3JlzMaSFzglhQG0DpfayQwLUK4',
    ['2GLC42sKQveCfGfryNRN9w', 'given_name', 'John'],
  ],
  [
    'WyJlbHVWNU9nM2dTTklJOEVZbnN4QV9BIiwgImZhbWlseV9uYW1lIiwgIkRvZSJd',
    'TGf4oLbgwd5JQaHyKVQZU9UdGE0w5rtDsrZzfUaomLo',
    ['eluV5Og3gSNII8EYnsxA_A', 'family_name', 'Doe'],
  ],
  [
    'WyI2SWo3dE0tYTVpVlBHYm9TNXRtdlZBIiwgImVtYWlsIiwgImpvaG5kb2VAZXhhbXBsZS5jb20iXQ',
    'JzYjH4svliH0R3PyEMfeZu6Jt69u5qehZo7F7EPYlSE',
    ['6Ij7tM-a5iVPGboS5tmvVA', 'email', 'johndoe@example.com'],
  ],
])('the disclosure %s of the RFC has its digest', (text, digest, [salt, name, value]) => {
  expect(digestOfDisclosure(text)).toBe(digest)
  expect(parseDisclosure(text)).toEqual({ salt, name, value, text, digest })
})

test('what was disclosed is read back, and commits to exactly that', () => {
  const text = fc.string({ unit: 'grapheme' })
  fc.assert(
    fc.property(text, text, fc.base64String(), (name, value, salt) => {
      const made = disclose(name, value, salt)
      expect(parseDisclosure(made.text)).toEqual(made)
      expect(disclose(name, `${value}.`, salt).digest).not.toBe(made.digest)
      expect(disclose(name, value, `${salt}.`).digest).not.toBe(made.digest)
    }),
  )
})

test.each([
  ['an array element', '["salt","value"]'],
  ['a value that is no text', '["salt","name",1]'],
  ['four parts', '["salt","name","value","more"]'],
  ['an object', '{"0":"salt","1":"name","2":"value"}'],
  ['no JSON', 'salt'],
])('%s is no disclosure', (_, json) => {
  expect(() => parseDisclosure(base64url.encode(utf8.encode(json)))).toThrow(SyntaxError)
})

test('a disclosure in padded or other base64 is none, so that one datum has one digest', () => {
  const { text } = disclose('name', 'v?~', 'salt0')
  for (const other of [`${text}=`, `${text} `, ` ${text}`, `${text}A`]) expect(() => parseDisclosure(other)).toThrow()
})
