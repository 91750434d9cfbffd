/**
 * Leaves a second that are read, decided again, spelt again and compared: releases from the commit to their end. Verifying
 * signatures is not in it: what the evidence of each leaf says is given, as it was when it was recorded. Of processor time, since
 * other programs may run beside it; `replay.wall` is what the clock on the wall says of the same run.
 */

import { join } from 'node:path'
import { decideAgain } from '../src/domain/redecide.ts'
import { read } from '../src/domain/leaf.ts'
import { replay } from '../src/domain/state.ts'
import type { PolicySet } from '../src/policy/policy.ts'
import { loadOrThrow, readPolicies } from '../src/control/genesis.ts'
import { Company, CYCLE_LEAVES, type Lane, type Told } from './world/company.ts'
import { openInstance } from './world/instance.ts'
import { openPlace } from './world/place.ts'

type Measure = { readonly value: number; readonly unit: string; readonly goal?: string; readonly met?: boolean }

const LEAVES = 16_000
const LANES = 32
const GOAL = 20_000

export async function run(): Promise<Record<string, Measure>> {
  await using place = await openPlace()
  await using instance = await openInstance(join(place.path, 'data'))
  const lanes = Array.from({ length: LANES }, (_, n): Lane => ({ repository: `acme/s${n}`, head: undefined, round: 0 }))
  const company = await Company.found(instance, lanes)
  const begun = instance.log.size
  const before: Uint8Array[] = []
  for await (const { leaf } of instance.log.leaves(0, begun)) before.push(Uint8Array.from(leaf))
  while (company.told.length < LEAVES) await Promise.all(lanes.map((lane) => company.release(lane)))
  const policies = loadOrThrow(await readPolicies(instance.options.policyDirectory))
  const told = company.told.toSorted((one, other) => one.written.leafIndex - other.written.leafIndex)
  const first = again(before, told, policies)
  const warm = again(before, told, policies)
  return {
    'replay.leaves': { value: told.length, unit: 'leaves' },
    'replay.first': { value: first.cpu, unit: 'leaves/s' },
    'replay.warm': { value: warm.cpu, unit: 'leaves/s', goal: `>= ${GOAL}`, met: warm.cpu >= GOAL },
    'replay.wall': { value: warm.wall, unit: 'leaves/s' },
    'replay.cycle': { value: Math.round((CYCLE_LEAVES * 1e6) / warm.cpu), unit: 'us' },
  }
}

function again(before: readonly Uint8Array[], told: readonly Told[], policies: PolicySet) {
  const { state, apply } = replay()
  for (const [leafIndex, bytes] of before.entries()) apply(read(bytes), leafIndex)
  const [startedAt, usedBefore] = [performance.now(), process.cpuUsage()]
  for (const { written, claims } of told) {
    const leaf = read(written.bytes)
    const { outcome } = decideAgain(leaf, written.bytes, claims, state, policies)
    if (outcome !== 'same') throw new Error(`leaf ${written.leafIndex} is decided otherwise`)
    apply(leaf, written.leafIndex)
  }
  const { user, system } = process.cpuUsage(usedBefore)
  const rate = (ms: number) => Math.round((told.length * 1000) / ms)
  return { wall: rate(performance.now() - startedAt), cpu: rate((user + system) / 1000) }
}
