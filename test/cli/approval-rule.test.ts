import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatRule, parseFrom, parseRule } from '../../src/cli/approval-rule.ts'
import type { Rule } from '../../src/domain/approval-rule.ts'
import { Failure } from '../../src/cli/failure.ts'

test.each<readonly [string, Rule]>([
  ['2:role:approver', { count: 2, from: { role: 'approver' } }],
  ['1:group:acme/leads', { count: 1, from: { group: 'acme/leads' } }],
  [
    '1:people:person:ana0000000,person:li00000000',
    { count: 1, from: { people: ['person:ana0000000', 'person:li00000000'] } },
  ],
])('%s', (text, rule) => {
  expect(parseRule(text)).toEqual(rule)
  expect(formatRule(rule)).toBe(text)
})

test.each([
  '',
  '2',
  'role:approver',
  '0:role:approver',
  '11:role:approver',
  '1:people:',
  '1:people:ana',
  '1:team:x',
  '1:role:A',
])('%j says not who approves', (text) => {
  expect(() => parseRule(text)).toThrow(Failure)
})

test('whatever is typed is a rule or a failure of its own', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const parse of [parseRule, parseFrom])
        try {
          parse(text)
        } catch (error) {
          expect(error).toBeInstanceOf(Failure)
        }
    }),
  )
})
