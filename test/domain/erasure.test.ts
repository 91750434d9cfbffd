import { expect, test } from 'vitest'
import { ana, company, given, ivo, NOON } from './given.ts'

const erase = (more: object = {}) => ({ type: 'erase person', person: ivo, evidence: false, ...more }) as const
const answer = ({ outcome, reason }: { outcome: string; reason?: string }) => [outcome, reason]

test('who can still act is forgotten in no part that says who they are', () => {
  const { when } = given(...company)
  for (const more of [{}, { fields: ['handle'] }, { fields: ['ip', 'email'] }, { fields: ['ip'], evidence: true }])
    expect(answer(when(ana, erase(more)))).toEqual(['refused', 'person_active'])
  expect(answer(when(ana, erase({ fields: ['ip', 'userAgent'] })))).toEqual(['allowed', undefined])

  when(ana, { type: 'revoke principal', principal: ivo })
  expect(answer(when(ana, erase({ evidence: true })))).toEqual(['allowed', undefined])
})

test('only a freshly signed-in administrator orders it, of somebody who exists', () => {
  const { when, state } = given(...company)
  expect(answer(when(ivo, erase({ fields: ['ip'] })))).toEqual(['refused', 'policy_refused'])
  const hourLater = NOON + 3_600_000
  expect(answer(when(ana, erase({ fields: ['ip'] }), { at: hourLater }))).toEqual(['refused', 'policy_refused'])
  expect(answer(when(ana, { ...erase(), person: 'person:nobody0000' }))).toEqual(['refused', 'no_such_person'])
  expect(state.erasures.size).toBe(0)
})

test('an invited person who has not enrolled yet could still come', () => {
  const { when } = given(...company)
  const person = 'person:kit0000000'
  const invitation = {
    inviteDigest: `sha256:${'9'.repeat(64)}`,
    expiresAt: NOON + 60_000,
    roles: [] as string[],
  } as const
  when(ana, { type: 'invite person', person, ...invitation })
  expect(answer(when(ana, { ...erase(), person }))).toEqual(['refused', 'person_active'])
})

test('it is done once, by the parts of Countersign, and only when it was ordered', () => {
  const { when, state } = given(...company)
  const counts = { leaves: 1, disclosures: 2, evidence: 0, evidenceKept: 1 }
  const finish = (order: number) => ({ type: 'finish erasure', order, person: ivo, ...counts }) as const
  when(ana, erase({ fields: ['ip'] }))
  const [order] = [...state.erasures.values()].map(({ leafIndex }) => leafIndex)
  expect(answer(when(ana, finish(order!)))).toEqual(['refused', 'wrong_principal'])
  expect(answer(when('system:erasure', finish(order! - 1)))).toEqual(['refused', 'wrong_principal'])
  expect(answer(when('system:erasure', finish(order!)))).toEqual(['recorded', undefined])
  expect(state.erasures.get(String(order))!.done).toMatchObject(counts)
  expect(answer(when('system:erasure', finish(order!)))).toEqual(['refused', 'wrong_principal'])
})
