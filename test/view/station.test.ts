import { expect, test } from 'vitest'
import { approversOf, standingOf, wouldAllow } from '../../src/control/view/approver.ts'
import { commitsOf } from '../../src/control/view/commit.ts'
import { risksOf, rulesOf } from '../../src/control/view/rule.ts'
import type { Sight } from '../../src/control/view/sight.ts'
import { stationsOf } from '../../src/control/view/station.ts'
import { Directory } from '../../src/control/directory.ts'
import { Book } from '../../src/domain/book.ts'
import type { Login } from '../../src/domain/login.ts'
import type { AssertionClaims } from '../../src/domain/approval.ts'
import type { Event } from '../../src/domain/event.ts'
import {
  ana,
  artifact,
  callerOf,
  company,
  digest,
  given,
  ivo,
  job,
  li,
  mara,
  NOON,
  policies,
  release,
  type World,
} from '../domain/given.ts'

const MINUTE = 60_000
const request = { type: 'request release', release, artifact, environment: 'production', nonce: 'AA' } as const
const give = { type: 'give approval', release } as const

function sightOf({ state }: World, at = NOON): Sight {
  return {
    state,
    policies,
    at,
    directory: new Directory(),
    labelOf: () => undefined,
    trail: undefined as never,
    archive: undefined as never,
    told: async (make) => (await make()) as never,
  }
}

function asked(...steps: { event: Event }[]): World {
  const world = given(...company, ...steps)
  expect(world.when(job, request).outcome).toBe('waiting')
  return world
}

const claims = (handle: string): AssertionClaims => ({
  credentialId: handle,
  isUserVerified: true,
  isOverStatement: true,
})
const lastStations = (world: World, at = NOON) => {
  const found = world.state.releases.get(release)!
  return stationsOf(found, commitsOf(found, world.state), sightOf(world, at))
    .slice(3)
    .map(({ state, headline }) => `${state}: ${headline}`)
}

test('what is shown of rights is what is then decided, for everybody', () => {
  for (const [person, handle] of [
    [ana, 'ana'],
    [ivo, 'ivo'],
    [mara, 'mara'],
    [li, 'li'],
  ] as const)
    for (const before of [[], [mara], [mara, li]]) {
      const world = asked()
      for (const id of before) world.when(id, give, { claims: claims(id === mara ? 'mara' : 'li') })
      const found = world.state.releases.get(release)!
      const shown = wouldAllow(world.state.people.get(person)!, found, sightOf(world))
      expect(approversOf(found, sightOf(world)).some(({ id }) => id === person)).toBe(shown)
      expect(standingOf(found, callerOf(person), sightOf(world)).canApprove).toBe(shown)
      expect(world.when(person, give, { claims: claims(handle) }).outcome === 'allowed').toBe(shown)
    }
})

test('a login too old for the rules cannot sign, though its person could', () => {
  const found = asked()
  const world = { ...found, state: { ...found.state, environments: new Map(found.state.environments) } }
  const one = world.state.releases.get(release)!
  const late = { ...one, expiresAt: NOON + 24 * 60 * MINUTE }
  const state = {
    ...world.state,
    releases: new Book<typeof late>('releases'),
    logins: new Book<Login>('logins'),
  }
  state.releases.add(release, late)
  for (const [id, login] of world.state.logins.young())
    state.logins.add(id, { ...login, expiresAt: NOON + 24 * 60 * MINUTE })
  const sight = sightOf({ ...world, state }, NOON + 13 * 60 * MINUTE)
  expect(standingOf(late, callerOf(li), sight)).toMatchObject({
    canApprove: false,
    because: 'The last sign-in is more than 12 hours ago.',
  })
  expect(approversOf(late, sight).map(({ id }) => id)).toEqual([mara, li])
})

test('nobody can sign while the log is damaged, after a revocation, or without a passkey', () => {
  const damage: Event = { type: 'log.damaged', leafIndex: 3, file: 'x', problem: 'hash' }
  const world = asked()
  world.when('system:scrub', { ...damage, type: 'report damage' })
  const found = world.state.releases.get(release)!
  expect(approversOf(found, sightOf(world))).toEqual([])
  expect(standingOf(found, callerOf(li), sightOf(world)).because).toMatch(/does not match its signed checkpoint/)

  const other = asked()
  other.when(ana, { type: 'revoke principal', principal: li })
  expect(approversOf(other.state.releases.get(release)!, sightOf(other)).map(({ id }) => id)).toEqual([mara])
})

test('stations show how far it got', () => {
  const world = asked()
  expect(lastStations(world)).toEqual([
    'done: asked under the policies in force',
    'waiting: 0 of 2 signed',
    'todo: not yet',
  ])
  expect(lastStations(world, NOON + 31 * MINUTE)[1]).toBe('broken: not signed in time')
  world.when(mara, give, { claims: claims('mara') })
  world.when(li, give, { claims: claims('li') })
  expect(lastStations(world).slice(1)).toEqual(['done: 2 of 2 signed', 'todo: may begin'])
  world.when(job, { type: 'request grant', grant: 'grant:0000000000', release, target: 'web' })
  expect(lastStations(world)[2]).toBe('waiting: credentials are lent')
  world.when(job, { type: 'end release', release, exitCode: 7 })
  expect(lastStations(world)[2]).toBe('broken: failed with exit code 7')
})

test('a decline and a change of the policies break their stations', () => {
  const declined = asked()
  declined.when(mara, { type: 'decline release', release }, { claims: claims('mara') })
  expect(lastStations(declined)[1]).toBe('broken: declined')

  const changed = asked()
  changed.state.policy = { digest: digest('f'), activatedAt: NOON, leafIndex: 99 }
  expect(lastStations(changed)).toEqual([
    'broken: the policies changed since it was asked',
    'broken: void: what it was asked under changed',
    'todo: not yet',
  ])
  const found = changed.state.releases.get(release)!
  expect(rulesOf(found, [], sightOf(changed)).at(-1)?.ok).toBe(false)
})

test('signing at ten at night is called what it is', () => {
  const world = asked()
  const found = world.state.releases.get(release)!
  const kinds = (at: number) =>
    risksOf(found, commitsOf(found, world.state), callerOf(li), sightOf(world, at)).map(({ kind }) => kind)
  expect(kinds(NOON)).not.toContain('out_of_hours')
  expect(kinds(NOON + 11 * 60 * MINUTE)).toContain('out_of_hours')
})
