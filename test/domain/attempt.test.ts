/** Ways to a credential, or to approving one's own work, that somebody would try. Each must end in a refusal. */

import { expect, test } from 'vitest'
import type { Decision } from '../../src/domain/decision.ts'
import { ana, artifact, company, given, ivo, job, li, mara, NOON, release, type World } from './given.ts'

const ask = { type: 'request release', release, artifact, environment: 'production', nonce: 'n'.repeat(43) } as const
const grant = {
  type: 'request grant',
  grant: 'grant:000000000000',
  release,
  target: 'web',
  publicKey: 'ssh-ed25519 AA',
} as const
const yes = (handle: string) => ({ claims: { credentialId: handle, isUserVerified: true, isOverStatement: true } })
const approve = { type: 'give approval', release } as const
const answer = ({ outcome, reason }: Decision) => [outcome, reason]

function asked(): World {
  const world = given(...company)
  world.when(job, ask)
  return world
}

function approved(): World {
  const world = asked()
  for (const [id, handle] of [[mara, 'mara'] as const, [li, 'li'] as const]) world.when(id, approve, yes(handle))
  return world
}

test('a job cannot have a release that nobody approved taken for deployed, and its authors forgotten', () => {
  const world = asked()
  expect(answer(world.when(job, { type: 'end release', release, exitCode: 0 }))).toEqual([
    'refused',
    'approvals_missing',
  ])
  const next = 'release:000000000000bbbb'
  expect(world.when(job, { ...ask, release: next }).event).toMatchObject({ authors: [ivo] })
  expect(answer(world.when(ivo, { ...approve, release: next }, yes('ivo')))).toEqual(['refused', 'own_release'])
})

test('what was declined or came too late cannot be taken for deployed either', () => {
  const declined = asked()
  declined.when(mara, { type: 'decline release', release }, yes('mara'))
  const end = { type: 'end release', release, exitCode: 0 } as const
  expect(answer(declined.when(job, end))).toEqual(['refused', 'release_closed'])
  expect(answer(approved().when(job, end, { at: NOON + 1_800_000 }))).toEqual(['refused', 'release_expired'])
})

test('a job can say at any time that it failed; what it was lent counts as deployed even when time is over by then', () => {
  expect(asked().when(job, { type: 'end release', release, exitCode: 1 }).outcome).toBe('allowed')
  const world = approved()
  world.when(job, grant)
  const late = { at: NOON + 1_800_000 }
  expect(world.when(job, { type: 'end release', release, exitCode: 0 }, late).outcome).toBe('allowed')
})

test('when a release ends, what it lent ends; nothing more is lent', () => {
  const world = approved()
  world.when(job, grant)
  world.when(job, { type: 'end release', release, exitCode: 0 })
  expect(world.state.grants.get(grant.grant)).toMatchObject({ endedAt: NOON, cause: 'job_ended' })
  expect(answer(world.when(job, { ...grant, grant: 'grant:000000000001' }))).toEqual(['refused', 'release_closed'])
})

test('a person who says no while credentials are out has them taken back', () => {
  const world = approved()
  world.when(job, grant)
  world.when(mara, { type: 'decline release', release }, yes('mara'))
  expect(world.state.grants.get(grant.grant)).toMatchObject({ endedAt: NOON, cause: 'revoked' })
})

test('the approval of somebody who was revoked since opens nothing', () => {
  const world = approved()
  expect(world.when(ana, { type: 'revoke principal', principal: mara }).outcome).toBe('allowed')
  expect(answer(world.when(job, grant))).toEqual(['waiting', 'approvals_missing'])
})

test('a second revocation does not move the first', () => {
  const world = approved()
  world.when(ana, { type: 'revoke principal', principal: mara })
  world.when(ana, { type: 'revoke principal', principal: mara }, { at: NOON + 60_000 })
  expect(world.state.people.get(mara)?.revokedAt).toBe(NOON)
})

test('an id is used once: no second release, grant, login or person takes the place of the first', () => {
  const world = approved()
  world.when(job, grant)
  expect(answer(world.when(job, ask))).toEqual(['refused', 'id_taken'])
  expect(answer(world.when(job, grant))).toEqual(['refused', 'id_taken'])
  const invite = {
    type: 'invite person' as const,
    person: mara as 'person:mara000000',
    inviteDigest: artifact,
    expiresAt: NOON + 1,
    roles: ['admin'],
  }
  expect(answer(world.when(ana, invite))).toEqual(['refused', 'id_taken'])
  const login = { login: 'login:ana0000000000000', bearerDigest: artifact, expiresAt: NOON + 1 } as const
  expect(answer(world.when(mara, { type: 'lend login', ...login }))).toEqual(['refused', 'id_taken'])
})

test('a lent login ends no later than the login it was lent by, so that nobody stays signed in for ever', () => {
  const world = given(...company)
  const until = world.state.logins.get('login:mara000000000000')!.expiresAt
  const lend = {
    type: 'lend login',
    login: 'login:lent000000000000',
    bearerDigest: artifact,
    expiresAt: until + 3_600_000,
  } as const
  expect(world.when(mara, lend).event).toMatchObject({ type: 'login.opened', expiresAt: until })
})

test('nobody is enrolled while the log is damaged', () => {
  const damaged = { event: { type: 'log.damaged', leafIndex: 3, file: 'x', problem: 'hash' } } as const
  const enrol = { type: 'enrol person', inviteDigest: artifact, challenge: 'AA', isSoftware: true } as const
  const claims = { credentialId: 'new', publicKey: { kty: 'OKP', crv: 'Ed25519', x: 'AA' } } as const
  expect(answer(given(...company, damaged).when('system:enrolment', enrol, { claims }))).toEqual([
    'refused',
    'log_damaged',
  ])
})

test('a grant ends once, and only if there is one', () => {
  const world = approved()
  const expire = { type: 'expire grant', grant: grant.grant, cause: 'expired' } as const
  expect(answer(world.when('system:watch', expire))).toEqual(['refused', 'no_such_grant'])
  world.when(job, grant)
  expect(world.when('system:watch', expire).event).toMatchObject({ type: 'grant.ended' })
  expect(answer(world.when('system:watch', expire))).toEqual(['refused', 'grant_ended'])
})
