import { expect, test } from 'vitest'
import type { Desk } from '../../src/control/handle.ts'
import { roleOf, type Lender } from '../../src/control/lend.ts'
import { Noise } from '../../src/control/noise.ts'
import { startWatch } from '../../src/control/watch.ts'
import type { Event } from '../../src/domain/event.ts'
import type { Published } from '../../src/control/ledger.ts'
import { artifact, company, given, job, li, mara, NOON, release, type World } from '../domain/given.ts'

type Follower = (published: Pick<Published, 'leaf'>) => void

/** A desk on a state that a test moves by itself. */
function deskOf({ state }: World) {
  const followers: Follower[] = []
  const follow = (follower: Follower) => (followers.push(follower), () => undefined)
  const desk = { ledger: { state, follow }, clock: () => NOON } as unknown as Desk
  return { desk, publish: (event: Event) => followers.forEach((follower) => follower({ leaf: { event } as never })) }
}

const request = (grant: string) =>
  ({
    type: 'request grant',
    grant: `grant:${grant}` as const,
    release,
    target: 'web',
    publicKey: 'ssh-ed25519 AA',
  }) as const

function approved(): World {
  const world = given(...company)
  world.when(job, { type: 'request release', release, artifact, environment: 'production', nonce: 'n'.repeat(43) })
  for (const [id, credentialId] of [
    [mara, 'mara'],
    [li, 'li'],
  ] as const)
    world.when(
      id,
      { type: 'give approval', release },
      { claims: { credentialId, isUserVerified: true, isOverStatement: true } },
    )
  return world
}

test('a role that is made while roles are looked at is not taken for a leaked one, nor is what others made', async () => {
  const world = approved()
  world.when(job, request('aaaaaaaaaaaa'))
  world.when(job, { type: 'end grant', grant: 'grant:aaaaaaaaaaaa' })
  world.when('system:watch', { type: 'clear grant', grant: 'grant:aaaaaaaaaaaa', how: 'role_dropped', terminated: 0 })
  const { desk, publish } = deskOf(world)
  let leftovers: string[] = []
  const lender = {
    reconcile: async (_: unknown, isLeftover: (role: string) => boolean) => {
      const { event } = world.when(job, request('bbbbbbbbbbbb'))
      publish(event)
      leftovers = [...[...world.state.grants.newest(2)].map(roleOf), 'cs_7_foreig', 'postgres'].filter(isLeftover)
      return []
    },
  } as unknown as Lender
  const reported: string[] = []
  await using watch = startWatch({ desk, lender, noise: new Noise(), report: (problem) => reported.push(problem) })
  await watch.settle()
  const ended = world.state.grants.get('grant:aaaaaaaaaaaa')!
  expect([leftovers, reported]).toEqual([[roleOf(ended)], []])
})
