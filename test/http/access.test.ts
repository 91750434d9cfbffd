/** Groups, roles in one place and networks, over HTTP: what is given is seen, counts there, and its address is in no leaf. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { utf8 } from '../../src/bytes/text.ts'
import { readShipped } from '../policy/shipped.ts'
import { Office, type Worker } from './office.ts'

let office: Office
let ana: Worker
let ben: Worker
beforeAll(async () => {
  office = await Office.open()
  ana = await office.admin()
  ben = await office.person(ana, 'ben', [])
})
afterAll(() => office[Symbol.asyncDispose]())

const remove = (path: string) => office.ask('DELETE', `/api/v1/${path}`, { as: ana.token })
const people = async () => (await office.get('/api/v1/people', ana.token)).body.people as Record<string, unknown>[]
const benIs = async () => (await people())[1]

test('a person gets a role of a group, somewhere, and loses it with the group', async () => {
  expect((await office.get('/api/v1/people', ben.token)).status).toBe(403)
  await office.post('/api/v1/groups', { group: 'sec/audit' }, ana.token)
  await office.post('/api/v1/groups/sec%2Faudit/roles', { role: 'auditor' }, ana.token)
  await office.post('/api/v1/groups/sec%2Faudit/members', { person: '@ben', reason: 'first audit' }, ana.token)

  expect(await benIs()).toMatchObject({
    roles: ['auditor'],
    groups: ['sec/audit'],
    bindings: [{ role: 'auditor', scope: 'instance', group: 'sec/audit', source: 'direct', isInForce: true }],
  })
  expect((await office.get('/api/v1/groups', ben.token)).body.groups).toMatchObject([
    { group: 'sec/audit', source: 'direct', members: [{ id: ben.id }], bindings: [{ role: 'auditor' }] },
  ])
  expect((await remove('groups/sec%2Faudit')).status).toBe(200)
  expect((await office.get('/api/v1/people', ben.token)).status).toBe(403)
})

test('a role for a time says so, and is taken where it was given', async () => {
  const until = new Date(office.company.instance.clock() + 3_600_000).toISOString()
  const body = { role: 'approver', until }
  expect((await office.post(`/api/v1/people/${ben.id}/roles`, body, ana.token)).status).toBe(201)
  const there = { ...body, scope: 'environment:moon' }
  expect((await office.post(`/api/v1/people/${ben.id}/roles`, there, ana.token)).body).toMatchObject({
    code: 'no_such_environment',
  })
  expect(await benIs()).toMatchObject({ roles: ['approver'], bindings: [{ until }] })
  expect((await remove('people/@ben/roles/approver/instance')).status).toBe(200)
  expect(await benIs()).toMatchObject({ roles: [], bindings: [] })
})

test('policies ask for a network by its name; the address stays out of the leaf', async () => {
  const files = {
    ...readShipped(),
    'network.cedar': readFileSync(join(import.meta.dirname, '../../policies/example/network.cedar'), 'utf8'),
  }
  expect((await office.post('/api/v1/policies', { files }, ana.token)).body).toMatchObject({ code: 'policy_invalid' })
  await office.post('/api/v1/networks', { network: 'office', cidrs: ['127.0.0.0/8'] }, ana.token)
  expect((await office.get('/api/v1/networks', ana.token)).body).toMatchObject({
    networks: [{ network: 'office', cidrs: ['127.0.0.0/8'] }],
    here: ['office'],
  })
  expect((await office.post('/api/v1/policies', { files }, ana.token)).status).toBe(201)
  const { status, body } = await office.post('/api/v1/groups', { group: 'near' }, ana.token)
  expect(status).toBe(201)
  const { ledger, log } = office.company.instance
  const bytes = await log.leaf(body.leafIndex)
  const { data } = JSON.parse(utf8.decode(bytes))
  expect(data).toMatchObject({ given: { networks: ['office'] }, policy: { context: { networks: ['office'] } } })
  expect(utf8.decode(bytes)).not.toContain('127.0.0')
  expect(ledger.state.groups.has('near')).toBe(true)

  expect((await remove('networks/office')).body).toMatchObject({ code: 'network_needed' })
  const define = (...cidrs: string[]) => office.post('/api/v1/networks', { network: 'office', cidrs }, ana.token)
  expect((await define('192.0.2.0/24')).body).toMatchObject({ code: 'network_needed' })
  expect((await define('192.0.2.0/24', '127.0.0.0/8')).status).toBe(201)
})
