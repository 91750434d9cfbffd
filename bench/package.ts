/**
 * How long one period of 100,000 leaves (`BENCH_LEAVES`) takes on its way out as a package, and to be checked by whoever was given it;
 * how much memory either adds, and for how long decisions had to wait beside it.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { readControls } from '../src/control/package/controls.ts'
import { findRange } from '../src/control/package/range.ts'
import { exportInThread } from '../src/control/package/thread.ts'
import { checkPackage } from '../src/domain/package/check.ts'
import { nodeTools } from '../src/domain/package/node-tools.ts'
import { isRefusal } from '../src/evidence/refusal.ts'
import { openPackage } from '../src/store/package.ts'
import { openInstance } from './world/instance.ts'
import { openPlace } from './world/place.ts'

type Measure = { readonly value: number; readonly unit: string; readonly goal?: string; readonly met?: boolean }

const LEAVES = Number(process.env['BENCH_LEAVES'] ?? 100_000)
const GOAL_EXPORT_S = (60 * LEAVES) / 100_000
const GOAL_CHECK_S = (10 * LEAVES) / 100_000
const GOAL_ADDED_MB = 80
const GOAL_DELAY_MS = 20
const ASKED = { from: '0', to: String(LEAVES), samples: 25, nonce: 'bench' }

export async function run(): Promise<Record<string, Measure>> {
  await using place = await openPlace()
  const directory = join(place.path, 'data')
  // It ends by killing itself, as that benchmark has it.
  await once(spawn(process.execPath, [join(import.meta.dirname, 'start.ts'), 'build', directory]), 'exit')
  await using instance = await openInstance(directory)
  const { log, evidence, signer } = instance
  const range = await findRange(ASKED, log)
  if (isRefusal(range)) throw new Error(range.because)
  const source = { log, evidence, signer, witnesses: [], version: 'bench', controls: readControls() }
  const path = join(place.path, 'x.csevidence')
  const to = { path, evidenceDirectory: join(directory, 'evidence') }
  const made = await watched(() => exportInThread(source, ASKED, range, to))
  await using archive = await openPackage(path)
  const checked = await watched(() => checkPackage(archive, {}, nodeTools))
  if (!checked.result.report.isGood) throw new Error('the package does not prove itself')
  return {
    'package.export': below(made.seconds, GOAL_EXPORT_S, 's'),
    'package.export-memory': below(made.addedMb, GOAL_ADDED_MB, 'MB added'),
    'package.export-delay': below(made.delayMs, GOAL_DELAY_MS, 'ms p99'),
    'package.size': { value: Math.round(made.result.sizeBytes / 2 ** 20), unit: 'MB' },
    'package.verify': below(checked.seconds, GOAL_CHECK_S, 's'),
    'package.verify-memory': below(checked.addedMb, GOAL_ADDED_MB, 'MB added'),
  }
}

/** With the memory of the process at its highest, over what it was, and how late timers were. */
async function watched<T>(work: () => Promise<T>) {
  await setTimeout(500)
  const before = process.memoryUsage.rss()
  let highest = before
  const timer = setInterval(() => (highest = Math.max(highest, process.memoryUsage.rss())), 10)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const start = performance.now()
  try {
    const result = await work()
    const seconds = (performance.now() - start) / 1000
    highest = Math.max(highest, process.memoryUsage.rss())
    return { result, seconds, addedMb: (highest - before) / 2 ** 20, delayMs: delay.percentile(99) / 1e6 }
  } finally {
    delay.disable()
    clearInterval(timer)
  }
}

function below(value: number, goal: number, unit: string): Measure {
  return { value: Number(value.toFixed(1)), unit, goal: `< ${goal}`, met: value < goal }
}
