import { expect, test } from 'vitest'
import type { Decision } from '../../src/domain/decision.ts'
import { freezeOf } from '../../src/domain/freeze.ts'
import { ana, artifact, company, given, job, li, mara, NOON, release, type World } from './given.ts'

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
const freeze = 'freeze:000000000000'
const begin = { type: 'begin freeze', freeze, environment: 'production' } as const
const end = { type: 'end freeze', freeze, environment: 'production' } as const
const HOUR = 3_600_000

const answer = ({ outcome, reason }: Decision) => [outcome, reason]

function approved(): World {
  const world = given(...company)
  world.when(job, ask)
  world.when(mara, approve, yes('mara'))
  world.when(li, approve, yes('li'))
  return world
}

test('while an environment is frozen nothing is asked for, approvals or not, and nothing is lent', () => {
  const world = approved()
  expect(answer(world.when(mara, begin))).toEqual(['allowed', undefined])
  expect(answer(world.when(job, grant))).toEqual(['refused', 'environment_frozen'])
  const other = { ...ask, release: 'release:000000000000bbbb' } as const
  expect(answer(world.when(job, other))).toEqual(['refused', 'environment_frozen'])
})

test('once an administrator ends it, what was approved before goes on', () => {
  const world = approved()
  world.when(mara, begin)
  expect(answer(world.when(mara, end))).toEqual(['refused', 'policy_refused'])
  expect(answer(world.when(ana, end))).toEqual(['allowed', undefined])
  expect(answer(world.when(job, grant))).toEqual(['allowed', undefined])
  expect(answer(world.when(ana, end))).toEqual(['refused', 'no_such_freeze'])
})

test('a window is closed from its first moment to before its last', () => {
  const world = given(...company)
  const window = { ...begin, from: NOON + HOUR, until: NOON + 2 * HOUR } as const
  expect(world.when(mara, window, { at: NOON }).event).toMatchObject({ from: NOON + HOUR, until: NOON + 2 * HOUR })
  const isFrozen = (at: number) => freezeOf('production', world.state, at) !== undefined
  expect([NOON + HOUR - 1, NOON + HOUR, NOON + 2 * HOUR - 1, NOON + 2 * HOUR].map(isFrozen)).toEqual([
    false,
    true,
    true,
    false,
  ])
})

test('of two freezes the longer one keeps it closed, and each ends for itself', () => {
  const world = given(...company)
  const first = { ...begin, until: NOON + HOUR } as const
  const second = { ...begin, freeze: 'freeze:111111111111' } as const
  world.when(mara, first, { at: NOON })
  world.when(li, second, { at: NOON })
  expect(freezeOf('production', world.state, NOON)?.freeze).toBe(second.freeze)
  world.when(ana, { ...end, freeze: second.freeze })
  expect(freezeOf('production', world.state, NOON)?.freeze).toBe(first.freeze)
})

test.each<readonly [string, string, object, string]>([
  ['a job', job, {}, 'wrong_principal'],
  ['an approver, of an environment that is not there', mara, { environment: 'moon' }, 'no_such_environment'],
  [
    'an approver, for a time that is over before it begins',
    mara,
    { from: NOON + HOUR, until: NOON + HOUR },
    'no_such_time',
  ],
  ['an approver, for a time that is over already', mara, { until: NOON - 1 }, 'no_such_time'],
])('%s is refused to freeze', (_, by, changed, reason) => {
  const world = given(...company)
  expect(answer(world.when(by, { ...begin, ...changed }, { at: NOON }))).toEqual(['refused', reason])
})

test('a freeze cannot take the name of another, and there are not more than a hundred', () => {
  const world = given(...company)
  world.when(mara, begin)
  expect(answer(world.when(mara, begin))).toEqual(['refused', 'id_taken'])
  for (let count = 1; count < 100; count += 1)
    world.when(mara, { ...begin, freeze: `freeze:${String(count).padStart(12, '0')}` })
  expect(answer(world.when(mara, { ...begin, freeze: 'freeze:999999999999' }))).toEqual(['refused', 'too_many_freezes'])
})
