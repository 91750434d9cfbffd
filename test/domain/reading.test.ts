/** Who may look at the trail, who may take it away, and that looking is written whatever state the log is in. */

import { expect, test } from 'vitest'
import type { Command } from '../../src/domain/command.ts'
import { goesOn } from '../../src/domain/decide.ts'
import { ana, company, given, ivo, job, NOON } from './given.ts'

const read: Command = { type: 'read trail', reads: [{ kind: 'leaf', leaf: 3 }] }
const exported: Command = {
  type: 'export trail',
  format: 'csv',
  total: 2,
  treeSize: 9,
  rootHash: `${'A'.repeat(43)}=`,
}
const counted: Command = {
  type: 'count reads',
  principal: ana,
  login: 'login:ana0000000000000',
  repeats: [{ leafIndex: 3, read: 0, times: 2 }],
}
const answer = ({ outcome, reason, event }: { outcome: string; reason?: string; event: { type: string } }) => [
  event.type,
  outcome,
  reason,
]

test('people with a role are shown the trail, and may take it away; the leaf repeats what was asked', () => {
  const { when } = given(...company)
  const { event, policy } = when(ivo, read)
  expect(event).toEqual({ type: 'trail.read', reads: read.reads })
  expect(policy?.determining).toEqual(['people-with-a-role-read'])
  const taken = when(ivo, exported)
  expect(taken.event).toEqual({ ...exported, type: 'trail.exported' })
  expect(taken.policy).toMatchObject({ action: 'exportTrail', determining: ['people-with-a-role-export'] })
})

test('who lost their role, jobs, and logins that ended are refused in a leaf of their own', () => {
  const { when } = given(...company)
  when(ana, { type: 'remove role', person: ivo, role: 'developer' })
  when(ana, { type: 'remove role', person: ivo, role: 'approver' })
  expect(answer(when(ivo, read))).toEqual(['trail.refused', 'refused', 'policy_refused'])
  expect(answer(when(ivo, exported))).toEqual(['trail.refused', 'refused', 'policy_refused'])
  expect(answer(when(job, read))).toEqual(['principal.refused', 'refused', 'wrong_principal'])
  expect(answer(when(ivo, read, { at: NOON + 11 * 3_600_000 }))[2]).toBe('login_expired')
  when(ana, { type: 'revoke principal', principal: ivo })
  expect(answer(when(ivo, read))[2]).toBe('principal_revoked')
})

test('only Countersign itself counts how often somebody looked again', () => {
  const { when } = given(...company)
  expect(answer(when('system:reading', counted))).toEqual(['trail.counted', 'recorded', undefined])
  expect(answer(when(ana, counted))).toEqual(['principal.refused', 'refused', 'wrong_principal'])
})

test('a damaged log can be looked at by whoever has to repair it; on a disk in trouble nobody looks', () => {
  const { when } = given(...company, {
    event: { type: 'log.damaged', leafIndex: 1, file: 'tile', problem: 'hash' },
  })
  expect([when(ana, read).outcome, when(ana, exported).outcome]).toEqual(['allowed', 'allowed'])
  expect(when(ana, { type: 'trust issuer', issuer: 'https://x.example', kind: 'github' }).reason).toBe('log_damaged')
  expect([goesOn('read trail'), goesOn('export trail'), goesOn('count reads')]).toEqual([false, false, true])
})

test('looking at night raises no alert', () => {
  const { when, state } = given(...company)
  const night = Date.UTC(2026, 10, 18, 19)
  when(ana, read, { at: night })
  when(ana, exported, { at: night })
  expect(state.due.size).toBe(0)
  when(ana, { type: 'assign role', person: ivo, role: 'auditor' }, { at: night })
})
