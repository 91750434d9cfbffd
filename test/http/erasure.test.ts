import { expect, test } from 'vitest'
import { Office } from './office.ts'

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
