/** Whether a schema takes a value: said fast, and never otherwise than the schema says it. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { acceptanceOf } from '../../src/bytes/acceptance.ts'
import * as z from '../../src/bytes/schema.ts'
import { schemas as commands } from '../../src/domain/command.ts'
import { schemas as events } from '../../src/domain/event.ts'
import { given, personal } from '../../src/domain/leaf.ts'
import { sourcesOf, types } from '../notify/sample.ts'

const one = z.strictObject({
  text: z.string().min(1).max(3),
  number: z.int().min(0).max(9).optional(),
  real: z.number(),
  list: z.array(z.boolean()).max(2),
  either: z.union([z.literal('a'), z.literal(1), z.enum(['x', 'y'])]),
  map: z.record(z.string().regex(/^[a-z]+$/), z.int()).refine((map) => Object.keys(map).length < 3),
  id: z.templateLiteral(['id:', z.string().regex(/^[0-9]+$/)]),
  at: z.iso.datetime({ offset: true }).optional(),
  url: z.url().optional(),
  any: z.unknown().optional(),
  pair: z.tuple([z.string(), z.int()]).optional(),
})
const good = { text: 'abc', real: 0.5, list: [true], either: 'x', map: { a: 1 }, id: 'id:7' }

const sevens = [
  undefined,
  null,
  true,
  0,
  -1,
  10,
  0.5,
  Number.NaN,
  Infinity,
  2 ** 53,
  '',
  'a',
  'abcd',
  'id:7',
  'id:x',
  1n,
]
const odd = [
  [],
  {},
  [true, false],
  [true, true, true],
  [1],
  { a: 1 },
  { a: 'b' },
  { A: 1 },
  { a: 1, b: 2, c: 3 },
  ['a', 1],
]
const texts = [
  '2026-01-01T00:00:00Z',
  '2026-13-01T00:00:00Z',
  'https://a.example',
  'sha256:x',
  `sha256:${'a'.repeat(64)}`,
]
const thing = fc.oneof(fc.constantFrom<unknown>(...sevens, ...odd, ...texts), fc.jsonValue())

/** The value with one member, however deep, replaced, taken away or added. */
function changed(value: unknown, path: readonly number[], by: unknown, isRemoved: boolean): unknown {
  if (typeof value !== 'object' || value === null || path.length === 0) return by
  const [step, ...rest] = path as [number, ...number[]]
  const names = Object.keys(value)
  const name = names[step % (names.length + 1)]
  if (Array.isArray(value))
    return value.map((each, index) => (String(index) === name ? changed(each, rest, by, isRemoved) : each))
  if (name === undefined) return { ...value, more: by }
  const { [name]: old, ...others } = value as Record<string, unknown>
  return isRemoved && rest.length === 0 ? others : { ...others, [name]: changed(old, rest, by, isRemoved) }
}

const path = fc.array(fc.nat(12), { maxLength: 4 })

function expectSame(schema: z.ZodType, value: unknown): void {
  expect(acceptanceOf(schema)(value)).toBe(schema.safeParse(value).success)
}

test('a schema of everything takes the same values either way', () => {
  expect(acceptanceOf(one)(good)).toBe(true)
  fc.assert(
    fc.property(path, thing, fc.boolean(), (where, by, isRemoved) => {
      expectSame(one, changed(good, where, by, isRemoved))
    }),
    { numRuns: 2_000 },
  )
})

test('what is written into leaves is judged as its schema judges it', () => {
  const samples = types.map((type) => {
    const { type: _, ...event } = sourcesOf(type)[0]!.leaf.event
    return { type, event }
  })
  for (const { type, event } of samples) expect(acceptanceOf(events[type])(event), type).toBe(true)
  fc.assert(
    fc.property(fc.constantFrom(...samples), path, thing, fc.boolean(), ({ type, event }, where, by, isRemoved) => {
      const value = changed(event, where, by, isRemoved)
      expectSame(events[type], value)
      for (const command of Object.values(commands))
        expectSame(command, { type: command.shape.type.value, ...Object(value) })
      expectSame(given, value)
      expectSame(personal, value)
    }),
    { numRuns: 300 },
  )
})

test('a pattern with a memory, and what is not known here, are left to the schema', () => {
  const sticky = z.string().regex(/a/g)
  for (let time = 0; time < 3; time += 1) expect(acceptanceOf(sticky)('a')).toBe(true)
  const changes = z.strictObject({ a: z.string().transform((text) => text.length) })
  expect([acceptanceOf(changes)({ a: 'x' }), acceptanceOf(changes)({ a: 1 })]).toEqual([true, false])
  expect(acceptanceOf(z.strictObject({ a: z.unknown() }))({})).toBe(false)
})
