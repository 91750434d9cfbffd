/** A shop whose one artifact was built from a signed commit, and may be released to one host without anybody's approval. */

import { digestOf } from '../../src/bytes/digest.ts'
import { utf8 } from '../../src/bytes/text.ts'
import { freshBearer, freshId } from '../../src/control/fresh.ts'
import { systemCaller } from '../../src/control/handle.ts'
import type { Instance } from '../../src/control/instance.ts'
import type { Claims } from '../../src/domain/claims.ts'
import type { Command } from '../../src/domain/command.ts'
import type { Caller } from '../../src/domain/leaf.ts'
import { enrolAdministrator, enrolDeveloper, openInstance, record } from './instance.ts'

export const COMMIT = 'c'.repeat(40)
export const ARTIFACT = digestOf(utf8.encode('the shop'))
const KEY = `SHA256:${'k'.repeat(43)}`
const REPOSITORY = 'acme/shop'
const HOUR_MS = 3_600_000

/** In a new log in `directory`; jobs come from `issuer`, which serves its keys wherever it is asked. */
export async function foundShop(directory: string, issuer: string): Promise<void> {
  await using instance = await openInstance(directory)
  const { caller } = await enrolAdministrator(instance)
  const set = (command: Command, claims?: Claims, who: Caller = caller) => record(instance, who, command, claims)
  await set({ type: 'trust issuer', issuer, kind: 'github', jwksUri: `${issuer}/keys` })
  const registered = { repository: REPOSITORY, protectedRefs: ['refs/heads/main'], doorKey: 'AA', baseline: [] }
  await set({ type: 'register repository', ...registered })
  await set({ type: 'define target', target: 'web', kind: 'ssh', address: 'localhost:22', logins: ['deploy'] })
  const production = {
    ...{ environment: 'production', approvals: 0, approverRole: 'approver', targets: ['web'] },
    ...{ grantLifetimeMs: 120_000, requestLifetimeMs: HOUR_MS, refs: ['refs/heads/main'] },
  }
  await set({ type: 'define environment', ...production })
  await push(instance, (await enrolDeveloper(instance, caller)).caller)
  await build(instance, issuer)
}

async function push(instance: Instance, developer: Caller): Promise<void> {
  const enrol = { type: 'enrol key', format: 'ssh', publicKey: digestOf(utf8.encode(KEY)) } as const
  await record(instance, developer, enrol, { fingerprint: KEY })
  const update = { ref: 'refs/heads/main', oldId: '0'.repeat(40), newId: COMMIT, isForced: false }
  const claims = [{ id: COMMIT, sha256: digestOf(utf8.encode(COMMIT)), parents: [], fingerprint: KEY }]
  const door = systemCaller(`git-door/${REPOSITORY}`)
  await record(instance, door, { type: 'record push', repository: REPOSITORY, updates: [update] }, claims)
}

async function build(instance: Instance, issuer: string): Promise<void> {
  const workflow = `${REPOSITORY}/.ci/build.yml@refs/heads/main`
  const principal = freshId('job') as `job:${string}`
  const login = freshId('login') as `login:${string}`
  const expiresAt = instance.clock() + HOUR_MS
  const token = { tokenDigest: digestOf(utf8.encode('token')), tokenExpiresAt: expiresAt }
  const ran = { commit: COMMIT, ref: 'refs/heads/main', workflow, runId: 'build', eventName: 'push' }
  const job = { issuer, ...token, repository: REPOSITORY, ...ran }
  const opened = { login, bearerDigest: freshBearer().digest, expiresAt, issuer, jobKey: 'AA' }
  const caller: Caller = { id: principal, kind: 'job' }
  await record(instance, caller, { type: 'open job login', ...opened }, { principal, job })
  const provenance = digestOf(utf8.encode('provenance'))
  const attest = { type: 'attest build', build: freshId('build') as `build:${string}`, provenance } as const
  const built = {
    commit: COMMIT,
    artifacts: [{ name: 'shop.tar', digest: ARTIFACT }],
    builder: `${issuer}/${workflow}`,
  }
  await record(instance, { ...caller, login }, attest, { ...built, buildType: 'https://ci.example/job/v1' })
}
