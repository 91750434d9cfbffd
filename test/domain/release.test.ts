import { expect, test } from 'vitest'
import type { Decision } from '../../src/domain/decision.ts'
import { stateOf } from '../../src/domain/release.ts'
import {
  ana,
  artifact,
  commitId,
  company,
  digest,
  given,
  ivo,
  job,
  li,
  mara,
  NOON,
  release,
  type World,
} from './given.ts'

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

function requested(): World {
  const world = given(...company)
  expect(world.when(job, ask).outcome).toBe('waiting')
  return world
}

function approved(): World {
  const world = requested()
  expect(world.when(mara, approve, yes('mara')).outcome).toBe('allowed')
  expect(world.when(li, approve, yes('li')).outcome).toBe('allowed')
  return world
}

const answer = ({ outcome, reason }: Decision) => [outcome, reason]

test('a release waits for two people, and says that it is the approvals that are missing', () => {
  const world = given(...company)
  const decision = world.when(job, ask)
  expect(answer(decision)).toEqual(['waiting', 'approvals_missing'])
  expect(decision.policy?.determining.length).toBeGreaterThan(0)
  expect(decision.event).toMatchObject({ type: 'release.requested', required: 2, authors: [ivo], commits: 1 })
})

test('its credential is withheld until both have approved, and issued then, to the job that asked', () => {
  const world = requested()
  expect(answer(world.when(job, grant))).toEqual(['waiting', 'approvals_missing'])
  world.when(mara, approve, yes('mara'))
  expect(answer(world.when(job, grant))).toEqual(['waiting', 'approvals_missing'])
  world.when(li, approve, yes('li'))
  const issued = world.when(job, grant)
  expect(issued.event).toMatchObject({ type: 'grant.issued', target: 'web', expiresAt: NOON + 120_000 })
})

test('who wrote the commit cannot approve it, whatever roles they hold', () => {
  expect(answer(requested().when(ivo, approve, yes('ivo')))).toEqual(['refused', 'own_release'])
})

test('nobody approves twice', () => {
  const world = requested()
  world.when(mara, approve, yes('mara'))
  expect(answer(world.when(mara, approve, yes('mara')))).toEqual(['refused', 'already_approved'])
})

test('an administrator without the role cannot approve', () => {
  expect(answer(requested().when(ana, approve, yes('ana')))).toEqual(['refused', 'policy_refused'])
})

test('a passkey of somebody else, or over another statement, or without the person verified, is no approval', () => {
  expect(answer(requested().when(mara, approve, yes('li')))).toEqual(['refused', 'passkey_unknown'])
  const other = { claims: { credentialId: 'mara', isUserVerified: true, isOverStatement: false } }
  expect(answer(requested().when(mara, approve, other))).toEqual(['refused', 'statement_mismatch'])
  const absent = { claims: { credentialId: 'mara', isUserVerified: false, isOverStatement: true } }
  expect(answer(requested().when(mara, approve, absent))).toEqual(['refused', 'policy_refused'])
})

test('a refusal by one person ends the release', () => {
  const world = requested()
  expect(world.when(mara, { type: 'decline release', release }, yes('mara')).event.type).toBe('approval.declined')
  expect(answer(world.when(li, approve, yes('li')))).toEqual(['refused', 'release_closed'])
  expect(answer(world.when(job, grant))).toEqual(['refused', 'release_closed'])
})

test('approvals expire with the request', () => {
  const world = approved()
  expect(answer(world.when(job, grant, { at: NOON + 1_800_000 }))).toEqual(['refused', 'release_expired'])
})

test('a change of policy voids what was approved under the old ones', () => {
  const world = approved()
  const changed = given(...company)
  changed.when(job, ask)
  changed.state.policy = { ...changed.state.policy!, digest: digest('f') }
  expect(answer(changed.when(mara, approve, yes('mara')))).toEqual(['refused', 'policy_changed'])
  expect(stateOf(world.state.releases.get(release)!, world.state, NOON)).toBe('approved')
})

test('an artifact without provenance, or to an unknown place, is refused', () => {
  expect(answer(given(...company).when(job, { ...ask, artifact: digest('b') }))).toEqual(['refused', 'no_provenance'])
  expect(answer(given(...company).when(job, { ...ask, environment: 'moon' }))).toEqual([
    'refused',
    'no_such_environment',
  ])
})

test('a target outside the environment is refused', () => {
  expect(answer(approved().when(job, { ...grant, target: 'other' }))).toEqual(['refused', 'target_not_allowed'])
  expect(answer(approved().when(job, { ...grant, target: 'nowhere' }))).toEqual(['refused', 'no_such_target'])
})

test('when the job’s login ends, its grants end with it', () => {
  const world = approved()
  world.when(job, grant)
  world.when(job, { type: 'end login', login: 'login:job0000000000000' })
  expect(world.state.grants.get(grant.grant)).toMatchObject({ endedAt: NOON, cause: 'job_ended' })
  expect(answer(world.when(job, { ...grant, grant: 'grant:000000000001' }))).toEqual(['refused', 'login_ended'])
})

test('a deployed release is the past that the next one is compared with', () => {
  const world = approved()
  world.when(job, { type: 'end release', release, exitCode: 0 })
  expect(stateOf(world.state.releases.get(release)!, world.state, NOON)).toBe('deployed')
  const next = 'release:000000000000bbbb'
  expect(world.when(job, { ...ask, release: next }).event).toMatchObject({ authors: [], commits: 0 })
  expect(world.state.commits.get(commitId('c'))?.signer).toBe(ivo)
})
