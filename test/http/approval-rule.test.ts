import { expect, test } from 'vitest'
import { replayLog } from '../../src/control/replay.ts'
import { PAYLOAD_TYPE } from '../../src/domain/statement.ts'
import { Office } from './office.ts'
import { ENVIRONMENT, requestRelease, setUp } from './story.ts'

const { approvals: _, ...bare } = ENVIRONMENT

test('an environment with rules takes one yes of each, of whoever stands in for them; the statement is handed out as in-toto', async () => {
  await using office = await Office.open()
  const story = await setUp(office)
  const { ana, ben, cleo, dana } = story
  const rules = [
    { count: 1, from: { people: [ben.id] } },
    { count: 1, from: { role: 'admin' } },
  ]
  const define = (body: object) => office.post('/api/v1/environments', { ...bare, ...body }, ana.token)
  expect((await define({})).body.code).toBe('malformed')
  expect((await define({ approvals: 2, rules })).body.code).toBe('malformed')
  expect((await define({ rules: [{ count: 10, from: { role: 'a' } }, rules[0]] })).status).toBe(400)
  const escalation = { afterSeconds: 600, to: { role: 'approver' } }
  expect((await define({ rules, escalation })).status).toBe(201)
  const { body: shown } = await office.get('/api/v1/environments', ana.token)
  expect(shown.environments).toMatchObject([{ approvals: 2, rules, escalation }])

  const { release, job } = await requestRelease(story)
  const path = `/api/v1/releases/${release}`
  expect((await office.decide(cleo, release, 'approvals')).body.code).toBe('policy_refused')
  const until = new Date(office.port.clock() + 3_600_000).toISOString()
  const given = await office.post('/api/v1/delegations', { to: cleo.id, until, reason: 'ben is away' }, ben.token)
  expect([given.status, given.body.type]).toEqual([201, 'delegation.given'])
  const { body: standing } = await office.get('/api/v1/delegations', cleo.token)
  expect(standing.delegations).toMatchObject([{ by: { id: ben.id }, to: { id: cleo.id }, isNow: true }])

  const question = await office.post(`${path}/inquiries`, { question: 'is it reversible, dana?' }, ben.token)
  expect(question.body.leaf).not.toContain('reversible')
  const { inquiry } = question.body.result
  await office.post(`${path}/inquiries/${inquiry}/answers`, { answer: 'it is' }, dana.token)
  expect((await office.decide(cleo, release, 'approvals')).status).toBe(201)
  const { body: told } = await office.get(path, ana.token)
  expect(told.inquiries).toMatchObject([
    { by: { id: ben.id }, text: 'is it reversible, dana?', answers: [{ by: { id: dana.id }, text: 'it is' }] },
  ])
  expect(told.approvals).toMatchObject([{ by: { id: cleo.id, onBehalfOf: { id: ben.id } } }])
  expect(told.rules.slice(0, 2).map((rule: { ok: boolean }) => rule.ok)).toEqual([true, false])

  const back = await office.ask('DELETE', `${path}/approvals/mine`, { as: cleo.token })
  expect(back.body.type).toBe('approval.withdrawn')
  await office.decide(ben, release, 'approvals')
  await office.decide(ana, release, 'approvals')
  expect((await office.get(`${path}/wait?timeoutSeconds=0`, job.token)).body.state).toBe('approved')

  const { body: statement } = await office.get(`${path}/statement`, ana.token)
  expect(statement.payloadType).toBe(PAYLOAD_TYPE)
  expect(Buffer.from(statement.payload, 'base64').toString()).toBe(told.statement)
  expect(statement.approvals).toMatchObject([
    { by: ben.id, evidence: { kind: 'passkey-assertion' } },
    { by: ana.id, evidence: { kind: 'passkey-assertion' } },
  ])
  const ended = await office.ask('DELETE', `/api/v1/delegations/${given.body.result.delegation}`, { as: cleo.token })
  expect(ended.body.type).toBe('delegation.ended')
  expect(await replayLog({ path: office.company.directory })).toMatchObject({ different: [], withheld: [] })
})
