/** What is remembered is never another question's answer: asked anew, the engine says the same. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keyOf } from '../../src/policy/memory.ts'
import { mentionsOf } from '../../src/policy/mention.ts'
import { parsePolicy, type ParsedPolicy } from '../../src/policy/engine.ts'
import { loadPolicies, type PolicySet, type Question } from '../../src/policy/policy.ts'

const schema = `namespace Countersign {
  entity Person = { level: Long, friend?: Person };
  entity Paper in [Folder] = { owner: Person };
  entity Folder;
  entity Colour enum ["red", "green"];
  action read appliesTo { principal: Person, resource: Paper, context: {
    age: Long, score: Long, least?: Long, count: Long, unused: Long, colour?: Colour } };
}`
const rules = `
@id("owner") permit (principal, action, resource) when { resource.owner == principal && context.age < 10 };
@id("boss") permit (principal == Countersign::Person::"boss", action, resource) when { 5 <= context.age };
@id("friend") permit (principal, action, resource) when { principal has friend && principal.friend == resource.owner };
@id("score") permit (principal, action, resource) when { context.score >= principal.level && context has least };
@id("box") permit (principal, action, resource in Countersign::Folder::"box") when { context.count * 2 > 6 };
@id("red") permit (principal, action, resource) when { context has colour && context.colour == Countersign::Colour::"red" };
@id("old") forbid (principal, action, resource) when { context.age == 7 || context.age > 100 };`

function load(): PolicySet {
  const set = loadPolicies({ 'a.cedarschema': schema, 'a.cedar': rules })
  if (Array.isArray(set)) throw new Error(JSON.stringify(set))
  return set
}

const person = fc.constantFrom('boss', 'ana', 'ben', 'person:0000000001', '~0')
const small = fc.integer({ min: -1, max: 12 })
const question: fc.Arbitrary<Question> = fc
  .record({
    ...{ who: person, owner: person, friend: fc.option(person), level: small },
    ...{
      paper: fc.constantFrom('p1', 'ana', 'box'),
      folder: fc.constantFrom('box', 'bag'),
      age: fc.oneof(small, fc.integer({ min: 99, max: 102 })),
    },
    ...{ score: small, least: fc.option(small), count: small, colour: fc.option(fc.constantFrom('red', 'green')) },
  })
  .map(({ who, owner, friend, level, paper, folder, colour, least, ...numbers }) => {
    const ref = (id: string) => ({ __entity: { type: 'Person', id } })
    const entity = (id: string, of: string | null) => ({
      uid: { type: 'Person', id },
      attrs: { level, ...(of !== null && { friend: ref(of) }) },
      parents: [],
    })
    const people = new Map([owner, friend ?? owner, who].map((id) => [id, entity(id, id === who ? friend : null)]))
    return {
      principal: { type: 'Person', id: who },
      action: 'read',
      resource: { type: 'Paper', id: paper },
      context: {
        ...{ ...numbers, unused: numbers.score },
        ...(least !== null && { least }),
        ...(colour !== null && { colour: { __entity: { type: 'Colour', id: colour } } }),
      },
      entities: [
        ...people.values(),
        { uid: { type: 'Paper', id: paper }, attrs: { owner: ref(owner) }, parents: [{ type: 'Folder', id: folder }] },
      ],
    }
  })

test('a warm memory answers every question as the engine does when it is asked for the first time', () => {
  const warm = load()
  const yes = new Set<string>()
  fc.assert(
    fc.property(fc.array(question, { minLength: 10, maxLength: 10 }), (questions) => {
      for (const one of questions) {
        const { isAllowed, determining, errors } = warm.ask(one)
        for (const id of determining) yes.add(id)
        const cold = load().ask(one)
        expect({ isAllowed, determining, errors }).toEqual({ ...cold })
      }
    }),
    { numRuns: 15 },
  )
  expect([...yes].sort()).toEqual(['boss', 'box', 'friend', 'old', 'owner', 'red', 'score'])
})

const mentions = mentionsOf(
  rules
    .trim()
    .split('\n')
    .map((text) => parsePolicy(text) as ParsedPolicy),
  schema,
)

test('only what is compared with literals alone is known by its place between them', () => {
  expect(mentions.limits('age')).toEqual([5, 7, 10, 100])
  expect(mentions.limits('unused')).toEqual([])
  expect([mentions.limits('score'), mentions.limits('count'), mentions.limits('least')]).toEqual([
    undefined,
    undefined,
    [],
  ])
  expect(['boss', 'box', 'red', 'green', 'ana'].map((id) => mentions.ids.has(id))).toEqual([
    true,
    true,
    true,
    true,
    false,
  ])
  const whole = mentionsOf(
    [parsePolicy('permit (principal, action, resource) when { context == {"age": 1} };') as ParsedPolicy],
    '',
  )
  expect(whole.limits('age')).toBeUndefined()
})

test('strangers are alike, whoever they are; equal and different ones are not', () => {
  const asked = (who: string, owner: string, age = 1): Question => ({
    principal: { type: 'Person', id: who },
    action: 'read',
    resource: { type: 'Paper', id: 'p' },
    context: { age },
    entities: [
      { uid: { type: 'Paper', id: 'p' }, attrs: { owner: { __entity: { type: 'Person', id: owner } } }, parents: [] },
    ],
  })
  const key = (one: Question) => keyOf(one, mentions)
  expect(key(asked('ana', 'ben'))).toBe(key(asked('ben', 'ana', 4)))
  expect(key(asked('ana', 'ana'))).toBe(key(asked('ben', 'ben')))
  expect(key(asked('ana', 'ana'))).not.toBe(key(asked('ana', 'ben')))
  expect(key(asked('boss', 'ana'))).not.toBe(key(asked('ben', 'ana')))
  expect(key(asked('~0', 'ana'))).toBe(key(asked('ben', 'ana')))
  const ages = [4, 5, 6, 7, 8, 10, 100, 101].map((age) => key(asked('ana', 'ben', age)))
  expect(new Set(ages).size).toBe(8)
  expect(key(asked('ana', 'ben', 1.5))).not.toBe(key(asked('ana', 'ben', 1)))
  expect([NaN, Infinity].map((age) => key(asked('ana', 'ben', age)))).toEqual([undefined, undefined])
  expect(key(asked('\ud800', 'ben'))).toBeUndefined()
})
