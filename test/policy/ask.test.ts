/** A question that does not fit is refused with an error, and never throws; answers are remembered for equal questions only. */

import { expect, test } from 'vitest'
import { entityRef, type Question } from '../../src/policy/policy.ts'
import { mustLoad, readCases, readShipped } from './shipped.ts'

const set = mustLoad(readShipped())
const sound = readCases().find(({ name }) => name === 'ALLOW/job-obtains-credential-for-its-approved-release')!.question

test.each<[string, Partial<Question>]>([
  ['an action that is unknown', { action: 'obtainCredentials' }],
  ['an action that is a group', { action: 'administer' }],
  ['an action that every object has', { action: 'constructor' }],
  ['a principal of the wrong type', { principal: { type: 'Person', id: 'ana' } }],
  ['a principal of an unknown type', { principal: { type: 'Nobody', id: 'ana' } }],
  ['a type that is no name', { principal: { type: 'Job"', id: 'ana' } }],
  ['no context', { context: {} }],
  ['one fact too many', { context: { ...sound.context, isAdmin: true } }],
  ['a truth spelt as text', { context: { ...sound.context, isOpen: 'true' } }],
  ['a count that is no integer', { context: { ...sound.context, approvals: 2.5 } }],
  ['a count that is not finite', { context: { ...sound.context, approvals: Infinity } }],
  ['a count beyond 64 bits', { context: { ...sound.context, approvals: 1e300 } }],
  ['nothing where a fact should be', { context: { ...sound.context, isOpen: null as never } }],
  ['an environment that is none', { context: { ...sound.context, environment: entityRef({ type: 'Role', id: 'x' }) } }],
  ['no entities', { entities: [] }],
  [
    'an entity with an unknown attribute',
    { entities: [...sound.entities, { uid: { type: 'Role', id: 'r' }, attrs: { a: 1 }, parents: [] }] },
  ],
  [
    'two entities of one name',
    { entities: [...sound.entities, { ...sound.entities[0]!, attrs: { ...sound.entities[0]!.attrs, ref: 'x' } }] },
  ],
  ['a lone surrogate', { principal: { type: 'Job', id: '\ud800' } }],
  ['endless nesting', { context: { ...sound.context, isOpen: nested(50_000) as never } }],
  ['deep nesting', { context: { ...sound.context, isOpen: nested(500) as never } }],
])('%s', (_, change) => {
  const answer = set.ask({ ...sound, ...change })

  expect(answer.isAllowed).toBe(false)
  expect(answer.errors.length).toBeGreaterThan(0)
  expect(set.ask(sound).isAllowed).toBe(true)
})

test('a policy that fails to evaluate refuses, though another one permits', () => {
  const files = { ...readShipped(), 'z.cedar': overflowing }
  const question = { ...sound, context: { ...sound.context, secondsLeft: Number.MAX_SAFE_INTEGER } }

  expect(set.ask(question).isAllowed).toBe(true)
  expect(mustLoad(files).ask(question)).toEqual({
    isAllowed: false,
    determining: [],
    errors: [expect.stringContaining('z:')],
  })
})

const overflowing = `@id("z") forbid (principal, action == Countersign::Action::"obtainCredential", resource)
when { context.secondsLeft * 4096 < 0 };`

test('what is remembered is right, is not shared between sets, and cannot be changed', () => {
  const one = mustLoad(readShipped())
  const files = readShipped()
  const other = mustLoad({ ...files, 'z.cedar': '@id("never") forbid (principal, action, resource);' })
  const reordered = { ...sound, context: Object.fromEntries(Object.entries(sound.context).reverse()) }

  const first = one.ask(sound)
  expect(one.ask(structuredClone(sound))).toBe(first)
  expect(one.ask(reordered)).toBe(first)
  expect(Object.isFrozen(first) && Object.isFrozen(first.determining)).toBe(true)
  expect(other.ask(sound)).toEqual({ isAllowed: false, determining: ['never'], errors: [] })
  expect(one.ask({ ...sound, context: { ...sound.context, isOpen: false } }).isAllowed).toBe(false)
})

test('memory stays bounded: the five thousandth question is answered as the first', () => {
  const withRole = (id: string) => ({
    ...sound,
    entities: [
      ...sound.entities,
      { uid: { type: 'Environment', id }, attrs: { ...roleOf, approvals: Number(id) }, parents: [] },
    ],
  })
  const first = set.ask(withRole('1'))
  for (let count = 2; count < 5000; count += 1) set.ask(withRole(String(count)))

  expect(set.ask(withRole('1'))).not.toBe(first)
  expect(set.ask(withRole('1'))).toEqual(first)
})

const roleOf = { approverRole: entityRef({ type: 'Role', id: 'approver' }) }

function nested(depth: number): unknown {
  let value: unknown = true
  for (let level = 0; level < depth; level += 1) value = { a: value }
  return value
}
