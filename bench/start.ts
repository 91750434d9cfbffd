/**
 * How long a process of its own needs from its first instruction until the instance answers, over a log of 100,000 leaves: after
 * an orderly end, and after a kill in the midst of things.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { systemCaller } from '../src/control/handle.ts'
import { freshId } from '../src/control/fresh.ts'
import { digestOf } from '../src/bytes/digest.ts'
import { utf8 } from '../src/bytes/text.ts'
import type { Instance } from '../src/control/instance.ts'
import type { JobFacts } from '../src/domain/login.ts'
import { enrolAdministrator, enrolDeveloper, noise, openInstance, record, trivial } from './world/instance.ts'
import { openPlace } from './world/place.ts'
import { spellLog } from './world/spelled.ts'

type Measure = { readonly value: number; readonly unit: string; readonly goal?: string; readonly met?: boolean }
type Opened = { readonly ms: number; readonly rssMb: number; readonly peakMb: number; readonly size: number }

const LEAVES = 100_000
const KEY = `SHA256:${'k'.repeat(43)}`
const GOAL_MS = 1_500
const GOAL_MB = 250
const LONG = Number(process.env['BENCH_START_LEAVES'] ?? 0)
const LONG_GOAL_MS = 2_000
const LONG_GOAL_MB = 400

export async function run(): Promise<Record<string, Measure>> {
  await using place = await openPlace()
  const directory = join(place.path, 'data')
  await inProcess('build', directory)
  const killed = JSON.parse(await inProcess('open', directory)) as Opened
  const clean = JSON.parse(await inProcess('open', directory)) as Opened
  const time = (ms: number) => ({ value: ms, unit: 'ms', goal: `< ${GOAL_MS}`, met: ms < GOAL_MS })
  return {
    ...(LONG > LEAVES && (await long(join(place.path, 'long')))),
    'start.leaves': { value: clean.size, unit: 'leaves' },
    'start.after-kill': time(killed.ms),
    'start.clean': time(clean.ms),
    'start.rss': { value: clean.rssMb, unit: 'MB', goal: `< ${GOAL_MB}`, met: clean.rssMb < GOAL_MB },
  }
}

async function long(directory: string): Promise<Record<string, Measure>> {
  await spellLog(directory, LONG)
  const first = JSON.parse(await inProcess('open', directory)) as Opened
  const again = JSON.parse(await inProcess('open', directory)) as Opened
  const rate = Math.round((first.size * 1000) / first.ms)
  return {
    'start.long.leaves': { value: again.size, unit: 'leaves' },
    'start.long.fold': { value: rate, unit: 'leaves/s' },
    'start.long.fold.rss': { value: first.peakMb, unit: 'MB' },
    'start.long': { value: again.ms, unit: 'ms', goal: `< ${LONG_GOAL_MS}`, met: again.ms < LONG_GOAL_MS },
    'start.long.rss': { value: again.peakMb, unit: 'MB', goal: `< ${LONG_GOAL_MB}`, met: again.peakMb < LONG_GOAL_MB },
  }
}

/** Runs this file as another process. `build` ends by killing itself; `open` prints what it measured. */
async function inProcess(act: 'build' | 'open', directory: string): Promise<string> {
  // With the launcher's own flag.
  const child = spawn(process.execPath, ['--liftoff-only', import.meta.filename, act, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit') as Promise<[code: number | null, signal: NodeJS.Signals | null]>
  const [printed, [code, signal]] = await Promise.all([text(child.stdout), ended])
  if (act === 'build' ? signal !== 'SIGKILL' : code !== 0) throw new Error(`${act} ended with ${code ?? signal}`)
  return printed
}

/** In ten leaves: four pushes, a job that comes and goes, four of the instance itself. */
async function build(directory: string): Promise<void> {
  const instance = await openInstance(directory)
  const { caller } = await enrolAdministrator(instance)
  const repository = 'acme/shop'
  await record(instance, caller, { type: 'trust issuer', issuer: 'https://ci.example', kind: 'github' })
  const enrol = { type: 'enrol key', format: 'ssh', publicKey: digestOf(utf8.encode(KEY)) } as const
  await record(instance, (await enrolDeveloper(instance, caller)).caller, enrol, { fingerprint: KEY })
  const registered = { repository, protectedRefs: ['refs/heads/main'], doorKey: 'AA', baseline: [commit(0)] }
  await record(instance, caller, { type: 'register repository', ...registered })
  const lanes = Array.from({ length: 100 }, (_, number) => ({ number, repository, head: commit(0) }))
  for (let round = 0; instance.log.size < LEAVES; round += 100) {
    await Promise.all(lanes.map((lane) => workOf(round + lane.number, lane, instance)))
  }
  process.kill(process.pid, 'SIGKILL')
}

/** One branch, on which one thing comes after the other. */
type Lane = { readonly number: number; readonly repository: string; head: string }

async function workOf(round: number, lane: Lane, instance: Instance): Promise<void> {
  const { repository } = lane
  const at = instance.clock()
  const principal = `job:${round.toString(16).padStart(20, '0')}` as const
  const login = freshId('login') as `login:${string}`
  const opened = { login, bearerDigest: digestOf(utf8.encode(login)), expiresAt: at + 600_000 }
  const job: JobFacts = {
    issuer: 'https://ci.example',
    tokenDigest: digestOf(utf8.encode(`token ${round}`)),
    tokenExpiresAt: at + 600_000,
    repository,
    runId: String(round),
  }
  for (let push = 0; push < 4; push += 1) await pushOf(4 * round + push, lane, instance)
  const open = { type: 'open job login', ...opened, issuer: job.issuer, jobKey: 'AA' } as const
  await record(instance, { id: principal, kind: 'job' }, open, { principal, job })
  await record(instance, { id: principal, kind: 'job', login }, { type: 'end login', login })
  for (let word = 0; word < 4; word += 1) await record(instance, noise, trivial)
}

async function pushOf(number: number, lane: Lane, instance: Instance): Promise<void> {
  const { repository, head: oldId } = lane
  const newId = commit(number + 1)
  lane.head = newId
  const isNew = oldId === commit(0)
  const updates = [{ ref: `refs/heads/topic-${lane.number}`, oldId: isNew ? NOTHING : oldId, newId, isForced: false }]
  const claimed = { id: newId, sha256: digestOf(utf8.encode(newId)), parents: [oldId], fingerprint: KEY }
  const command = { type: 'record push' as const, repository, updates }
  const given = () => ({ authorships: [{ authors: [], hasForeignAuthor: false }] })
  const caller = systemCaller(`git-door/${repository}`)
  const push = { command, caller, claims: [claimed], evidence: [], given, sealed: undefined }
  const { decision } = await instance.ledger.record(push)
  if (decision.outcome !== 'allowed') throw new Error(`a push is ${decision.outcome}: ${decision.reason}`)
}

const NOTHING = '0'.repeat(40)

function commit(number: number): string {
  return number.toString(16).padStart(40, 'c')
}

async function openOnce(directory: string): Promise<void> {
  await using instance = await openInstance(directory)
  const opened: Opened = {
    ms: Math.round(performance.now()),
    rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
    peakMb: Math.round(process.resourceUsage().maxRSS / 2 ** 10),
    size: instance.log.size,
  }
  console.log(JSON.stringify(opened))
}

if (import.meta.main) {
  const [act, directory = ''] = process.argv.slice(2)
  await (act === 'build' ? build(directory) : openOnce(directory))
}
