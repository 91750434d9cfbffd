/** Leaves that are decided and durable before anyone is answered, per second, beside what disk and processor could do at most. */

import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from '../src/domain/command.ts'
import type { Caller } from '../src/domain/leaf.ts'
import { freshId } from '../src/control/fresh.ts'
import type { Instance } from '../src/control/instance.ts'
import { enrolAdministrator, noise, openInstance, record, trivial } from './world/instance.ts'
import { openPlace } from './world/place.ts'

type Measure = { readonly value: number; readonly unit: string; readonly goal?: string; readonly met?: boolean }

const SPAN_MS = 2_500
const GOAL = 20_000

export async function run(): Promise<Record<string, Measure>> {
  await using place = await openPlace()
  await using instance = await openInstance(join(place.path, 'data'))
  const leafBytes = (await record(instance, noise, trivial)).bytes.length
  const { caller } = await enrolAdministrator(instance)

  const fsync = await rawSync(join(place.path, 'raw'), leafBytes)
  const sha256 = rawHash(leafBytes)
  const one = await leavesPerSecond(1, () => record(instance, noise, trivial))
  const some = await leavesPerSecond(64, () => record(instance, noise, trivial))
  const many = await leavesPerSecond(1_024, () => record(instance, noise, trivial))
  const proven = await leavesPerSecond(1_024, () => recordWithProof(instance))
  const asked = await decisionsPerSecond(instance, caller)
  return {
    'ledger.raw.fsync': { value: fsync, unit: '/s' },
    'ledger.raw.sha256': { value: sha256, unit: '/s' },
    'ledger.1': { value: one, unit: 'leaves/s' },
    'ledger.1.to-fsync': { value: ratio(one, fsync), unit: 'x' },
    'ledger.64': { value: some, unit: 'leaves/s' },
    'ledger.1024': { value: many, unit: 'leaves/s', goal: `>= ${GOAL}`, met: many >= GOAL },
    'ledger.1024.to-fsync': { value: ratio(many, fsync), unit: 'x' },
    'ledger.1024.to-sha256': { value: ratio(many, sha256), unit: 'x' },
    'ledger.1024.proven': { value: proven, unit: 'leaves/s' },
    'ledger.1024.cedar': { value: asked, unit: 'decisions/s' },
  }
}

/** The whole receipt: with the inclusion proof to the checkpoint that first covers the leaf. */
async function recordWithProof(instance: Instance): Promise<void> {
  const { leafIndex, head } = await record(instance, noise, trivial)
  await instance.ledger.prove(leafIndex, head)
}

function ratio(a: number, b: number): number {
  return Number((a / b).toPrecision(3))
}

async function leavesPerSecond(callers: number, act: () => Promise<unknown>): Promise<number> {
  const end = performance.now() + SPAN_MS
  const started = performance.now()
  let leaves = 0
  const call = async () => {
    for (; performance.now() < end; leaves += 1) await act()
  }
  await Promise.all(Array.from({ length: callers }, call))
  return Math.round((leaves * 1000) / (performance.now() - started))
}

/** Roles for people whom no question was asked about before, so that no answer is remembered. */
async function decisionsPerSecond(instance: Instance, caller: Caller): Promise<number> {
  const people = Array.from({ length: 4_096 }, () => freshId('person') as `person:${string}`)
  await Promise.all(people.map((person) => record(instance, caller, invitation(person, instance.clock()))))
  const rest = people.values()
  const started = performance.now()
  const call = async () => {
    for (const person of rest) await record(instance, caller, { type: 'assign role', person, role: 'developer' })
  }
  await Promise.all(Array.from({ length: 1_024 }, call))
  return Math.round((people.length * 1000) / (performance.now() - started))
}

function invitation(person: `person:${string}`, at: number): Command {
  const inviteDigest = `sha256:${createHash('sha256').update(person).digest('hex')}` as const
  return { type: 'invite person', person, inviteDigest, expiresAt: at + 60_000, roles: [] }
}

/** Appends of a leaf's size, each synced before the next: what one caller can get from this disk. */
async function rawSync(path: string, bytes: number): Promise<number> {
  const block = Buffer.alloc(bytes, 'x')
  await using file = await open(path, 'a')
  return await leavesPerSecond(1, async () => {
    await file.write(block)
    await file.datasync()
  })
}

function rawHash(bytes: number): number {
  const block = Buffer.alloc(bytes, 'x')
  const started = performance.now()
  let hashes = 0
  for (; performance.now() - started < 500; hashes += 1) createHash('sha256').update(block).digest()
  return Math.round((hashes * 1000) / (performance.now() - started))
}
