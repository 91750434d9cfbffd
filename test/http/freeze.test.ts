import { expect, test } from 'vitest'
import { Office } from './office.ts'
import { ENVIRONMENT } from './story.ts'

test('an approver freezes an environment with one call; readers see by whom and until when; an administrator ends it', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const mara = await office.person(ana, 'mara', ['approver'])
  await office.post('/api/v1/environments', ENVIRONMENT, ana.token)
  const body = { environment: ENVIRONMENT.environment, reason: 'mara saw something odd' }

  const frozen = await office.post('/api/v1/freezes', body, mara.token)
  expect([frozen.status, frozen.body.outcome, frozen.body.type]).toEqual([201, 'allowed', 'freeze.begun'])
  const { freeze } = frozen.body.result
  const { body: list } = await office.get('/api/v1/freezes', mara.token)
  expect(list.freezes).toMatchObject([{ freeze, by: { id: mara.id }, isNow: true, leafIndex: frozen.body.leafIndex }])
  expect(list.freezes[0].until).toBeUndefined()

  const path = `/api/v1/freezes/${freeze}`
  const early = await office.ask('DELETE', path, { as: mara.token })
  expect([early.status, early.body.code]).toEqual([403, 'policy_refused'])
  expect((await office.ask('DELETE', path, { as: ana.token })).body.type).toBe('freeze.ended')
  expect((await office.get('/api/v1/freezes', mara.token)).body.freezes).toEqual([])
  expect((await office.ask('DELETE', path, { as: ana.token })).status).toBe(404)

  const { body: trail } = await office.get('/api/v1/leaves?q=type:freeze.* env:production', ana.token)
  expect(trail.rows.map((row: { outcome: string }) => row.outcome)).toEqual(['allowed', 'refused', 'allowed'])
  const over = { ...body, until: '2020-01-01T00:00:00Z' }
  expect((await office.post('/api/v1/freezes', over, mara.token)).body.code).toBe('no_such_time')
})
