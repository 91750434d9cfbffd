/** The shipped policies decide every case as its file name says, and no policy is without a case. */

import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judgeCase, uncovered } from '../../src/policy/case.ts'
import type { Question } from '../../src/policy/policy.ts'
import { toCall } from '../../src/policy/question.ts'
import { mustLoad, readCases, readShipped } from './shipped.ts'

const files = readShipped()
const set = mustLoad(files)
const cases = readCases()

test.each(cases)('$name', (one) => {
  expect(judgeCase(one, set).because).toBeUndefined()
})

test('every policy determines some case', () => {
  const verdicts = cases.map((one) => judgeCase(one, set))

  expect(uncovered(verdicts, set)).toEqual([])
})

test('every action is allowed in some case and refused in another', () => {
  const asked = (isAllowed: boolean) =>
    new Set(cases.filter((one) => one.isAllowed === isAllowed).map((one) => one.question.action))

  expect([...asked(true)].sort()).toEqual(askable())
  // The instance enrols whom it invited; there is nobody else who could ask.
  expect([...asked(false), 'enrolPerson'].sort()).toEqual(askable())
})

test('every policy stands under a comment, and says what it means to the person it decides about', () => {
  for (const id of set.ids) {
    const { sentence, fix } = set.describePolicy(id)!
    const effect = effectOf(id)

    expect(sentence, id).toMatch(/^[A-Z].*\.$/)
    expect(textOf(id), id).toMatch(/^\/\/ [A-Z].*\.\n(?:\/\/ .*\n)*@id/m)
    if (effect === 'permit') expect(fix, id).toBeUndefined()
  }
  expect(set.describePolicy('constructor')).toBeUndefined()
})

test('an action asked of its own policies is answered as by Cedar over the whole set, whatever the context says', () => {
  const text = Object.entries(files)
    .filter(([name]) => name.endsWith('.cedar'))
    .map(([, policies]) => policies)
    .join('\n')
  const parts = cedar.policySetTextToParts(text)
  if (parts.type === 'failure') throw new Error('the shipped policies do not parse')
  const staticPolicies = Object.fromEntries(
    parts.policies.map((policy) => [/@id\("(.*?)"\)/.exec(policy)![1]!, policy]),
  )
  const schema = files['countersign.cedarschema']!

  fc.assert(
    fc.property(
      fc.constantFrom(...cases),
      fc.infiniteStream(fc.boolean()),
      fc.infiniteStream(fc.nat(3)),
      (one, bits, counts) => {
        const question = { ...one.question, context: mapLeaves(one.question.context, bits, counts) }
        const whole = cedar.isAuthorized({
          ...toCall(question),
          policies: { staticPolicies },
          schema,
          validateRequest: true,
        })
        if (whole.type === 'failure') throw new Error(JSON.stringify(whole.errors))

        const answer = set.ask(question)
        expect(answer.isAllowed).toBe(whole.response.decision === 'allow')
        expect(answer.determining).toEqual(whole.response.diagnostics.reason.sort())
      },
    ),
    { numRuns: 60 },
  )
})

/** The actions of the schema without the groups, sorted. */
function askable(): string[] {
  const answer = cedar.schemaToJson(files['countersign.cedarschema']!)
  const actions = answer.type === 'success' ? Object.entries(answer.json['Countersign']!.actions) : []
  return actions.flatMap(([id, { appliesTo }]) => (appliesTo?.principalTypes.length ? [id] : [])).sort()
}

function textOf(id: string): string {
  return Object.values(files)
    .flatMap((text) => text.split(/;\n/))
    .find((text) => text.includes(`@id("${id}")`))!
}

function effectOf(id: string): string {
  return /^(permit|forbid) \(/m.exec(textOf(id))![1]!
}

function mapLeaves(
  context: Question['context'],
  bits: Iterator<boolean>,
  counts: Iterator<number>,
): Question['context'] {
  const changed = Object.entries(context).map(([name, value]) => {
    if (typeof value === 'boolean') return [name, bits.next().value]
    return [name, typeof value === 'number' && bits.next().value ? counts.next().value : value]
  })
  return Object.fromEntries(changed) as Question['context']
}
