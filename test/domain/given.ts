/** Given these events, when this is asked, then that is answered: a small company, folded by the real state and the real policies. */

import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Claims } from '../../src/domain/claims.ts'
import type { Command } from '../../src/domain/command.ts'
import { decide } from '../../src/domain/decide.ts'
import type { Decision, Outcome } from '../../src/domain/decision.ts'
import type { Event } from '../../src/domain/event.ts'
import type { Caller, Given, Leaf } from '../../src/domain/leaf.ts'
import type { Reason } from '../../src/domain/reason.ts'
import { replay, type State } from '../../src/domain/state.ts'
import { loadPolicies, type PolicySet } from '../../src/policy/policy.ts'

const directory = join(import.meta.dirname, '../../policies')
const files = Object.fromEntries(
  globSync('*.{cedar,cedarschema}', { cwd: directory }).map((name) => [
    basename(name),
    readFileSync(join(directory, name), 'utf8'),
  ]),
)
const loaded = loadPolicies(files)
if (Array.isArray(loaded)) throw new Error(JSON.stringify(loaded))
export const policies: PolicySet = loaded

/** A Wednesday, eleven in the morning in Vienna. */
export const NOON = Date.UTC(2026, 10, 18, 10)
const MINUTE = 60_000

export const ana = 'person:ana0000000'
export const ivo = 'person:ivo0000000'
export const mara = 'person:mara000000'
export const li = 'person:li00000000'
export const job = 'job:0000000000aaaaaaaaaa'
export const digest = (letter: string) => `sha256:${letter.repeat(64)}` as const
export const commitId = (letter: string) => letter.repeat(40)
export const artifact = digest('a')
export const release = 'release:000000000000aaaa'

type Step = {
  readonly event: Event
  readonly by?: string
  readonly at?: number
  readonly outcome?: Outcome
  readonly reason?: Reason
}

const passkey = (id: string) =>
  ({ credentialId: id, publicKey: { kty: 'OKP', crv: 'Ed25519', x: 'AA' }, isSoftware: true }) as const

function person(id: string, handle: string, roles: string[]): Step[] {
  const login = `login:${handle.padEnd(16, '0')}` as const
  const who = id as `person:${string}`
  return [
    {
      event: {
        type: 'principal.invited',
        person: who,
        inviteDigest: digest('1'),
        expiresAt: NOON + MINUTE,
        roles,
        zone: 'Europe/Vienna',
      },
    },
    { event: { type: 'principal.enrolled', person: who, passkey: passkey(handle) } },
    {
      event: {
        type: 'login.opened',
        login,
        bearerDigest: digest(handle[0]!.charCodeAt(0).toString(16)[0]!),
        expiresAt: NOON + 600 * MINUTE,
        principal: who,
        method: 'passkey',
      },
    },
  ]
}

export const jobFacts = {
  issuer: 'https://ci.example',
  tokenDigest: digest('7'),
  tokenExpiresAt: NOON + 5 * MINUTE,
  repository: 'acme/shop',
  commit: commitId('c'),
  ref: 'refs/heads/main',
  workflow: 'acme/shop/.ci/release.yml@refs/heads/main',
  runId: '12',
  eventName: 'push',
  runnerEnvironment: 'github-hosted',
} as const

/** Everything is set up: people, repository, environment, targets, a signed commit by Ivo, a job that built it. */
export const company: readonly Step[] = [
  { event: { type: 'log.created', origin: 'log.example', logKey: 'log.example+00000000+AA', sshCa: 'ssh-ed25519 AA' } },
  {
    event: {
      type: 'log.opened',
      version: '0',
      treeSize: 1,
      rpId: 'localhost',
      origins: ['http://localhost:1'],
      audience: 'http://localhost:1',
    },
  },
  { event: { type: 'policy.activated', digest: policies.digest, ids: [] } },
  ...person(ana, 'ana', ['admin']),
  ...person(ivo, 'ivo', ['developer', 'approver']),
  ...person(mara, 'mara', ['approver']),
  ...person(li, 'li', ['approver']),
  { event: { type: 'issuer.trusted', issuer: 'https://ci.example', kind: 'github' } },
  {
    event: {
      type: 'repository.registered',
      repository: 'acme/shop',
      protectedRefs: ['refs/heads/main'],
      doorKey: 'AA',
      baseline: [],
    },
  },
  { event: { type: 'target.defined', target: 'web', kind: 'ssh', address: 'localhost:22', logins: ['deploy'] } },
  { event: { type: 'target.defined', target: 'other', kind: 'ssh', address: 'localhost:22', logins: ['deploy'] } },
  {
    event: {
      type: 'environment.defined',
      environment: 'production',
      approvals: 2,
      approverRole: 'approver',
      targets: ['web'],
      grantLifetimeMs: 120_000,
      requestLifetimeMs: 1_800_000,
      refs: ['refs/heads/main'],
    },
  },
  {
    event: {
      type: 'key.enrolled',
      person: ivo,
      fingerprint: `SHA256:${'I'.repeat(43)}`,
      format: 'ssh',
      publicKey: digest('2'),
    },
  },
  {
    event: {
      type: 'repository.pushed',
      repository: 'acme/shop',
      updates: [{ ref: 'refs/heads/main', oldId: '0'.repeat(40), newId: commitId('c'), isForced: false }],
      commits: [
        {
          id: commitId('c'),
          sha256: digest('c'),
          parents: [],
          signer: ivo,
          fingerprint: `SHA256:${'I'.repeat(43)}`,
          authors: [ivo],
        },
      ],
    },
  },
  {
    event: {
      type: 'login.opened',
      login: 'login:job0000000000000',
      bearerDigest: digest('8'),
      expiresAt: NOON + 60 * MINUTE,
      principal: job,
      method: 'job',
      job: jobFacts,
      jobKey: 'AA',
    },
  },
  {
    event: {
      type: 'build.attested',
      build: 'build:0000000000',
      repository: 'acme/shop',
      commit: commitId('c'),
      artifacts: [{ name: 'shop.tar', digest: artifact }],
      builder: 'b',
      buildType: 't',
      job,
      provenance: digest('3'),
    },
  },
]

const logins: Record<string, string> = { [ana]: 'ana', [ivo]: 'ivo', [mara]: 'mara', [li]: 'li', [job]: 'job' }

export function callerOf(id: string): Caller {
  if (id.startsWith('system:')) return { id: id as 'system:log', kind: 'system' }
  const login = `login:${logins[id]!.padEnd(16, '0')}` as const
  return { id: id as `person:${string}`, kind: id.startsWith('job:') ? 'job' : 'person', login }
}

export type World = {
  readonly state: State
  /** What `id` is answered when asking; the decision is applied, so that the next one sees it. */
  readonly when: (id: string, command: Command, more?: { claims?: Claims; given?: Given; at?: number }) => Decision
}

export function given(...steps: readonly Step[]): World {
  const { state, apply } = replay()
  let leafIndex = 0
  const put = (
    { event, by = 'system:test', at = NOON, outcome = 'allowed', reason }: Step,
    policy?: Decision['policy'],
    command = { type: 'open log' } as unknown as Command,
  ) => {
    const caller = by.startsWith('system:') ? { id: by as 'system:test', kind: 'system' as const } : callerOf(by)
    const leaf: Leaf = {
      id: 'x',
      at,
      sequence: leafIndex,
      caller,
      command,
      evidence: [],
      given: {},
      outcome,
      event,
      ...(reason && { reason }),
      ...(policy && { policy }),
    }
    apply(leaf, leafIndex++)
  }
  for (const step of steps) put(step)
  return {
    state,
    when(id, command, { claims, given: facts = {}, at = NOON } = {}) {
      const decision = decide({ command, caller: callerOf(id), claims, given: facts, at }, state, policies)
      const { event, outcome, reason, policy } = decision
      put({ event, by: id, at, outcome, ...(reason && { reason }) }, policy, command)
      return decision
    },
  }
}
