/** What somebody says that they did: of whose matters they may say it, and that many are answered as one after the other would be. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decide, decideObservations } from '../../src/domain/decide.ts'
import type { Event } from '../../src/domain/event.ts'
import { commands, type Observe } from '../../src/domain/observation.ts'
import {
  ana,
  artifact,
  callerOf,
  commitId,
  company,
  digest,
  given,
  ivo,
  job,
  NOON,
  policies,
  release,
} from './given.ts'

const other = 'job:0000000000bbbbbbbbbb'
const theirs = 'release:000000000000bbbb'
const grant = 'grant:0000000000'

function requested(id: typeof release | typeof theirs, requester: typeof job | typeof other): { event: Event } {
  return {
    event: {
      ...{ type: 'release.requested', release: id, artifact, artifactName: 'shop.tar', repository: 'acme/shop' },
      ...{ commit: commitId('c'), commitSha256: digest('c'), environment: 'production', requester, nonce: 'AA' },
      ...{ policyDigest: digest('d'), statementDigest: digest('e'), expiresAt: NOON + 60_000, required: 2 },
      ...{ authors: [ivo], commits: 1 },
    } as Event,
  }
}

const issued = (of: typeof release | typeof theirs, id: string, holder: string): { event: Event } => ({
  event: {
    ...{ type: 'grant.issued', grant: id, release: of, target: 'web', kind: 'ssh', holder },
    ...{ login: 'login:job0000000000000', expiresAt: NOON + 120_000 },
  } as Event,
})

const steps = [
  ...company,
  requested(release, job),
  requested(theirs, other),
  issued(release, grant, job),
  issued(theirs, 'grant:bbbbbbbbbb', other),
]

const step: Observe = { type: 'record observation', kind: 'step.ended', claimedAt: NOON - 5_000, status: 'passed' }

test.each([
  ['its own run', {}, 'allowed', 'jobs-observe'],
  ['the release that it asked for', { release }, 'allowed', 'jobs-observe'],
  ['the grant that it holds', { grant }, 'allowed', 'jobs-observe'],
  ['a grant with its release', { grant, release }, 'allowed', 'jobs-observe'],
  ['the release of another job', { release: theirs }, 'policy_refused', 'observation-of-another-job'],
  ['the grant of another job', { grant: 'grant:bbbbbbbbbb' }, 'policy_refused', 'observation-of-another-job'],
  ['its grant as one of another release', { grant, release: theirs }, 'no_such_release', undefined],
  ['a release that is none', { release: 'release:0000000000' }, 'no_such_release', undefined],
  ['a grant that is none', { grant: 'grant:zzzzzzzzzz' }, 'no_such_grant', undefined],
] as const)('a job reports on %s', (_, about, answer, determining) => {
  const decision = given(...steps).when(job, { ...step, ...about })
  expect(decision.reason ?? decision.outcome).toBe(answer)
  expect(decision.policy?.determining[0]).toBe(determining)
  const isRecorded = answer === 'allowed'
  expect(decision.event.type).toBe(isRecorded ? 'observation.recorded' : 'observation.refused')
  expect(decision.event).toMatchObject({ principal: job, kind: 'step.ended', ...about })
})

test('a person reports on anything by their role', () => {
  const { when } = given(...steps)
  expect(when(ana, { ...step, release: theirs }).outcome).toBe('allowed')
  expect(when(ivo, step).outcome).toBe('allowed')
  expect(when('person:mara000000', step)).toMatchObject({ outcome: 'refused', reason: 'policy_refused' })
})

test('a login that is over reports nothing, and is turned away once', () => {
  const { state } = given(...steps)
  const matter = { caller: callerOf(job), given: {}, at: NOON + 61 * 60_000 }
  const decisions = decideObservations([step, step, step], matter, state, policies)
  expect(decisions).toMatchObject([{ reason: 'login_expired', event: { type: 'principal.refused' } }])
})

test('on a damaged log nothing is taken in', () => {
  const damaged: { event: Event } = { event: { type: 'log.damaged', leafIndex: 3, file: 'tile', problem: 'hash' } }
  const { state } = given(...steps, damaged)
  const decisions = decideObservations([step, step], { caller: callerOf(job), given: {}, at: NOON }, state, policies)
  expect(decisions).toMatchObject([{ reason: 'log_damaged' }])
})

const about = fc.constantFrom<Partial<Observe>>(
  ...([{}, { release }, { release: theirs }, { grant }, { grant: 'grant:bbbbbbbbbb' }] as Partial<Observe>[]),
  ...([{ grant, release }, { grant, release: theirs }, { release: 'release:0000000000' }] as Partial<Observe>[]),
)

test('many are each answered as they would be alone', () => {
  const { state } = given(...steps)
  const callers = fc.constantFrom(...[job, ana, ivo, 'person:mara000000'].map(callerOf))
  fc.assert(
    fc.property(fc.array(about, { minLength: 1, maxLength: 30 }), callers, (abouts, caller) => {
      const asked = abouts.map((more, index) => ({ ...step, ...more, durationMs: index })) as [Observe, ...Observe[]]
      const alone = asked.map((command) =>
        decide({ command, caller, claims: undefined, given: {}, at: NOON }, state, policies),
      )
      expect(decideObservations(asked, { caller, given: {}, at: NOON }, state, policies)).toEqual(alone)
    }),
  )
})

test.each([
  ['a digest', `sha256:${'a'.repeat(64)}`, true],
  ['a file', 'dist/report-1.2.3+4.xml', true],
  ['a version of three numbers', '10.1.2', true],
  ['a sentence', 'it went well', false],
  ['an IP address', '192.168.1.1', false],
  ['an IPv6 address', '2001:db8::1', false],
  ['a mail address', 'ana@acme.example', false],
  ['a name of another alphabet', 'Möbius', false],
  ['a text that is too long', 'a'.repeat(129), false],
  ['a number that is none', Number.NaN, false],
  ['half a number', 0.5, false],
])('a fact is a word, a whole number or yes and no: %s', (_, fact, isTaken) => {
  const { success } = commands['record observation'].safeParse({ ...step, facts: { it: fact } })
  expect(success).toBe(isTaken)
})
