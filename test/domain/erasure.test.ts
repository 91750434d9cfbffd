import { expect, test } from 'vitest'
import { ana, company, given, ivo, mara, NOON } from './given.ts'

const fresh = { nonce: 'n'.repeat(43), expiresAt: NOON + 60_000 }
const erase = (more: object = {}) =>
  ({ type: 'erase person', person: ivo, evidence: false, ...fresh, ...more }) as const
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

const over = (who: string, more: object = {}) => ({
  credentialId: who,
  isUserVerified: true,
  isOverStatement: true,
  ...more,
})
const asked = { type: 'erase person', person: mara, evidence: false, fields: ['ip'] as string[], ...fresh } as const

/** Ana and Ivo are administrators; Ana has asked to forget Mara's addresses. */
function waitingCompany(more: object = {}) {
  const world = given(...company)
  world.when(ana, { type: 'assign role', person: ivo, role: 'admin' })
  const decision = world.when(ana, { ...asked, ...more })
  const [request] = [...world.state.waitingErasures.values()]
  return { ...world, decision, request: request! }
}

test('where there is another administrator, they are waited for; an order of one alone says so', () => {
  const { decision, request, state } = waitingCompany()
  expect(decision).toMatchObject({
    outcome: 'waiting',
    reason: 'agreement_missing',
    event: { by: ana, fields: ['ip'] },
  })
  expect(state.erasures.size).toBe(0)
  expect(request.statementDigest).toMatch(/^sha256:/)
  const { when } = given(...company)
  expect(when(ana, asked)).toMatchObject({ outcome: 'allowed', event: { type: 'erasure.ordered', by: ana } })
})

test('another administrator agrees over the exact statement; then it is ordered, by whom and on whose agreement', () => {
  const { when, request, state } = waitingCompany()
  const agree = { type: 'agree to erasure', asked: request.leafIndex } as const
  expect(answer(when(ana, agree, { claims: over('ana') }))).toEqual(['refused', 'own_erasure'])
  expect(answer(when(mara, agree, { claims: over('mara') }))).toEqual(['refused', 'own_erasure'])
  expect(answer(when(ivo, agree, { claims: over('ana') }))).toEqual(['refused', 'passkey_unknown'])
  expect(answer(when(ivo, agree, { claims: over('ivo', { isOverStatement: false }) }))).toEqual([
    'refused',
    'statement_mismatch',
  ])
  expect(answer(when(ivo, agree, { claims: over('ivo', { isUserVerified: false }) }))).toEqual([
    'refused',
    'policy_refused',
  ])
  expect(when(ivo, agree, { claims: over('ivo') })).toMatchObject({
    outcome: 'allowed',
    event: {
      type: 'erasure.ordered',
      person: mara,
      fields: ['ip'],
      by: ana,
      agreed: { by: ivo, asked: request.leafIndex, statementDigest: request.statementDigest },
    },
  })
  expect([state.erasures.size, state.waitingErasures.size]).toEqual([1, 0])
  expect(answer(when(ivo, agree, { claims: over('ivo') }))).toEqual(['refused', 'no_such_erasure'])
})

test('it is declined, withdrawn, or over in time; a person without the role says neither yes nor no', () => {
  const decline = (leafIndex: number) => ({ type: 'decline erasure', asked: leafIndex }) as const
  for (const [who, name] of [
    [ivo, 'ivo'],
    [ana, 'ana'],
  ] as const) {
    const { when, request, state } = waitingCompany()
    expect(when(who, decline(request.leafIndex), { claims: over(name) })).toMatchObject({
      outcome: 'allowed',
      event: { type: 'erasure.declined', by: who },
    })
    expect(state.waitingErasures.size).toBe(0)
  }
  const { when, request } = waitingCompany()
  expect(answer(when(mara, decline(request.leafIndex), { claims: over('mara') }))).toEqual([
    'refused',
    'policy_refused',
  ])
  const late = { claims: over('ivo'), at: NOON + 60_000 }
  expect(answer(when(ivo, { type: 'agree to erasure', asked: request.leafIndex }, late))).toEqual([
    'refused',
    'erasure_expired',
  ])
})

test('who asked must still be allowed to ask when somebody agrees', () => {
  const { when, request } = waitingCompany()
  when(ivo, { type: 'remove role', person: ana, role: 'admin' })
  const agree = { type: 'agree to erasure', asked: request.leafIndex } as const
  expect(answer(when(ivo, agree, { claims: over('ivo') }))).toEqual(['refused', 'order_void'])
})

test('nobody lets an erasure wait for more than a week', () => {
  for (const expiresAt of [NOON, NOON + 8 * 24 * 3_600_000])
    expect(answer(waitingCompany({ expiresAt }).decision)).toEqual(['refused', 'erasure_expired'])
})
