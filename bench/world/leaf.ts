/** Leaves as a working instance records them, about 700 bytes each: a push, a job that comes and goes, what the instance says of itself. */

import { digestOf } from '../../src/bytes/digest.ts'
import { utf8 } from '../../src/bytes/text.ts'
import { freshId } from '../../src/control/fresh.ts'
import { systemCaller } from '../../src/control/handle.ts'
import type { Instance } from '../../src/control/instance.ts'
import { enrolAdministrator, enrolDeveloper, noise, openInstance, record, trivial } from './instance.ts'

const KEY = `SHA256:${'k'.repeat(43)}`
const REPOSITORY = 'acme/shop'
const NOTHING = '0'.repeat(40)
const LIFETIME_MS = 600_000

/** At least `count` leaves, recorded by a real ledger in `directory`; each has digests and identifiers of its own. */
export async function recordedLeaves(directory: string, count: number): Promise<Uint8Array[]> {
  await using instance = await openInstance(directory)
  const { caller } = await enrolAdministrator(instance)
  await record(instance, caller, { type: 'trust issuer', issuer: 'https://ci.example', kind: 'github' })
  const enrol = { type: 'enrol key', format: 'ssh', publicKey: digestOf(utf8.encode(KEY)) } as const
  await record(instance, (await enrolDeveloper(instance, caller)).caller, enrol, { fingerprint: KEY })
  const registered = { repository: REPOSITORY, protectedRefs: ['refs/heads/main'], doorKey: 'AA' }
  await record(instance, caller, { type: 'register repository', ...registered, baseline: [commitOf(0)] })
  const first = instance.log.size
  for (let round = 0; instance.log.size < first + count; round += 1) await workOf(instance, round)
  const leaves: Uint8Array[] = []
  for await (const { leaf } of instance.log.leaves(first, instance.log.size)) leaves.push(Uint8Array.from(leaf))
  return leaves
}

async function workOf(instance: Instance, round: number): Promise<void> {
  await push(instance, round)
  const login = freshId('login') as `login:${string}`
  const principal = `job:${round.toString(16).padStart(20, '0')}` as const
  const expiresAt = instance.clock() + LIFETIME_MS
  const opened = { login, bearerDigest: digestOf(utf8.encode(login)), expiresAt }
  const token = { tokenDigest: digestOf(utf8.encode(`token ${round}`)), tokenExpiresAt: expiresAt }
  const job = { issuer: 'https://ci.example', ...token, repository: REPOSITORY, runId: String(round) }
  const open = { type: 'open job login', ...opened, issuer: job.issuer, jobKey: 'AA' } as const
  await record(instance, { id: principal, kind: 'job' }, open, { principal, job })
  await record(instance, { id: principal, kind: 'job', login }, { type: 'end login', login })
  for (let word = 0; word < 4; word += 1) await record(instance, noise, trivial)
}

async function push({ ledger }: Instance, round: number): Promise<void> {
  const [oldId, newId] = [commitOf(round), commitOf(round + 1)]
  const update = { ref: 'refs/heads/topic', oldId: round === 0 ? NOTHING : oldId, newId, isForced: false }
  const claims = [{ id: newId, sha256: digestOf(utf8.encode(newId)), parents: [oldId], fingerprint: KEY }]
  const command = { type: 'record push' as const, repository: REPOSITORY, updates: [update] }
  const given = () => ({ authorships: [{ authors: [], hasForeignAuthor: false }] })
  const caller = systemCaller(`git-door/${REPOSITORY}`)
  const { decision } = await ledger.record({ command, caller, claims, evidence: [], given, sealed: undefined })
  if (decision.outcome !== 'allowed') throw new Error(`a push is ${decision.outcome}: ${decision.reason}`)
}

/** As random as a real one is: 40 hexadecimal digits of a digest. */
function commitOf(number: number): string {
  return digestOf(utf8.encode(`commit ${number}`)).slice('sha256:'.length, 'sha256:'.length + 40)
}
