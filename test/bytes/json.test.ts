import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonical, parse, parseCanonical, type Json } from '../../src/bytes/json.ts'

const jcs = join(import.meta.dirname, '../../../shared/data/jcs')
const names = existsSync(jcs) ? readdirSync(join(jcs, 'input')) : []
const read = (folder: string, name: string) => readFileSync(join(jcs, folder, name), 'utf8')

test.skipIf(names.length === 0)('the published pairs of RFC 8785 come out as they are written there', () => {
  for (const name of names)
    expect(canonical(JSON.parse(read('input', name)) as Json)).toBe(read('output', name).trimEnd())
})

// RFC 8785, appendix B: IEEE 754 bits and the one spelling of the number.
test.each([
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555555', '333333333.3333333'],
])('the number with the bits %s is spelt %s', (bits, spelling) => {
  expect(canonical(Buffer.from(bits, 'hex').readDoubleBE())).toBe(spelling)
})

test.each([
  ['not a number', Number.NaN],
  ['infinity', Number.POSITIVE_INFINITY],
  ['a lone surrogate', '\ud800'],
  ['a name with a lone surrogate', { '\udead': 1 }],
])('%s has no canonical form', (_, value) => {
  expect(() => canonical(value as Json)).toThrow(TypeError)
})

test('members that are undefined are left out', () => {
  expect(canonical({ b: undefined, a: 1 })).toBe('{"a":1}')
})

test.each([
  ['two equal names', '{"a":1,"a":2}'],
  ['two equal names, one of them escaped', '{"a":1,"\\u0061":2}'],
  ['two equal names deep inside', '[{"x":{"k":[],"k":{}}}]'],
  ['the name __proto__', '{"__proto__":{"isAdmin":true}}'],
  ['the name __proto__, escaped', '{"\\u005f_proto__":1}'],
  ['a lone high surrogate', '["\\ud800"]'],
  ['a lone low surrogate in a name', '{"\\udc00":1}'],
  ['an integer beyond 2^53 - 1', '[9007199254740992]'],
  ['an integer beyond 2^53 - 1 in other words', '[1e16]'],
  ['a number that is infinite', '[1e400]'],
  ['a number that is infinitely small', '[-1e999]'],
  ['65 levels', `${'['.repeat(65)}${']'.repeat(65)}`],
  ['half a million levels', `${'['.repeat(500_000)}${']'.repeat(500_000)}`],
  ['a trailing comma', '[1,]'],
  ['a string without an end', '["a'],
  ['two values', '{} {}'],
  ['nothing', ''],
  ['a byte order mark', '\ufeff{}'],
])('%s is refused', (_, text) => {
  expect(() => parse(text)).toThrow(SyntaxError)
})

test('what only looks ambiguous is taken: names inside strings, the same name in two objects, 64 levels', () => {
  for (const text of [
    '["\\"a\\":1,\\"a\\":2"]',
    '[{"a":1},{"a":2}]',
    '{"a":{"a":{"a":"a"}}}',
    '{"a":"b","b":"a"}',
    '["\\\\","\\\\\\"",":"]',
    '["\\ud83d\\ude00","😀"]',
    '[9007199254740991,-9007199254740991,1.5,1e-7,true,false,null]',
    `${'['.repeat(64)}${']'.repeat(64)}`,
  ])
    expect(parse(text)).toEqual(JSON.parse(text))
})

test('a long hostile text takes time in proportion to its length, not to its square', () => {
  for (const text of [
    `"${'\\"'.repeat(500_000)}`,
    `["${'\\\\'.repeat(500_000)}"]`,
    `"${'a'.repeat(12_000_000)}"`,
    '"'.repeat(1_000_001),
    `[${' '.repeat(1_000_000)}]`,
  ]) {
    const startedAt = performance.now()
    try {
      parse(text)
    } catch (error) {
      expect(error).toBeInstanceOf(SyntaxError)
    }
    expect(performance.now() - startedAt).toBeLessThan(3000)
  }
})

test('only the canonical form of a value is taken as canonical', () => {
  for (const text of ['{"b":1,"a":2}', '[1 ]', '[1.0]', '["\\u0061"]', '[-0]', '{"a":1}\n'])
    expect(() => parseCanonical(text)).toThrow(SyntaxError)
})

const json = fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' })

test('what was spelt is read back, and spelt the same again', () => {
  fc.assert(
    fc.property(json, (value) => {
      // JSON has one zero.
      const plain = JSON.parse(JSON.stringify(value)) as Json
      const hasOnlySafe = !/\d{16,}|e\+/.test(JSON.stringify(plain)) && !JSON.stringify(plain).includes('__proto__')
      fc.pre(hasOnlySafe)
      const text = canonical(plain)
      expect(parseCanonical(text)).toEqual(plain)
    }),
  )
})

/** RFC 8785 as it is written, member by member. */
function byTheBook(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(byTheBook).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${byTheBook(member!)}`).join(',')}}`
}

test('names are sorted as they are written, also those that an object keeps elsewhere', () => {
  const name = fc.oneof(
    fc.constantFrom('10', '9', '01', '__proto__', '', 'é', '\u{1F600}', '\ufb33', 'constructor'),
    fc.string(),
  )
  const members = (member: fc.Arbitrary<Json>) =>
    fc.array(fc.tuple(name, member), { maxLength: 24 }).map((pairs) => Object.fromEntries(pairs) as Json)
  const { value } = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, fc.integer(), fc.string(), fc.array(tie('value')), members(tie('value'))),
  }))
  fc.assert(
    fc.property(value, (given) => {
      expect(canonical(given)).toBe(byTheBook(given))
    }),
  )
})

test('no text makes the parser see another value than JSON.parse does, or fail with anything but a SyntaxError', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    '\\',
    'a',
    '1',
    '-',
    'e',
    ' ',
    'true',
    '"a"',
    '\\u0061',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
      const text = pieces.join('')
      try {
        expect(parse(text)).toEqual(JSON.parse(text))
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError)
      }
    }),
    { numRuns: 2000 },
  )
})

test('the canonical form is taken, and nothing that parse refuses, however it is put', () => {
  const slow = (text: string): Json | undefined => {
    try {
      const value = parse(text)
      return canonical(value) === text ? value : undefined
    } catch {
      return undefined
    }
  }
  const fast = (text: string): Json | undefined => {
    try {
      return parseCanonical(text)
    } catch {
      return undefined
    }
  }
  const nested = (levels: number) => `${'{"a":['.repeat(levels / 2)}1${']}'.repeat(levels / 2)}`
  const piece = fc.constantFrom(
    ...[
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"b"',
      '"10"',
      '"9"',
      '"__proto__"',
      '"\\u0061"',
      '"\\ud800"',
      '"é"',
      '"\\n"',
    ],
    ...['1', '0', '-0', '-1', '1.5', '1e3', '9007199254740991', '9007199254740992', '1e400', 'true', 'null', ' '],
  )
  const anything = fc.oneof(
    fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join('')),
    fc.json(),
    fc.json().map((text) => canonical(JSON.parse(text) as Json)),
    fc.dictionary(fc.constantFrom('a', 'b', '10', '9', '__proto__'), piece).map(
      (members) =>
        `{${Object.entries(members)
          .map(([name, text]) => `"${name}":${text}`)
          .join()}}`,
    ),
    fc.constantFrom(nested(62), nested(64), nested(66), nested(100_000)),
  )
  fc.assert(
    fc.property(anything, (text) => {
      expect(fast(text)).toEqual(slow(text))
    }),
    { numRuns: 3_000 },
  )
})
