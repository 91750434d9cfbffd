import { expect, test } from 'vitest'
import { Office, type Worker } from './office.ts'

test('a person who left is forgotten: by name nowhere, by id everywhere; the answer says what went and what stays', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const eve = await office.person(ana, 'eve', ['auditor'])
  const body = { reason: 'asked for it' }
  const early = await office.post('/api/v1/people/@eve/erasures', body, ana.token)
  expect([early.status, early.body.code]).toEqual([403, 'person_active'])

  const key = { 'idempotency-key': 'role' }
  await office.post('/api/v1/people/@eve/roles', { role: 'approver' }, ana.token, key)
  await office.post('/api/v1/people/@eve/revocation', { reason: 'eve of the company left' }, ana.token)
  const { status, body: erased } = await office.post('/api/v1/people/@eve/erasures', body, ana.token)
  expect(status).toBe(201)
  expect(erased).toMatchObject({
    type: 'erasure.ordered',
    result: { person: eve.id, isDone: true, evidence: 0, evidenceKept: 0 },
  })
  expect(erased.result.doneIn).toBe(erased.leafIndex + 1)
  expect(erased.result.disclosures).toBeGreaterThan(5)

  const { text } = await office.get('/api/v1/people', ana.token)
  expect(text).toContain(`"name":"${eve.id}"`)
  const pages = [
    '/api/v1/people',
    '/api/v1/leaves?limit=500',
    '/api/v1/overview',
    `/api/v1/leaves/${erased.leafIndex - 1}`,
  ]
  for (const page of pages)
    expect((await office.get(page, ana.token)).text, page).not.toMatch(/eve of the company|eve@acme|"eve"|@eve/)
  // What was answered before is not told again.
  const repeated = await office.post('/api/v1/people/@eve/roles', { role: 'approver' }, ana.token, key)
  expect(repeated.status).toBe(409)
  expect((await office.get(`/api/v1/leaves?q=who:${eve.id}`, ana.token)).body.total).toBeGreaterThan(0)
  expect((await office.post('/api/v1/people/@eve/erasures', body, ana.token)).status).toBe(404)
  expect((await office.post(`/api/v1/people/${eve.id}/erasures`, body, ana.token)).body.result.disclosures).toBe(1)
  // All that was left to go is why it was asked for the first time.
  expect(office.reports).toEqual([])
})

test('one administrator asks, another agrees with a passkey over the exact order; until then nothing goes', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const ben = await office.person(ana, 'ben', ['admin'])
  const eve = await office.person(ana, 'eve', ['auditor'])
  await office.post('/api/v1/people/@eve/revocation', { reason: 'left' }, ana.token)
  const ask = () => office.post('/api/v1/people/@eve/erasures', { reason: 'asked for it' }, ana.token)
  const { status, body } = await ask()
  expect([status, body.outcome, body.type]).toEqual([202, 'waiting', 'erasure.asked'])
  const { asked } = body.result
  expect(asked).toBe(body.leafIndex)

  const listed = async (as: Worker) => (await office.get('/api/v1/erasures', as.token)).body.erasures
  const [shown] = await listed(ben)
  expect(shown).toMatchObject({ asked, person: eve.id, evidence: false, by: { id: ana.id } })
  expect(JSON.parse(shown.statement)).toMatchObject({
    predicateType: 'https://countersign.dev/erasure/v1',
    predicate: { asker: ana.id, evidence: false, origin: 'log.example' },
  })
  expect((await office.get('/api/v1/people', ana.token)).text).toContain('eve')

  const answer = (as: Worker, kind: string, more: object = {}) =>
    office.post(`/api/v1/erasures/${asked}/${kind}`, { assertion: office.sign(as, shown.challenge), ...more }, as.token)
  expect((await answer(ana, 'agreements')).body.code).toBe('own_erasure')
  expect((await answer(await office.person(ana, 'otto', ['auditor']), 'agreements')).body.code).toBe('policy_refused')
  const other = {
    assertion: office.sign(
      ben,
      shown.challenge.replace(/^./, (c: string) => (c === 'A' ? 'B' : 'A')),
    ),
  }
  const elsewhere = await office.post(`/api/v1/erasures/${asked}/agreements`, other, ben.token)
  expect(elsewhere.body.code).toBe('statement_mismatch')

  const agreed = await answer(ben, 'agreements')
  expect([agreed.status, agreed.body.type]).toEqual([201, 'erasure.ordered'])
  expect(agreed.body.result).toMatchObject({ person: eve.id, isDone: true })
  expect(JSON.parse(agreed.body.leaf).data.event).toMatchObject({ by: ana.id, agreed: { by: ben.id, asked } })
  expect((await office.get('/api/v1/people', ana.token)).text).not.toContain('"eve"')
  expect(await listed(ben)).toEqual([])
  expect((await answer(ben, 'agreements')).body.code).toBe('no_such_erasure')

  const again = (await ask()).status === 404 ? undefined : 'known'
  expect(again).toBeUndefined()
  const second = await office.post(`/api/v1/people/${eve.id}/erasures`, { reason: 'once more' }, ana.token)
  const [open] = await listed(ana)
  const declined = await office.post(
    `/api/v1/erasures/${second.body.result.asked}/refusals`,
    { assertion: office.sign(ben, open.challenge), reason: 'it is all gone' },
    ben.token,
  )
  expect([declined.status, declined.body.type]).toEqual([201, 'erasure.declined'])
  expect(await listed(ana)).toEqual([])
})
