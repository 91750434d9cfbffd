/** Ignoring evidence may never turn a refusal into a yes: whatever is taken away, nothing more is allowed than before. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Claims } from '../../src/domain/claims.ts'
import type { Command } from '../../src/domain/command.ts'
import type { Claimed } from '../../src/domain/commit.ts'
import { artifact, commitId, company, digest, given, ivo, job, li, mara, NOON, release } from './given.ts'

const steps = company.filter(({ event }) => !['log.created', 'log.opened', 'policy.activated'].includes(event.type))
const base = company.filter((step) => !steps.includes(step))
const grant = {
  type: 'request grant',
  grant: 'grant:000000000000',
  release,
  target: 'web',
  publicKey: 'ssh-ed25519 AA',
} as const
const ask = { type: 'request release', release, artifact, environment: 'production', nonce: 'n'.repeat(43) } as const
const handles: Record<string, string> = { [ivo]: 'ivo', [mara]: 'mara', [li]: 'li' }

const isYes = (outcome: string) => outcome === 'allowed'
const subset = fc.subarray(steps, { minLength: Math.max(0, steps.length - 4) })

test('a credential: leaving out any fact of the past, or any approval, never gives it', () => {
  const approvers = fc.subarray([ivo, mara, li])
  fc.assert(
    fc.property(subset, approvers, fc.nat(2), (kept, approving, dropped) => {
      const outcome = (facts: typeof kept, people: readonly string[]) => {
        const world = given(...base, ...facts)
        world.when(job, ask)
        for (const id of people)
          world.when(
            id,
            { type: 'give approval', release },
            { claims: { credentialId: handles[id]!, isUserVerified: true, isOverStatement: true } },
          )
        return world.when(job, grant).outcome
      }
      const fewer = approving.filter((_, index) => index !== dropped)
      if (isYes(outcome(kept, fewer))) expect(outcome(steps, approving)).toBe('allowed')
    }),
    { numRuns: 150 },
  )
})

test('an approval: weaker claims never make it count', () => {
  const claim = fc.record({
    credentialId: fc.constantFrom('ivo', 'mara', 'li', 'nobody'),
    isUserVerified: fc.boolean(),
    isOverStatement: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.constantFrom(ivo, mara, li), claim, fc.boolean(), (id, strong, keepVerified) => {
      const weak: Claims = keepVerified ? { ...strong, isOverStatement: false } : { ...strong, isUserVerified: false }
      const outcome = (claims: Claims) => {
        const world = given(...company)
        world.when(job, ask)
        return world.when(id, { type: 'give approval', release }, { claims }).outcome
      }
      expect(isYes(outcome(weak)) && !isYes(outcome(strong))).toBe(false)
      expect(isYes(outcome(undefined))).toBe(false)
    }),
  )
})

test('a push: hiding what is known of a commit never gets it in', () => {
  const problem = fc.constantFrom('unsigned', 'unknown_key', 'bad_signature', 'commit_malformed')
  const signed: Claimed = {
    id: commitId('d'),
    sha256: digest('d'),
    parents: [commitId('c')],
    fingerprint: `SHA256:${'I'.repeat(43)}`,
  }
  fc.assert(
    fc.property(problem, fc.boolean(), fc.boolean(), (reason, isForced, isFirst) => {
      const command: Command = {
        type: 'record push',
        repository: 'acme/shop',
        updates: [{ ref: 'refs/heads/main', oldId: commitId('c'), newId: commitId('d'), isForced }],
      }
      const { fingerprint: _, ...hidden } = signed
      const other: Claimed = { ...signed, id: commitId('e'), parents: [commitId('d')] }
      const outcome = (claim: Claimed) =>
        given(...company).when('system:git-door/acme/shop', command, {
          claims: isFirst ? [claim, other] : [other, claim],
          at: NOON,
        }).outcome
      expect(isYes(outcome({ ...hidden, problem: reason as 'unsigned' }))).toBe(false)
      expect(isYes(outcome(hidden))).toBe(false)
    }),
  )
})
