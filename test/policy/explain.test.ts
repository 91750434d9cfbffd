/** What would have turned an answer, found by asking the shipped policies again. */

import { expect, test } from 'vitest'
import { listen, turnsOf } from '../../src/policy/explain.ts'
import type { Question } from '../../src/policy/policy.ts'
import { mustLoad, readCases, readShipped } from './shipped.ts'

const set = mustLoad(readShipped())
const cases = readCases()
const question = (name: string): Question => cases.find((one) => one.name === name)!.question

test('an author who approves would have to be somebody else, and nothing else', () => {
  expect(turnsOf(question('DENY/author-approves-own-release'), set, ['admin', 'approver'])).toEqual([
    { fact: 'context.isAuthor', was: true, wouldBe: false, determining: ['approvers-approve'] },
  ])
})

test('a login that is too old by a second is named with the second', () => {
  const late = question('ALLOW/admin-acts-at-the-last-second-of-a-fresh-login')
  const stale = { ...late, context: { ...late.context, loginAgeSeconds: 901 } }

  expect(turnsOf(stale, set)).toContainEqual({
    fact: 'context.loginAgeSeconds',
    was: 901,
    wouldBe: 900,
    determining: ['admins-administer'],
  })
  expect(turnsOf(late, set)).toContainEqual({
    fact: 'context.loginAgeSeconds',
    was: 900,
    wouldBe: 901,
    determining: ['stale-login'],
  })
})

test('a role that is missing is named, and one without which it would not have been allowed', () => {
  const allowed = question('ALLOW/admin-acknowledges-alert')
  const without = { ...allowed, entities: allowed.entities.map((entity) => ({ ...entity, parents: [] })) }

  expect(turnsOf(without, set, ['developer', 'admin'])).toEqual([
    { fact: 'principal in Role::"admin"', was: false, wouldBe: true, determining: ['watchers-acknowledge-alerts'] },
  ])
  expect(turnsOf(allowed, set, ['admin'])).toEqual([
    { fact: 'principal in Role::"admin"', was: true, wouldBe: false, determining: [] },
  ])
})

test('whatever is said to turn an answer does turn it', () => {
  for (const one of cases) {
    const { isAllowed } = set.ask(one.question)
    for (const { fact, wouldBe } of turnsOf(one.question, set)) {
      const [word, name] = fact.split('.') as [string, string]
      const { context, entities, principal, resource } = one.question
      const about = word === 'principal' ? principal : resource
      const other =
        word === 'context'
          ? { ...one.question, context: { ...context, [name]: wouldBe } }
          : {
              ...one.question,
              entities: entities.map((entity) =>
                entity.uid.type === about.type && entity.uid.id === about.id
                  ? { ...entity, attrs: { ...entity.attrs, [name]: wouldBe } }
                  : entity,
              ),
            }
      expect(set.ask(other).isAllowed, `${one.name}: ${fact}`).toBe(!isAllowed)
    }
  }
})

test('whoever listens hears each question, and the answers stay the same', () => {
  const { policies, asked } = listen(set)
  for (const one of cases.slice(0, 5)) expect(policies.ask(one.question)).toEqual(set.ask(one.question))

  expect(asked).toEqual(cases.slice(0, 5).map((one) => one.question))
})
