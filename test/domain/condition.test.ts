/** What policies may ask of a person's login: the hour where they live, the network, the device, and how long ago they proved it. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Command } from '../../src/domain/command.ts'
import { decide } from '../../src/domain/decide.ts'
import type { Given } from '../../src/domain/leaf.ts'
import { networksOf } from '../../src/domain/network.ts'
import { keepsAdministrators } from '../../src/domain/question.ts'
import type { PolicySet } from '../../src/policy/policy.ts'
import { mustLoad, readShipped } from '../policy/shipped.ts'
import { ana, artifact, callerOf, company, given, job, li, mara, NOON, release, type World } from './given.ts'

const example = (name: string) =>
  mustLoad({
    ...readShipped(),
    'example.cedar': readFileSync(join(import.meta.dirname, '../../policies/example', name), 'utf8'),
  })
const ask = { type: 'request release', release, artifact, environment: 'production', nonce: 'n'.repeat(43) } as const
const approve = { type: 'give approval', release } as const
const office: Extract<Command, { type: 'define network' }> = {
  type: 'define network',
  network: 'office',
  cidrs: ['192.0.2.0/24', '2001:db8::/32'],
}
const MINUTE = 60_000

type More = { readonly given?: Given; readonly at?: number; readonly isDeviceBound?: boolean }

/** Under other policies than those of the world; nothing is applied. */
function would(set: PolicySet, { state }: World, id: string, command: Command, more: More = {}) {
  const { given: facts = {}, at = NOON, isDeviceBound = false } = more
  const claims = { credentialId: 'mara', isUserVerified: true, isOverStatement: true, isDeviceBound }
  return decide({ command, caller: callerOf(id), claims, given: facts, at }, state, set)
}

test.each([
  ['20 o’clock where she lives', Date.UTC(2026, 10, 18, 18, 59), true],
  ['a minute later', Date.UTC(2026, 10, 18, 19), false],
  ['Saturday', Date.UTC(2026, 10, 21, 10), false],
])('an approval by day: %s', (_, at, isAllowed) => {
  const set = example('time-window.cedar')
  const world = given(...company)
  const login = world.state.logins.get(callerOf(mara).login!)!
  world.state.logins.set(login.id, { ...login, provenAt: at, expiresAt: at + MINUTE })
  world.when(job, ask)
  const asked = world.state.releases.get(release)!
  world.state.releases.set(release, { ...asked, expiresAt: at + MINUTE, policyDigest: set.digest })
  world.state.policy = { ...world.state.policy!, digest: set.digest }
  expect(would(set, world, mara, approve, { at }).outcome).toBe(isAllowed ? 'allowed' : 'refused')
})

test('an approval by a passkey that stays on its device: what signs is looked at, not what opened the login', () => {
  const set = example('device-bound-key.cedar')
  const world = given(...company)
  world.when(job, ask)
  const login = world.state.logins.get(callerOf(mara).login!)!
  world.state.logins.set(login.id, { ...login, isDeviceBound: true })
  world.state.policy = { ...world.state.policy!, digest: set.digest }
  world.state.releases.set(release, { ...world.state.releases.get(release)!, policyDigest: set.digest })
  expect(would(set, world, mara, approve).policy?.determining).toEqual(['production-needs-a-device-bound-key'])
  expect(would(set, world, mara, approve, { isDeviceBound: true }).outcome).toBe('allowed')
})

test('who asks from a network is known by its name; a name that is not defined, or not any more, is none', () => {
  const set = example('network.cedar')
  const world = given(...company)
  const command = { type: 'assign role', person: li, role: 'auditor' } as const
  const here = { given: { networks: ['office'] } }
  expect(would(set, world, ana, command, here).outcome).toBe('refused')
  world.when(ana, office)
  expect(would(set, world, ana, command, here)).toMatchObject({
    outcome: 'allowed',
    policy: {
      context: { networks: ['office'], localHour: 11, localWeekday: 3, deviceBound: false, loginAgeSeconds: 0 },
    },
  })
  expect(would(set, world, ana, command).policy?.determining).toEqual(['administration-from-the-office'])
  expect(would(set, world, ana, { type: 'remove network', network: 'office' }, here).reason).toBe('network_needed')
  expect(would(set, world, ana, { ...office, cidrs: ['10.0.0.0/8'] }, here).reason).toBe('network_needed')
  expect(would(set, world, ana, { ...office, cidrs: [...office.cidrs, '10.0.0.0/8'] }, here).outcome).toBe('allowed')
  expect(world.when(ana, { type: 'remove network', network: 'office' }).outcome).toBe('allowed')
})

test('policies that nobody could change any more are told from those that somebody could, somewhere and at some hour', () => {
  expect(keepsAdministrators(example('network.cedar'), [])).toBe(false)
  expect(keepsAdministrators(example('network.cedar'), ['office'])).toBe(true)
  const sunday = `@id("sundays") forbid (principal is Countersign::Person, action, resource)
    unless { context has localWeekday && context.localWeekday == 7 && context has localHour && context.localHour == 23 };`
  expect(keepsAdministrators(mustLoad({ ...readShipped(), 'z.cedar': sunday }), [])).toBe(true)
})

test('a set whose schema has no room for circumstances is asked without them', () => {
  const old = readShipped()
  const schema = old['countersign.cedarschema']!.replaceAll(/^.*deviceBound\?.*$/gm, '')
  const set = mustLoad({ ...old, 'countersign.cedarschema': schema })
  const world = given(...company)
  const decision = would(set, world, ana, { type: 'assign role', person: li, role: 'auditor' })
  expect([decision.outcome, decision.policy?.context]).toEqual(['allowed', { isSelf: false, loginAgeSeconds: 0 }])
})

test('a login keeps whether its passkey can leave its device, and hands it on to the login that is lent on it', () => {
  const world = given(...company)
  const open = (login: string, challenge: string) =>
    ({
      type: 'open login',
      login,
      bearerDigest: `sha256:${challenge.repeat(64)}`,
      expiresAt: NOON + MINUTE,
      challenge,
    }) as Command
  const claims = { credentialId: 'mara', isUserVerified: true, isDeviceBound: true }
  world.when(mara, open('login:0000000000aaaa', 'a'), { claims })
  world.when(mara, open('login:0000000000bbbb', 'b'), { claims: { ...claims, isDeviceBound: false } })
  const own = world.state.logins.get(callerOf(mara).login!)!
  world.state.logins.set(own.id, { ...own, isDeviceBound: true })
  const lent = { type: 'lend login', login: 'login:0000000000cccc', expiresAt: NOON + MINUTE } as const
  world.when(mara, { ...lent, bearerDigest: `sha256:${'c'.repeat(64)}` })
  expect(world.state.logins.get(lent.login)).toMatchObject({ method: 'code', isDeviceBound: true })
  const bound = ['login:0000000000aaaa', 'login:0000000000bbbb'].map((id) => world.state.logins.get(id)?.isDeviceBound)
  expect(bound).toEqual([true, undefined])
})

test.each([
  ['192.0.2.77', ['office']],
  ['::ffff:192.0.2.77', ['office']],
  ['2001:DB8::1', ['office']],
  ['192.0.3.1', []],
  ['10.0.0.1', ['vpn']],
  ['::1', []],
  ['not an address', []],
  ['', []],
])('%s is in %j', (ip, names) => {
  const world = given(...company)
  world.when(ana, office)
  world.when(ana, { type: 'define network', network: 'vpn', cidrs: ['10.0.0.0/8'] })
  expect(networksOf(ip, world.state)).toEqual(names)
})

test.each([
  [['192.0.2.1/24'], 'no_such_addresses'],
  [['192.0.2.0/33'], 'no_such_addresses'],
  [['192.0.2.0/024'], 'no_such_addresses'],
  [['1.2.3/8'], 'no_such_addresses'],
  [['2001:db8::1/32'], 'no_such_addresses'],
  [['192.0.2.0/24', '::1/0'], 'no_such_addresses'],
])('%j is no network', (cidrs, reason) => {
  expect(given(...company).when(ana, { ...office, cidrs })).toMatchObject({ outcome: 'refused', reason })
})

test('networks have their bounds and are defined by administrators', () => {
  const world = given(...company)
  expect(world.when(mara, office).reason).toBe('policy_refused')
  for (const by of ['system:scim/okta', 'system:idp/x', 'system:git-door/acme/shop'])
    expect(world.when(by, office).reason).toBe('wrong_principal')
  expect(world.when(ana, { type: 'remove network', network: 'office' }).reason).toBe('no_such_network')
  for (let count = 0; count < 64; count += 1) world.when(ana, { ...office, network: `n${count}` })
  expect(world.when(ana, office).reason).toBe('too_many_networks')
  expect(world.when(ana, { ...office, network: 'n7', cidrs: ['10.0.0.0/8'] }).outcome).toBe('allowed')
})
