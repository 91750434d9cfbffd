import { expect, test } from 'vitest'
import { base64url } from '../../src/bytes/text.ts'
import type { Command } from '../../src/domain/command.ts'
import { textOf } from '../../src/domain/release.ts'
import { challengeOf } from '../../src/domain/statement.ts'
import { ana, commitId, company, digest, given, ivo, jobFacts, li, mara, NOON } from './given.ts'

const assign = (person: string, role: string): Command => ({
  type: 'assign role',
  person: person as `person:${string}`,
  role,
})
const MINUTE = 60_000

test('a revocation in the log stops the very next request, whatever its login says', () => {
  const world = given(...company)
  expect(world.when(ana, { type: 'revoke principal', principal: mara }).outcome).toBe('allowed')
  const next = world.when(mara, { type: 'acknowledge alert', alert: 'alert:0000000000' })
  expect([next.outcome, next.reason]).toEqual(['refused', 'principal_revoked'])
})

test('only an administrator assigns roles, freshly signed in, and never to themselves', () => {
  expect(given(...company).when(ana, assign(li, 'auditor')).event).toEqual({
    type: 'role.assigned',
    person: li,
    role: 'auditor',
    by: ana,
  })
  expect(given(...company).when(ivo, assign(li, 'auditor')).reason).toBe('policy_refused')
  expect(given(...company).when(ana, assign(ana, 'approver')).reason).toBe('policy_refused')
  expect(given(...company).when(ana, assign(li, 'auditor'), { at: NOON + 16 * MINUTE }).reason).toBe('policy_refused')
})

test('an expired login and an unknown one are told apart', () => {
  expect(given(...company).when(ana, assign(li, 'auditor'), { at: NOON + 601 * MINUTE }).reason).toBe('login_expired')
  const world = given()
  expect(world.when(ana, assign(li, 'auditor')).reason).toBe('login_unknown')
})

test('a CI token opens one login; the second time it is refused', () => {
  const world = given(...company)
  const open = (login: string): Command => ({
    type: 'open job login',
    login: login as `login:${string}`,
    bearerDigest: digest('9'),
    expiresAt: NOON + MINUTE,
    issuer: 'https://ci.example',
    jobKey: 'AA',
  })
  const claims = { principal: 'job:1111111111', job: { ...jobFacts, tokenDigest: digest('5') } } as const
  expect(world.when('system:x' as never, open('login:1111111111')).reason).toBe('wrong_principal')
  const first = world.when('job:0000000000aaaaaaaaaa', open('login:2222222222'), { claims })
  expect(first.outcome).toBe('allowed')
  const second = world.when('job:0000000000aaaaaaaaaa', open('login:3333333333'), { claims })
  expect([second.outcome, second.reason]).toEqual(['refused', 'token_reused'])
})

test('the job of a pull request gets no login', () => {
  const open: Command = {
    type: 'open job login',
    login: 'login:1111111111',
    bearerDigest: digest('9'),
    expiresAt: NOON + MINUTE,
    issuer: 'https://ci.example',
    jobKey: 'AA',
  }
  const claims = {
    principal: 'job:1111111111',
    job: { ...jobFacts, tokenDigest: digest('5'), eventName: 'pull_request_target' },
  } as const
  expect(given(...company).when('job:0000000000aaaaaaaaaa', open, { claims }).reason).toBe('policy_refused')
})

const push: Command = {
  type: 'record push',
  repository: 'acme/shop',
  updates: [{ ref: 'refs/heads/main', oldId: commitId('c'), newId: commitId('d'), isForced: false }],
}
const commit = { id: commitId('d'), sha256: digest('d'), parents: [commitId('c')] }
const door = 'system:git-door/acme/shop'
const signed = { ...commit, fingerprint: `SHA256:${'I'.repeat(43)}` }

test.each([
  ['a signed commit on known history is accepted', [signed], {}, undefined],
  ['an unsigned commit is refused', [{ ...commit, problem: 'unsigned' as const }], {}, 'unsigned'],
  [
    'a key that nobody enrolled is refused',
    [{ ...commit, fingerprint: `SHA256:${'X'.repeat(43)}` }],
    {},
    'unknown_key',
  ],
  ['a broken signature is refused', [{ ...commit, problem: 'bad_signature' as const }], {}, 'bad_signature'],
  ['a parent from nowhere is refused', [{ ...signed, parents: [commitId('e')] }], {}, 'history_missing'],
  [
    'a foreign author is refused',
    [signed],
    { authorships: [{ authors: [], hasForeignAuthor: true }] },
    'author_mismatch',
  ],
])('%s', (_, claims, facts, reason) => {
  const decision = given(...company).when(door, push, { claims, given: facts })
  expect([decision.outcome, decision.reason]).toEqual([reason ? 'refused' : 'allowed', reason])
})

test('a protected reference is not moved backwards', () => {
  const forced = {
    ...push,
    updates: [{ ref: 'refs/heads/main' as const, oldId: commitId('c'), newId: commitId('d'), isForced: true }],
  }
  expect(given(...company).when(door, forced as Command, { claims: [signed] }).reason).toBe('forced_push')
})

test('the commits of a revoked person are refused, and alerted with their name', () => {
  const world = given(...company)
  world.when(ana, { type: 'revoke principal', principal: ivo })
  const decision = world.when(door, push, { claims: [signed] })
  expect(decision.reason).toBe('signer_inactive')
  expect([...world.state.due.values()].at(-1)).toMatchObject({ rule: 'unverified_push', about: ivo })
})

test('while the log is damaged nothing privileged happens, but people can be thrown out', () => {
  const world = given(...company, { event: { type: 'log.damaged', leafIndex: 3, file: 'x', problem: 'hash' } })
  expect(world.when(ana, assign(li, 'auditor')).reason).toBe('log_damaged')
  expect(world.when(door, push, { claims: [signed] }).reason).toBe('log_damaged')
  expect(world.when(ana, { type: 'revoke principal', principal: li }).outcome).toBe('allowed')
  expect(world.when(ana, { type: 'repair log', leafIndexes: [3], from: 'witness' }).outcome).toBe('allowed')
  expect(world.when(ana, assign(mara, 'auditor')).outcome).toBe('allowed')
})

test('evidence that was verified at another moment than now proves nothing', () => {
  const revoke = { type: 'revoke principal', principal: mara } as const
  const verified = (verifiedAt: number) => given(...company).when(ana, revoke, { given: { verifiedAt } }).reason
  expect(verified(NOON - MINUTE)).toBeUndefined()
  expect(verified(NOON - 6 * MINUTE)).toBe('evidence_stale')
  expect(verified(NOON + 1)).toBe('evidence_stale')
})

const signIn = (challenge: string, login = 'login:3333333333'): Command => ({
  type: 'open login',
  login: login as `login:${string}`,
  bearerDigest: digest('9'),
  expiresAt: NOON + 999 * 60 * MINUTE,
  challenge,
})
const passkey = { claims: { credentialId: 'mara', isUserVerified: true, isOverStatement: true } }

test('what a passkey signed opens one login, however old it is; the evidence of it lies in the store for ever', () => {
  const world = given(...company)
  expect(world.when(mara, signIn('AAAA'), passkey).outcome).toBe('allowed')
  const again = { ...passkey, at: NOON + 48 * 60 * MINUTE }
  expect(world.when(mara, signIn('AAAA', 'login:4444444444'), again).reason).toBe('challenge_used')
  expect(world.when(mara, signIn('BBBB', 'login:4444444444'), again).outcome).toBe('allowed')
})

test('what a passkey signed to approve a release opens no login', () => {
  const world = given(...company)
  world.when('job:0000000000aaaaaaaaaa', {
    type: 'request release',
    release: 'release:0000000000',
    artifact: digest('a'),
    environment: 'production',
    nonce: 'n',
  })
  const asked = textOf(world.state.releases.get('release:0000000000')!, world.state)
  const challenge = base64url.encode(challengeOf(asked))
  expect(world.when(mara, signIn(challenge), passkey).reason).toBe('challenge_used')
})

test('a login ends within a day, whatever end is asked for', () => {
  const { event } = given(...company).when(mara, signIn('AAAA'), passkey)
  expect(event).toMatchObject({ type: 'login.opened', expiresAt: NOON + 24 * 60 * MINUTE })
})
