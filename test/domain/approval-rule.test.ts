import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fill, type Rule } from '../../src/domain/approval-rule.ts'
import type { Decision } from '../../src/domain/decision.ts'
import { stateOf } from '../../src/domain/release.ts'
import { ana, artifact, company, given, ivo, job, li, mara, NOON, release, type World } from './given.ts'

const ask = { type: 'request release', release, artifact, environment: 'production', nonce: 'n'.repeat(43) } as const
const approve = { type: 'give approval', release } as const
const withdraw = { type: 'withdraw approval', release } as const
const delegation = 'delegation:000000000000'
const grant = {
  type: 'request grant',
  grant: 'grant:000000000000',
  release,
  target: 'web',
  publicKey: 'ssh-ed25519 AA',
} as const
const yes = (handle: string) => ({ claims: { credentialId: handle, isUserVerified: true, isOverStatement: true } })
const answer = ({ outcome, reason }: Decision) => [outcome, reason]
const HOUR = 3_600_000

const defined = {
  type: 'environment.defined' as const,
  environment: 'production',
  approvals: 2,
  approverRole: 'approver',
  targets: ['web'],
  grantLifetimeMs: 120_000,
  requestLifetimeMs: 1_800_000,
  refs: ['refs/heads/main'],
}

const leads = [
  { event: { type: 'group.defined', group: 'leads', source: 'direct', by: ana } },
  { event: { type: 'group.joined', group: 'leads', person: ana, by: ana } },
  { event: { type: 'group.joined', group: 'leads', person: li, by: ana } },
] as const

function asked(rules: readonly Rule[], more: object = {}): World {
  const world = given(...company, ...leads, { event: { ...defined, rules: [...rules], ...more } })
  expect(world.when(job, ask).event).toMatchObject({
    required: rules.reduce((sum, { count }) => sum + count, 0),
    rules,
  })
  return world
}

const byRoleAndGroup: readonly Rule[] = [
  { count: 1, from: { role: 'approver' } },
  { count: 1, from: { group: 'leads' } },
]

test('every rule must be met, each by another person', () => {
  const world = asked(byRoleAndGroup)
  // Li is both, and still one person.
  world.when(li, approve, yes('li'))
  expect(answer(world.when(job, grant))).toEqual(['waiting', 'approvals_missing'])
  world.when(mara, approve, yes('mara'))
  expect(answer(world.when(job, grant))).toEqual(['allowed', undefined])
})

test('who was counted for one rule makes room for whom only that rule names', () => {
  const world = asked(byRoleAndGroup)
  world.when(li, approve, yes('li'))
  expect(answer(world.when(ana, approve, yes('ana')))).toEqual(['allowed', undefined])
  expect(stateOf(world.state.releases.get(release)!, world.state, NOON)).toBe('approved')
})

test('whom no rule names is refused, administrators and holders of the role among them', () => {
  const world = asked([{ count: 1, from: { people: [li] } }])
  expect(answer(world.when(mara, approve, yes('mara')))).toEqual(['refused', 'policy_refused'])
  expect(answer(world.when(ana, approve, yes('ana')))).toEqual(['refused', 'policy_refused'])
  expect(answer(world.when(li, approve, yes('li')))).toEqual(['allowed', undefined])
  expect(answer(world.when(job, grant))).toEqual(['allowed', undefined])
})

test('a named author is still an author', () => {
  const world = asked([{ count: 1, from: { people: [ivo] } }])
  expect(answer(world.when(ivo, approve, yes('ivo')))).toEqual(['refused', 'own_release'])
})

test('whoever leaves the group, or loses the role, before the credential is lent does not count any more', () => {
  const world = asked(byRoleAndGroup)
  world.when(mara, approve, yes('mara'))
  world.when(li, approve, yes('li'))
  world.when(ana, { type: 'remove member', group: 'leads', person: li })
  expect(answer(world.when(job, grant))).toEqual(['waiting', 'approvals_missing'])
  const other = asked(byRoleAndGroup)
  other.when(mara, approve, yes('mara'))
  other.when(li, approve, yes('li'))
  other.when(ana, { type: 'remove role', person: mara, role: 'approver' })
  expect(answer(other.when(job, grant))).toEqual(['waiting', 'approvals_missing'])
})

test('an environment that is defined anew voids what was said under the old one, and says so', () => {
  const world = asked(byRoleAndGroup)
  world.when(mara, approve, yes('mara'))
  world.when(ana, { ...defined, type: 'define environment', approvals: 0 })
  expect(stateOf(world.state.releases.get(release)!, world.state, NOON)).toBe('voided')
  expect(answer(world.when(li, approve, yes('li')))).toEqual(['refused', 'environment_changed'])
  expect(answer(world.when(job, grant))).toEqual(['refused', 'environment_changed'])
})

test('a yes can be taken back until a credential was lent on it, and given again', () => {
  const world = asked([{ count: 1, from: { people: [li] } }])
  expect(answer(world.when(li, withdraw))).toEqual(['refused', 'no_such_approval'])
  world.when(li, approve, yes('li'))
  expect(answer(world.when(mara, withdraw))).toEqual(['refused', 'no_such_approval'])
  expect(answer(world.when(li, withdraw))).toEqual(['allowed', undefined])
  expect(answer(world.when(job, grant))).toEqual(['waiting', 'approvals_missing'])
  world.when(li, approve, yes('li'))
  world.when(job, grant)
  expect(answer(world.when(li, withdraw))).toEqual(['refused', 'approval_used'])
})

test('after a while others are asked, too: once, alerted, and their yes counts from then on', () => {
  const escalation = { afterMs: 600_000, to: { group: 'leads' } }
  const world = asked([{ count: 1, from: { people: [mara] } }], { escalation })
  const escalate = { type: 'escalate release', release } as const
  expect(answer(world.when('system:watch', escalate, { at: NOON + 599_999 }))).toEqual(['refused', 'wrong_principal'])
  expect(answer(world.when(ana, approve, yes('ana')))).toEqual(['refused', 'policy_refused'])
  expect(world.when('system:watch', escalate, { at: NOON + 600_000 }).event).toMatchObject({ missing: 1 })
  expect([...world.state.due.values()].map(({ rule }) => rule)).toContain('approval_escalated')
  expect(answer(world.when('system:watch', escalate, { at: NOON + 600_001 }))).toEqual(['refused', 'wrong_principal'])
  expect(answer(world.when(ana, approve, { ...yes('ana'), at: NOON + 600_001 }))).toEqual(['allowed', undefined])
  expect(stateOf(world.state.releases.get(release)!, world.state, NOON + 600_001)).toBe('approved')
})

function away(rules: readonly Rule[], until = NOON + HOUR): World {
  const world = asked(rules)
  const give = { type: 'delegate approvals', delegation, to: ana, until } as const
  expect(answer(world.when(mara, give))).toEqual(['allowed', undefined])
  return world
}

test('a stand-in says yes in the name of who is away, as one yes of two people', () => {
  const world = away([{ count: 2, from: { role: 'approver' } }])
  expect(world.when(ana, approve, yes('ana')).event).toMatchObject({ by: ana, onBehalfOf: mara })
  expect(answer(world.when(mara, approve, yes('mara')))).toEqual(['refused', 'already_approved'])
  expect(answer(world.when(job, grant))).toEqual(['waiting', 'approvals_missing'])
  world.when(li, approve, yes('li'))
  expect(answer(world.when(job, grant))).toEqual(['allowed', undefined])
})

test('a stand-in is never wider than who is away, and ends with them, with the time, and when it is ended', () => {
  const none = away([{ count: 1, from: { people: [li] } }])
  expect(answer(none.when(ana, approve, yes('ana')))).toEqual(['refused', 'policy_refused'])
  const late = away([{ count: 1, from: { people: [mara] } }], NOON + 1000)
  expect(answer(late.when(ana, approve, { ...yes('ana'), at: NOON + 1000 }))).toEqual(['refused', 'policy_refused'])
  const ended = away([{ count: 1, from: { people: [mara] } }])
  expect(answer(ended.when(li, { type: 'end delegation', delegation }))).toEqual(['refused', 'policy_refused'])
  expect(answer(ended.when(mara, { type: 'end delegation', delegation }))).toEqual(['allowed', undefined])
  expect(answer(ended.when(ana, approve, yes('ana')))).toEqual(['refused', 'policy_refused'])
  const gone = away([{ count: 1, from: { people: [mara] } }])
  gone.when(ana, approve, yes('ana'))
  gone.when(ana, { type: 'revoke principal', principal: mara })
  expect(answer(gone.when(job, grant))).toEqual(['waiting', 'approvals_missing'])
})

test('an author has nobody approve in their name what they wrote', () => {
  const world = asked([{ count: 1, from: { people: [ivo] } }])
  world.when(ivo, { type: 'delegate approvals', delegation, to: ana, until: NOON + HOUR })
  expect(answer(world.when(ana, approve, yes('ana')))).toEqual(['refused', 'policy_refused'])
})

test.each<readonly [string, string, object, string]>([
  ['to oneself', mara, { to: mara }, 'own_delegation'],
  ['to nobody', mara, { to: 'person:nobody0000' }, 'no_such_person'],
  ['for a time that is over', mara, { until: NOON }, 'no_such_time'],
  ['for longer than ninety days', mara, { until: NOON + 91 * 24 * HOUR }, 'no_such_time'],
  ['by a job', job, {}, 'wrong_principal'],
])('standing in is refused %s', (_, by, changed, reason) => {
  const give = { type: 'delegate approvals', delegation, to: ana, until: NOON + HOUR, ...changed } as const
  expect(answer(given(...company).when(by, give))).toEqual(['refused', reason])
})

test('questions and answers stand at the release; they end with it, and keep nobody waiting', () => {
  const world = asked([{ count: 1, from: { people: [li] } }])
  const inquiry = 'inquiry:000000000000'
  const say = (type: 'ask about release' | 'answer inquiry') => ({ type, inquiry, release }) as const
  expect(answer(world.when(ivo, say('answer inquiry')))).toEqual(['refused', 'no_such_inquiry'])
  expect(answer(world.when(li, say('ask about release')))).toEqual(['allowed', undefined])
  expect(answer(world.when(mara, say('answer inquiry')))).toEqual(['refused', 'policy_refused'])
  expect(answer(world.when(ivo, say('answer inquiry')))).toEqual(['allowed', undefined])
  expect(world.state.releases.get(release)?.inquiries).toMatchObject([{ by: li, answers: [{ by: ivo }] }])
  world.when(li, approve, yes('li'))
  expect(answer(world.when(job, grant))).toEqual(['allowed', undefined])
})

test('as many rules are met as any assignment of people to places meets', () => {
  const people = [ana, ivo, mara, li] as const
  const rules = fc.array(
    fc.record({
      count: fc.integer({ min: 1, max: 2 }),
      from: fc.record({ people: fc.subarray([...people], { minLength: 1 }) }),
    }),
    { minLength: 1, maxLength: 4 },
  )
  const { state } = given(...company, ...leads)
  fc.assert(
    fc.property(rules, fc.subarray([...people]), (all, given_) => {
      const approvals = given_.map((by) => ({ by, at: NOON, isSoftware: false, leafIndex: 0 }))
      const of = {
        repository: 'acme/shop',
        environment: 'production',
        required: 0,
        rules: all,
        approvals,
        authors: [],
        requester: job,
      }
      const places = all.flatMap(({ count, from }) =>
        Array.from({ length: count }, () => from.people as readonly string[]),
      )
      const filled = fill(of as never, state, NOON)
      expect(filled.missing).toBe(places.length - best(places, given_))
      const counted = filled.rules.flatMap(({ by }) => by)
      expect(new Set(counted).size).toBe(counted.length)
    }),
  )
})

/** By trying everything. */
function best([place, ...rest]: readonly (readonly string[])[], people: readonly string[]): number {
  if (!place) return 0
  const options = people
    .filter((one) => place.includes(one))
    .map(
      (one) =>
        1 +
        best(
          rest,
          people.filter((other) => other !== one),
        ),
    )
  return Math.max(best(rest, people), ...options)
}
