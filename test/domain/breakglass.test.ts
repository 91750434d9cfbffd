import { expect, test } from 'vitest'
import type { Decision } from '../../src/domain/decision.ts'
import { overdue } from '../../src/domain/breakglass.ts'
import { stateOf } from '../../src/domain/release.ts'
import { ana, artifact, company, given, ivo, job, li, mara, NOON, release, type World } from './given.ts'

const ask = { type: 'request release', release, artifact, environment: 'production', nonce: 'n'.repeat(43) } as const
const grant = {
  type: 'request grant',
  grant: 'grant:000000000000',
  release,
  target: 'web',
  publicKey: 'ssh-ed25519 AA',
} as const
const breakglass = 'breakglass:000000000000'
const go = { type: 'break glass', breakglass, release } as const
const judge = { type: 'review break-glass', breakglass, verdict: 'justified' } as const
const note = { type: 'note overdue review', breakglass } as const
const yes = (handle: string) => ({ claims: { credentialId: handle, isUserVerified: true, isOverStatement: true } })
const DAY = 24 * 3_600_000

const answer = ({ outcome, reason }: Decision) => [outcome, reason]

function requested(): World {
  const world = given(...company)
  world.when(job, ask)
  return world
}

function broken(): World {
  const world = requested()
  expect(answer(world.when(mara, go, yes('mara')))).toEqual(['allowed', undefined])
  return world
}

test('once the glass is broken the job that waited is lent its credential, with approvals missing; everybody is alerted', () => {
  const world = requested()
  expect(answer(world.when(job, grant))).toEqual(['waiting', 'approvals_missing'])
  const used = world.when(mara, go, yes('mara'))
  expect(used.event).toMatchObject({ type: 'breakglass.used', by: mara, given: 0, required: 2, reviewBy: NOON + DAY })
  expect(used.policy?.determining).toEqual(['on-call-breaks-glass'])
  expect(stateOf(world.state.releases.get(release)!, world.state, NOON)).toBe('approved')
  expect(answer(world.when(job, grant))).toEqual(['allowed', undefined])
  expect([...world.state.due.values()]).toMatchObject([{ rule: 'break_glass', severity: 'high', about: mara }])
})

test('it opens one release and no other', () => {
  const world = broken()
  const other = 'release:000000000000bbbb'
  world.when(job, { ...ask, release: other })
  expect(answer(world.when(job, { ...grant, grant: 'grant:000000000001', release: other }))).toEqual([
    'waiting',
    'approvals_missing',
  ])
})

test('whoever wrote it may break the glass, but neither they nor who broke it judge that', () => {
  const world = requested()
  expect(answer(world.when(ivo, go, yes('ivo')))).toEqual(['allowed', undefined])
  expect(answer(world.when(ivo, judge, yes('ivo')))).toEqual(['refused', 'own_breakglass'])
  expect(answer(broken().when(mara, judge, yes('mara')))).toEqual(['refused', 'own_breakglass'])
  expect(answer(broken().when(ivo, judge, yes('ivo')))).toEqual(['refused', 'own_breakglass'])
})

test('until somebody else judged it, nobody breaks the glass there again; then it is possible again', () => {
  const world = broken()
  const next = { ...ask, release: 'release:000000000000bbbb' } as const
  const again = { ...go, breakglass: 'breakglass:111111111111', release: next.release } as const
  world.when(job, next)
  expect(answer(world.when(mara, go, yes('mara')))).toEqual(['refused', 'id_taken'])
  expect(answer(world.when(mara, { ...again, release }, yes('mara')))).toEqual(['refused', 'glass_broken'])
  expect(answer(world.when(li, again, yes('li')))).toEqual(['refused', 'review_missing'])
  const judged = world.when(ana, { ...judge, verdict: 'unjustified' }, yes('ana'))
  expect(judged.event).toMatchObject({ type: 'breakglass.reviewed', by: ana, usedBy: mara, verdict: 'unjustified' })
  expect(answer(world.when(ana, judge, yes('ana')))).toEqual(['refused', 'no_such_breakglass'])
  expect(answer(world.when(li, again, yes('li')))).toEqual(['allowed', undefined])
})

test('it is overdue at the end of its time and not before, is said once, and alerted', () => {
  const world = broken()
  expect(overdue(world.state, NOON + DAY - 1)).toEqual([])
  expect(answer(world.when('system:watch', note, { at: NOON + DAY - 1 }))).toEqual(['refused', 'wrong_principal'])
  expect(world.when('system:watch', note, { at: NOON + DAY }).event).toMatchObject({
    type: 'breakglass.overdue',
    usedBy: mara,
  })
  expect([...world.state.due.values()].map(({ rule }) => rule)).toContain('review_overdue')
  expect(answer(world.when('system:watch', note, { at: NOON + DAY + 1 }))).toEqual(['refused', 'wrong_principal'])
})

test('in a frozen environment the glass holds', () => {
  const world = broken()
  world.when(li, { type: 'begin freeze', freeze: 'freeze:000000000000', environment: 'production' })
  expect(answer(world.when(job, grant))).toEqual(['refused', 'environment_frozen'])
})

test('whoever is revoked takes it along, and it is still to be judged', () => {
  const world = broken()
  world.when(ana, { type: 'revoke principal', principal: mara })
  expect(world.state.releases.get(release)?.broken).toBeUndefined()
  expect(answer(world.when(job, grant))).toEqual(['waiting', 'approvals_missing'])
  expect(world.state.breakglasses.size).toBe(1)
})

const over = { claims: { credentialId: 'mara', isUserVerified: true, isOverStatement: false } }
const locked = { claims: { credentialId: 'mara', isUserVerified: false, isOverStatement: true } }
test.each<readonly [string, string, object, object, string]>([
  ['a job', job, {}, {}, 'wrong_principal'],
  [
    'an approver, for a release that is not there',
    mara,
    { release: 'release:000000000000ffff' },
    yes('mara'),
    'no_such_release',
  ],
  ['an approver, with the passkey of another', mara, {}, yes('li'), 'passkey_unknown'],
  ['an approver, over another statement', mara, {}, over, 'statement_mismatch'],
  ['an approver, with a locked passkey', mara, {}, locked, 'policy_refused'],
  ['an approver, once the release has expired', mara, {}, { ...yes('mara'), at: NOON + 1_800_000 }, 'release_expired'],
])('%s breaks no glass', (_, by, changed, more, reason) => {
  expect(answer(requested().when(by, { ...go, ...changed }, more))).toEqual(['refused', reason])
})

test('the signature of an approval breaks no glass: each has a statement of its own', async () => {
  const { breakText, reviewText } = await import('../../src/domain/breakglass.ts')
  const { textOf } = await import('../../src/domain/release.ts')
  const world = broken()
  const [found, open] = [world.state.releases.get(release)!, world.state.breakglasses.get(breakglass)!]
  const texts = [
    textOf(found, world.state),
    breakText(found, world.state),
    reviewText(open, found, 'justified', world.state),
    reviewText(open, found, 'unjustified', world.state),
  ]
  expect(new Set(texts).size).toBe(4)
})
