/** Other policies, put in force by one administrator alone, or by two over the exact step and what history would have been. */

import { expect, test } from 'vitest'
import { replayLog } from '../../src/control/replay.ts'
import { PolicyReplays } from '../../src/control/policy-replay-thread.ts'
import { mustLoad, readShipped } from '../policy/shipped.ts'
import { Office, type Worker } from './office.ts'

const files = {
  ...readShipped(),
  'more.cedar': '@id("nobody-invites")\nforbid (principal, action == Countersign::Action::"invitePerson", resource);\n',
}
const changed = mustLoad(files)

test('the only administrator changes the policies alone; what history would have been is bound into the leaf', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  await office.person(ana, 'ivo', ['developer'])
  const before = office.port.ledger.policies.digest
  const { status, body } = await office.post('/api/v1/policies', { files }, ana.token)
  expect([status, body.type]).toEqual([201, 'policy.activated'])
  const { treeSize } = body.result.replay
  expect(body.result.replay).toMatchObject({ before, newlyRefused: 1, newlyAllowed: 0, unknown: 0, from: 0 })
  expect(treeSize).toBe(body.leafIndex)
  const { replay } = JSON.parse(body.leaf).data.event
  expect(replay).toEqual(body.result.replay)
  const without = await office.post('/api/v1/policies', { files: readShipped(), sinceDays: 0 }, ana.token)
  expect([without.status, JSON.parse(without.body.leaf).data.event.replay]).toEqual([201, undefined])
  expect(await replayLog({ path: office.company.directory })).toMatchObject({ different: [], withheld: [] })
})

test('where there is another administrator, they agree with a passkey over both sets and the replay; until then the old set stays', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const ben = await office.person(ana, 'ben', ['admin'])
  const otto = await office.person(ana, 'otto', ['approver'])
  const before = office.port.ledger.policies.digest
  const { status, body } = await office.post('/api/v1/policies', { files }, ana.token)
  expect([status, body.outcome, body.type]).toEqual([202, 'waiting', 'policy.asked'])
  const { asked } = body.result
  expect(body.result).toMatchObject({ asked: body.leafIndex, digest: changed.digest, replay: { newlyRefused: 2 } })
  expect(office.port.ledger.policies.digest).toBe(before)

  const waiting = async () => (await office.get('/api/v1/policies/activations', ben.token)).body.activations
  const [shown] = await waiting()
  expect(shown).toMatchObject({ asked, digest: changed.digest, by: { id: ana.id } })
  expect(JSON.parse(shown.statement)).toMatchObject({
    predicateType: 'https://countersign.dev/policy-activation/v1',
    subject: [{ name: 'policies', digest: { sha256: changed.digest.slice(7) } }],
    predicate: {
      asker: ana.id,
      before: { sha256: before.slice(7) },
      origin: 'log.example',
      replay: body.result.replay,
    },
  })
  const answer = (as: Worker, kind: string, challenge: string, more: object = {}) =>
    office.post(
      `/api/v1/policies/activations/${asked}/${kind}`,
      { assertion: office.sign(as, challenge), ...more },
      as.token,
    )
  const other = shown.challenge.replace(/^./, (c: string) => (c === 'A' ? 'B' : 'A'))
  expect((await answer(ana, 'agreements', shown.challenge)).body.code).toBe('own_activation')
  expect((await answer(otto, 'agreements', shown.challenge)).body.code).toBe('policy_refused')
  expect((await answer(ben, 'agreements', other)).body.code).toBe('statement_mismatch')
  expect((await answer(otto, 'refusals', shown.challenge, { reason: 'no' })).body.code).toBe('policy_refused')
  expect(office.port.ledger.policies.digest).toBe(before)

  const agreed = await answer(ben, 'agreements', shown.challenge)
  expect([agreed.status, agreed.body.type]).toEqual([201, 'policy.activated'])
  expect(JSON.parse(agreed.body.leaf).data.event).toMatchObject({
    digest: changed.digest,
    replay: body.result.replay,
    agreed: { askedBy: ana.id, by: ben.id, asked },
  })
  expect(office.port.ledger.policies.digest).toBe(changed.digest)
  expect(await waiting()).toEqual([])
  expect((await answer(ben, 'agreements', shown.challenge)).body.code).toBe('no_such_activation')
  expect(await replayLog({ path: office.company.directory })).toMatchObject({ different: [], withheld: [] })
})

test('a change is declined, or withdrawn by who asked; one that was overtaken is void', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const ben = await office.person(ana, 'ben', ['admin'])
  const ask = async (set: object) =>
    (await office.post('/api/v1/policies', { files: set, sinceDays: 0 }, ana.token)).body.result
  const act = async (as: Worker, asked: number, kind: string, more: object = {}) => {
    const { activations } = (await office.get('/api/v1/policies/activations', as.token)).body
    const found = activations.find((each: { asked: number }) => each.asked === asked) ?? activations[0]
    const assertion = office.sign(as, found.challenge)
    return office.post(`/api/v1/policies/activations/${asked}/${kind}`, { assertion, ...more }, as.token)
  }
  const [first, second, third] = [await ask(files), await ask(files), await ask(files)]
  expect((await act(ben, first.asked, 'refusals', { reason: 'too strict' })).body.type).toBe('policy.declined')
  expect((await act(ana, second.asked, 'refusals', { reason: 'my mistake' })).body.type).toBe('policy.declined')
  const last = await ask({ ...files, 'again.cedar': files['more.cedar'].replace('nobody-invites', 'nobody-at-all') })
  expect((await act(ben, third.asked, 'agreements')).status).toBe(201)
  const late = await office.post(
    `/api/v1/policies/activations/${last.asked}/agreements`,
    { assertion: office.sign(ben, 'A'.repeat(43)) },
    ben.token,
  )
  expect(late.body.code).toBe('no_such_activation')
})

test('whoever may not change the policies has no history asked again', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const ivo = await office.person(ana, 'ivo', ['developer'])
  const { status, body } = await office.post('/api/v1/policies', { files }, ivo.token)
  expect([status, body.code]).toEqual([403, 'policy_refused'])
  expect(JSON.parse(body.receipt.leaf).data.command.replay).toBeUndefined()
})

test('history is asked in a thread of its own, one at a time', { timeout: 60_000 }, async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  await office.person(ana, 'ivo', ['developer'])
  const replays = new PolicyReplays(office.company.directory)
  const [first, second] = await Promise.allSettled([replays.ask(files, {}), replays.ask(files, {})])
  expect(first).toMatchObject({ status: 'fulfilled', value: { newlyRefused: 1, unknown: 0 } })
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'busy' } })
  await expect(replays.ask(files, { treeSize: 1_000_000 })).rejects.toThrow('not 1000000')
})
