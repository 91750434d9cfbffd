/** Roles are bound to people and groups, somewhere and for a time; what is over, not begun or elsewhere gives nothing. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Command } from '../../src/domain/command.ts'
import type { Decision } from '../../src/domain/decision.ts'
import { isInForce, rolesOf } from '../../src/domain/role.ts'
import { formatSnapshot, parseSnapshot } from '../../src/domain/snapshot.ts'
import { ana, artifact, company, digest, given, ivo, job, li, mara, NOON, release, type World } from './given.ts'

const HOUR = 3_600_000
const answer = ({ outcome, reason }: Decision) => [outcome, reason]
const allowed = ['allowed', undefined]
const yes = (handle: string) => ({ claims: { credentialId: handle, isUserVerified: true, isOverStatement: true } })
const approve = { type: 'give approval', release } as const
const ask = { type: 'request release', release, artifact, environment: 'production', nonce: 'n'.repeat(43) } as const
const staging: Command = {
  type: 'define environment',
  environment: 'staging',
  approvals: 1,
  approverRole: 'approver',
  targets: ['other'],
  grantLifetimeMs: 120_000,
  requestLifetimeMs: 1_800_000,
  refs: ['refs/heads/main'],
}
const newcomer = 'person:nora000000'
const invite = (...names: string[]): Command => ({
  type: 'invite person',
  person: newcomer,
  inviteDigest: digest('9'),
  expiresAt: NOON + HOUR,
  roles: names,
})
const bind = { type: 'bind role', group: 'payments', role: 'approver' } as const
const payments = { type: 'define group', group: 'payments' } as const
const join = { type: 'add member', group: 'payments', person: li } as const
const system = 'system:scim/okta'

const roles = (id: string, { state }: World, at = NOON, ...scopes: string[]) =>
  rolesOf(state.people.get(id)!, state, at, scopes).sort()

function world(): World {
  const made = given(...company)
  expect(answer(made.when(ana, staging))).toEqual(allowed)
  return made
}

test('a role that counts in one environment lets its holder approve there, and nowhere else', () => {
  const here = world()
  here.when(ana, { type: 'remove role', person: mara, role: 'approver' })
  here.when(ana, { type: 'assign role', person: mara, role: 'approver', scope: 'environment:staging' })
  here.when(job, ask)
  expect(answer(here.when(mara, approve, yes('mara')))).toEqual(['refused', 'policy_refused'])
  here.when(ana, { type: 'assign role', person: mara, role: 'approver', scope: 'environment:production' })
  expect(answer(here.when(mara, approve, yes('mara')))).toEqual(allowed)
})

test('a role for a repository counts for its releases', () => {
  const here = world()
  here.when(ana, { type: 'remove role', person: mara, role: 'approver' })
  here.when(ana, { type: 'assign role', person: mara, role: 'approver', scope: 'repository:acme/shop' })
  here.when(job, ask)
  expect(answer(here.when(mara, approve, yes('mara')))).toEqual(allowed)
})

test('an administrator of one environment administers nothing else, and may open that environment alone', () => {
  const here = world()
  here.when(ana, { type: 'assign role', person: li, role: 'admin', scope: 'environment:staging' })
  expect(answer(here.when(li, { type: 'define target', target: 'x', kind: 'ssh', address: 'x:22' }))).toEqual([
    'refused',
    'policy_refused',
  ])
  const freeze = 'freeze:000000000000'
  const frozen = 'freeze:111111111111'
  here.when(ana, { type: 'begin freeze', freeze, environment: 'staging' })
  here.when(ana, { type: 'begin freeze', freeze: frozen, environment: 'production' })
  expect(answer(here.when(li, { type: 'end freeze', freeze: frozen, environment: 'production' }))).toEqual([
    'refused',
    'policy_refused',
  ])
  expect(answer(here.when(li, { type: 'end freeze', freeze, environment: 'staging' }))).toEqual(allowed)
})

test('a role counts from its first moment to before its last', () => {
  const here = world()
  here.when(ana, { type: 'assign role', person: mara, role: 'auditor', from: NOON + HOUR, until: NOON + 2 * HOUR })
  const at = [NOON, NOON + HOUR - 1, NOON + HOUR, NOON + 2 * HOUR - 1, NOON + 2 * HOUR]
  expect(at.map((moment) => roles(mara, here, moment).includes('auditor'))).toEqual([false, false, true, true, false])
})

test('assigning again changes when it counts; roles of one name elsewhere stay', () => {
  const here = world()
  const auditor = { type: 'assign role', person: mara, role: 'auditor' } as const
  here.when(ana, { ...auditor, until: NOON + HOUR })
  here.when(ana, { ...auditor, scope: 'environment:staging' })
  here.when(ana, auditor)
  expect(here.state.people.get(mara)!.bindings).toHaveLength(3)
  expect(roles(mara, here, NOON + 9 * HOUR)).toContain('auditor')
  here.when(ana, { type: 'remove role', person: mara, role: 'auditor' })
  expect(roles(mara, here)).not.toContain('auditor')
  expect(roles(mara, here, NOON, 'environment:staging')).toContain('auditor')
})

test('what a group holds its members hold, from when they join until they leave or it is removed', () => {
  const here = world()
  for (const command of [payments, join, { ...bind, role: 'auditor' }] as Command[])
    expect(answer(here.when(ana, command))).toEqual(allowed)
  expect(roles(li, here)).toEqual(['approver', 'auditor'])
  here.when(ana, { type: 'remove member', group: 'payments', person: li })
  expect(roles(li, here)).toEqual(['approver'])
  here.when(ana, join)
  here.when(ana, { type: 'remove group', group: 'payments' })
  expect(roles(li, here)).toEqual(['approver'])
  expect(here.state.people.get(li)!.groups).toEqual([])
  expect(here.state.bindings.size).toBe(5)
})

test('roles of an invitation are bound by it, and can be taken away', () => {
  const here = world()
  here.when(ana, invite('auditor'))
  expect([...here.state.bindings.values()].find(({ holder }) => holder === newcomer)).toMatchObject({
    role: 'auditor',
    source: 'invite',
    by: ana,
  })
  expect(answer(here.when(ana, { type: 'remove role', person: newcomer, role: 'auditor' }))).toEqual(allowed)
  expect(roles(newcomer, here)).toEqual([])
})

test.each<readonly [string, string, Command, string]>([
  ['nobody who is no administrator', mara, { type: 'assign role', person: li, role: 'admin' }, 'policy_refused'],
  ['nobody to themselves', ana, { type: 'assign role', person: ana, role: 'approver' }, 'policy_refused'],
  ['nobody to a group that they are in', ana, { ...bind, group: 'own' }, 'policy_refused'],
  ['nobody by joining', ana, { ...join, person: ana }, 'policy_refused'],
  ['to nobody', ana, { type: 'assign role', person: newcomer, role: 'x' }, 'no_such_person'],
  ['to no group', ana, { ...bind, group: 'moon' }, 'no_such_group'],
  ['in no environment', ana, { ...bind, scope: 'environment:moon' }, 'no_such_environment'],
  ['for no repository', ana, { ...bind, scope: 'repository:acme/moon' }, 'no_such_repository'],
  ['for no target', ana, { ...bind, scope: 'target:moon' }, 'no_such_target'],
  ['for no time', ana, { ...bind, from: NOON + HOUR, until: NOON + HOUR }, 'no_such_time'],
  ['for a time that is over', ana, { ...bind, until: NOON }, 'no_such_time'],
  ['that is not held', ana, { type: 'remove role', person: mara, role: 'admin' }, 'no_such_role'],
  ['that is held elsewhere', ana, { type: 'unbind role', group: 'payments', role: 'approver' }, 'no_such_role'],
  ['a group twice', ana, payments, 'id_taken'],
  ['a member twice', ana, { ...join, person: mara }, 'member_already'],
  ['a member who is none', ana, { type: 'remove member', group: 'payments', person: li }, 'no_such_member'],
  ['of a directory, by hand', ana, { ...join, group: 'okta' }, 'group_kept_elsewhere'],
  ['by a directory, of a group of ours', system, join, 'group_kept_elsewhere'],
  ['by a directory, of another', 'system:idp/x', { ...join, group: 'okta' }, 'group_kept_elsewhere'],
  ['by no directory', 'system:git-door/acme/shop', join, 'wrong_principal'],
  [
    'by a directory, of what people gave',
    system,
    { type: 'remove role', person: mara, role: 'approver' },
    'no_such_role',
  ],
  ['by a job', job, bind, 'wrong_principal'],
])('refused: %s', (_, by, command, reason) => {
  const here = world()
  here.when(ana, payments)
  here.when(ana, { type: 'define group', group: 'own' })
  here.when(system, { type: 'define group', group: 'okta' })
  here.when(ana, { type: 'add member', group: 'payments', person: mara })
  const other = 'person:root000000'
  expect(here.state.people.has(other)).toBe(false)
  here.state.groups.get('own')!.members.set(ana, 0)
  here.when(ana, { ...bind, scope: 'environment:production' })
  expect(answer(here.when(by, command))).toEqual(['refused', reason])
})

test('a directory keeps its own groups and roles up to date, and people can always take away', () => {
  const here = world()
  const okta = { ...join, group: 'okta' } as const
  for (const command of [
    { ...payments, group: 'okta' },
    okta,
    { type: 'assign role', person: li, role: 'sre' },
  ] as Command[])
    expect(answer(here.when(system, command))).toEqual(allowed)
  expect(answer(here.when(ana, { ...bind, group: 'okta', role: 'auditor' }))).toEqual(allowed)
  expect(roles(li, here)).toEqual(['approver', 'auditor', 'sre'])
  expect(answer(here.when(ana, { ...okta, type: 'remove member' }))).toEqual(allowed)
  expect(answer(here.when(system, { type: 'remove role', person: li, role: 'sre' }))).toEqual(allowed)
  expect(roles(li, here)).toEqual(['approver'])
})

test('nobody holds more than two hundred roles, and those that are over make room', () => {
  const here = world()
  for (let count = 0; count < 200; count += 1)
    here.when(ana, { type: 'assign role', person: ivo, role: `r${count}`, until: NOON + 60_000 })
  const more = { type: 'assign role', person: ivo, role: 'more' } as const
  expect(answer(here.when(ana, more))).toEqual(['refused', 'too_many_roles'])
  expect(answer(here.when(ana, more, { at: NOON + 60_000 }))).toEqual(allowed)
  expect(here.state.people.get(ivo)!.bindings).toHaveLength(3)
})

test('a person who was revoked holds nothing, whatever groups they are in', () => {
  const here = world()
  here.when(ana, payments)
  here.when(ana, join)
  here.when(ana, bind)
  here.when(ana, { type: 'revoke principal', principal: li })
  here.when(job, ask)
  expect(answer(here.when(li, approve, yes('li')))).toEqual(['refused', 'principal_revoked'])
})

test('four roles in five minutes raise an alert, whatever way they are given', () => {
  const here = world()
  here.when(ana, invite('auditor', 'approver'))
  here.when(ana, payments)
  here.when(ana, { ...bind, role: 'auditor' })
  expect([...here.state.due.values()].filter(({ rule }) => rule === 'rapid_roles')).toEqual([])
  here.when(ana, join)
  expect([...here.state.due.values()].filter(({ rule }) => rule === 'rapid_roles')).toMatchObject([{ about: ana }])
})

test('in force is one span of time', () => {
  const moment = fc.integer({ min: 0, max: 50 })
  fc.assert(
    fc.property(
      fc.option(moment, { nil: undefined }),
      fc.option(moment, { nil: undefined }),
      moment,
      (from, until, at) => {
        const span = { ...(from !== undefined && { from }), ...(until !== undefined && { until }) }
        expect(isInForce(span, at)).toBe(!(from !== undefined && at < from) && !(until !== undefined && at >= until))
      },
    ),
  )
})

test('a snapshot has bindings, groups and networks as they were', () => {
  const here = world()
  for (const command of [payments, join, { ...bind, scope: 'target:web', until: NOON + HOUR }] as Command[])
    here.when(ana, command)
  here.when(ana, { type: 'define network', network: 'office', cidrs: ['192.0.2.0/24'] })
  const bytes = Buffer.concat([...formatSnapshot(here.state)])
  const again = parseSnapshot(bytes)
  expect([again.bindings, again.groups, again.networks, again.people]).toEqual([
    here.state.bindings,
    here.state.groups,
    here.state.networks,
    here.state.people,
  ])
})
