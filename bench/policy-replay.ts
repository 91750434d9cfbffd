/**
 * Leaves a second of a stored log under other policies: read from the disk, hashed, folded, and each question asked again with the facts
 * of its time. Of processor time, since other programs may run beside it; `policy-replay.wall` is by the clock on the wall.
 */

import { join } from 'node:path'
import { loadOrThrow, readPolicies } from '../src/control/genesis.ts'
import { replayPolicies } from '../src/control/policy-replay.ts'
import { Company, type Lane } from './world/company.ts'
import { openInstance } from './world/instance.ts'
import { openPlace } from './world/place.ts'

type Measure = { readonly value: number; readonly unit: string; readonly goal?: string; readonly met?: boolean }

const LEAVES = 16_000
const LANES = 32
const GOAL = 20_000
const CHANGE = '@id("nobody-approves")\nforbid (principal, action == Countersign::Action::"approve", resource);\n'

export async function run(): Promise<Record<string, Measure>> {
  await using place = await openPlace()
  const path = join(place.path, 'data')
  await using instance = await openInstance(path)
  const lanes = Array.from({ length: LANES }, (_, n): Lane => ({ repository: `acme/s${n}`, head: undefined, round: 0 }))
  const company = await Company.found(instance, lanes)
  while (company.told.length < LEAVES) await Promise.all(lanes.map((lane) => company.release(lane)))
  const files = await readPolicies(instance.options.policyDirectory)
  const changed = loadOrThrow({ ...files, 'more.cedar': CHANGE })
  await replayPolicies(changed, { path })
  const cpu = process.cpuUsage()
  const started = performance.now()
  const { treeSize, newlyRefused, unknown } = await replayPolicies(changed, { path })
  const wall = Math.round((treeSize * 1_000) / (performance.now() - started))
  const { user, system } = process.cpuUsage(cpu)
  const rate = Math.round((treeSize * 1_000_000) / (user + system))
  return {
    'policy-replay.cpu': { value: rate, unit: 'leaves/s', goal: `>= ${GOAL}`, met: rate >= GOAL },
    'policy-replay.wall': { value: wall, unit: 'leaves/s' },
    'policy-replay.refused': { value: newlyRefused, unit: 'decisions' },
    'policy-replay.unknown': { value: unknown, unit: 'decisions', goal: '0', met: unknown === 0 },
  }
}
