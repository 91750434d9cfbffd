import { expect, test } from 'vitest'
import { replayLog } from '../../src/control/replay.ts'
import { Office, type Worker } from './office.ts'
import { requestRelease, setUp } from './story.ts'

test('a person breaks the glass for a release that waits; the job goes on; another person judges it', async () => {
  await using office = await Office.open()
  const story = await setUp(office)
  const { ana, ben, cleo } = story
  const { release, job } = await requestRelease(story)
  const path = `/api/v1/releases/${release}/break-glass`
  const { body: shown } = await office.get(path, ben.token)
  expect(JSON.parse(shown.statement)).toMatchObject({
    predicateType: 'https://countersign.dev/break-glass/v1',
    predicate: { release, environment: 'production', origin: 'log.example' },
  })
  const go = (as: Worker, challenge: string) =>
    office.post(path, { assertion: office.sign(as, challenge), reason: 'ben says that checkout is down' }, as.token)
  const approval = (await office.get(`/api/v1/releases/${release}`, ben.token)).body.challenge
  expect((await go(ben, approval)).body.code).toBe('statement_mismatch')
  const used = await go(ben, shown.challenge)
  expect([used.status, used.body.type]).toEqual([201, 'breakglass.used'])
  expect(used.body.leaf).not.toContain('checkout')
  expect((await office.get(`/api/v1/releases/${release}/wait?timeoutSeconds=0`, job.token)).body.state).toBe('approved')

  const list = async () => (await office.get('/api/v1/break-glass', cleo.token)).body.open
  const [open] = await list()
  expect(open).toMatchObject({ release, by: { id: ben.id }, given: 0, required: 2, isOverdue: false })
  const judge = (as: Worker, verdict: 'justified' | 'unjustified', challenge: string) =>
    office.post(
      `/api/v1/break-glass/${open.breakglass}/reviews`,
      { assertion: office.sign(as, challenge), verdict, reason: 'it was down' },
      as.token,
    )
  expect((await judge(ben, 'justified', open.justified.challenge)).body.code).toBe('own_breakglass')
  expect((await judge(cleo, 'justified', open.unjustified.challenge)).body.code).toBe('statement_mismatch')
  const judged = await judge(cleo, 'justified', open.justified.challenge)
  expect([judged.status, judged.body.type]).toEqual([201, 'breakglass.reviewed'])
  expect(await list()).toEqual([])
  const { body: trail } = await office.get('/api/v1/leaves?q=type:breakglass.* env:production', ana.token)
  expect(trail.rows.map((row: { outcome: string }) => row.outcome)).toEqual([
    'allowed',
    'refused',
    'refused',
    'allowed',
    'refused',
  ])
  expect(await replayLog({ path: office.company.directory })).toMatchObject({ different: [], withheld: [] })
})
