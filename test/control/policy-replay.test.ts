/** A whole release over HTTP, and then its log under other policies. */

import { expect, test } from 'vitest'
import { stateAt } from '../../src/control/past.ts'
import { explainDecision } from '../../src/control/policy-explain.ts'
import { replayPolicies } from '../../src/control/policy-replay.ts'
import { read } from '../../src/domain/leaf.ts'
import { Office } from '../http/office.ts'
import { jobKeyLine, requestRelease, setUp } from '../http/story.ts'
import { mustLoad, readShipped } from '../policy/shipped.ts'

async function tell(office: Office) {
  const story = await setUp(office)
  const { job, release } = await requestRelease(story)
  const grant = () => office.post('/api/v1/grants', { release, target: 'web', publicKey: jobKeyLine() }, job.token)
  await grant()
  await office.decide(story.dana, release, 'approvals')
  await office.decide(story.ben, release, 'approvals')
  await office.decide(story.cleo, release, 'approvals')
  await grant()
  await office.post(`/api/v1/releases/${release}/outcome`, { exitCode: 0 }, job.token)
  await office.get('/api/v1/trail', story.ana.token)
  return story
}

test('the policies that were in force answer all of history as they did', async () => {
  await using office = await Office.open()
  await tell(office)
  const report = await replayPolicies(mustLoad(readShipped()), { path: office.company.directory })
  expect(report).toMatchObject({ newlyRefused: 0, newlyAllowed: 0, unknown: 0, from: 0, treeSize: office.size })
  expect(report.unchanged).toBeGreaterThan(20)
  expect(report.before).toBe(report.digest)
  const { rootHash } = await office.port.ledger.prove(0)
  expect(report.rootHash).toBe(rootHash)
})

test('what a changed set would refuse, and what it would let through, is named with leaf and policy', async () => {
  await using office = await Office.open()
  await tell(office)
  const files = readShipped()
  const stricter = mustLoad({
    ...files,
    'more.cedar': '@id("nobody-approves")\nforbid (principal, action == Countersign::Action::"approve", resource);\n',
  })
  const path = office.company.directory
  const refused = await replayPolicies(stricter, { path })
  expect(refused).toMatchObject({ newlyRefused: 2, newlyAllowed: 0, unknown: 0 })
  expect(refused.changes.map(({ type, isAllowed, determining }) => ({ type, isAllowed, determining }))).toEqual([
    { type: 'approval.given', isAllowed: false, determining: ['nobody-approves'] },
    { type: 'approval.given', isAllowed: false, determining: ['nobody-approves'] },
  ])
  const looser = mustLoad({
    ...files,
    'more.cedar': '@id("all-go")\npermit (principal, action == Countersign::Action::"obtainCredential", resource);\n',
    'approval.cedar': files['approval.cedar']!.replaceAll('forbid (', 'permit ('),
    'credential.cedar': files['credential.cedar']!.replaceAll('forbid (', 'permit ('),
  })
  const allowed = await replayPolicies(looser, { path })
  expect(allowed.newlyRefused).toBe(0)
  expect(allowed.changes.map(({ type }) => type)).toContain('grant.refused')
  expect(allowed.changesDigest).not.toBe(refused.changesDigest)

  const later = await replayPolicies(stricter, { path, from: refused.changes[0]!.leafIndex + 1 })
  expect(later.newlyRefused).toBe(1)
  const short = await replayPolicies(stricter, { path, treeSize: refused.changes[0]!.leafIndex })
  expect(short).toMatchObject({ newlyRefused: 0, treeSize: refused.changes[0]!.leafIndex })
})

test('what a release was asked with is asked again, too, though its leaf keeps the later question', async () => {
  await using office = await Office.open()
  await tell(office)
  const stricter = mustLoad({
    ...readShipped(),
    'more.cedar': '@id("no-asking")\nforbid (principal, action == Countersign::Action::"requestRelease", resource);\n',
  })
  const { changes } = await replayPolicies(stricter, { path: office.company.directory })
  expect(changes.map(({ type, action, determining }) => [type, action, determining])).toEqual([
    ['release.requested', 'requestRelease', ['no-asking']],
  ])
})

test('a refusal of long ago is explained by the policies and facts of its time, and by the one fact that would turn it', async () => {
  await using office = await Office.open()
  const { dana } = await tell(office)
  const path = office.company.directory
  let [refusedAt, release] = [-1, '']
  for await (const { leaf, leafIndex } of office.port.ledger.log.leaves(0, office.size)) {
    const { event, caller } = read(leaf)
    if (event.type !== 'approval.refused' || caller.id !== dana.id) continue
    ;[refusedAt, release] = [leafIndex, String(event.release)]
  }
  const found = await explainDecision(path, { leafIndex: refusedAt })
  expect(found).toMatchObject({ type: 'approval.refused', outcome: 'refused', isAllowed: false })
  expect(found.policies.map(({ id }) => id)).toContain('author-cannot-approve')
  expect(found.policies.every(({ id, text }) => text.includes(`@id("${id}")`))).toBe(true)
  const last = await explainDecision(path, { release })
  expect([last.leafIndex > refusedAt, last.isAllowed]).toEqual([true, true])
  expect(last.turns.map(({ fact }) => fact)).toContain('context.isFrozen')
  await expect(explainDecision(path, { release: 'release:none' })).rejects.toThrow(
    'no policy was asked about release:none',
  )
  await expect(explainDecision(path, { leafIndex: 999_999 })).rejects.toThrow('the log ends before leaf 999999')

  const before = await stateAt(path, refusedAt)
  expect(before.releases.get(release)?.approvals).toEqual([])
  expect((await stateAt(path, office.size)).releases.get(release)?.approvals).toHaveLength(2)
})
