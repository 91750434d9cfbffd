/**
 * How long one period of 100,000 leaves (`BENCH_LEAVES`) takes on its way out as a package, and to be checked by whoever was given it;
 * how much memory either adds, and for how long decisions had to wait beside it.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { text } from 'node:stream/consumers'
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

type Watched = {
  readonly seconds: number
  readonly addedMb: number
  readonly delayMs: number
  readonly sizeBytes: number
}

export async function run(): Promise<Record<string, Measure>> {
  await using place = await openPlace()
  const [directory, path] = [join(place.path, 'data'), join(place.path, 'x.csevidence')]
  await inProcess(join(import.meta.dirname, 'start.ts'), 'build', directory)
  const made = JSON.parse(await inProcess(import.meta.filename, 'export', directory, path)) as Watched
  const checked = JSON.parse(await inProcess(import.meta.filename, 'verify', path)) as Watched
  return {
    'package.export': below(made.seconds, GOAL_EXPORT_S, 's'),
    'package.export-memory': below(made.addedMb, GOAL_ADDED_MB, 'MB added'),
    'package.export-delay': below(made.delayMs, GOAL_DELAY_MS, 'ms p99'),
    'package.size': { value: Math.round(made.sizeBytes / 2 ** 20), unit: 'MB' },
    'package.verify': below(checked.seconds, GOAL_CHECK_S, 's'),
    'package.verify-memory': below(checked.addedMb, GOAL_ADDED_MB, 'MB added'),
  }
}

/** A process of its own, as the launcher starts one. That which builds a log ends by killing itself. */
async function inProcess(file: string, ...words: readonly string[]): Promise<string> {
  const env = { ...process.env, MALLOC_ARENA_MAX: '2' }
  const child = spawn(process.execPath, ['--liftoff-only', file, ...words], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [printed] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return printed
}

async function makePackage(directory: string, path: string): Promise<Watched> {
  await using instance = await openInstance(directory)
  const { log, evidence, signer } = instance
  const range = await findRange(ASKED, log)
  if (isRefusal(range)) throw new Error(range.because)
  const source = { log, evidence, signer, witnesses: [], version: 'bench', controls: readControls() }
  const place = { path, evidenceDirectory: join(directory, 'evidence') }
  // As in any server that runs for a while: every stored byte was read once, to see that it is as it was.
  for await (const finding of log.scrubOnce()) throw new Error(finding.problem)
  return await watched(async () => (await exportInThread(source, ASKED, range, place)).sizeBytes)
}

async function checkIt(path: string): Promise<Watched> {
  await using archive = await openPackage(path)
  return await watched(async () => {
    const { report } = await checkPackage(archive, {}, nodeTools)
    if (!report.isGood) throw new Error('the package does not prove itself')
    return archive.size
  })
}

/** With the memory of the process at its highest, over what it was, and how late timers were. */
async function watched(work: () => Promise<number>): Promise<Watched> {
  await setTimeout(500)
  const before = process.memoryUsage.rss()
  let highest = before
  const timer = setInterval(() => (highest = Math.max(highest, process.memoryUsage.rss())), 10)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const start = performance.now()
  try {
    const sizeBytes = await work()
    const seconds = (performance.now() - start) / 1000
    highest = Math.max(highest, process.memoryUsage.rss())
    return { sizeBytes, seconds, addedMb: (highest - before) / 2 ** 20, delayMs: delay.percentile(99) / 1e6 }
  } finally {
    delay.disable()
    clearInterval(timer)
  }
}

function below(value: number, goal: number, unit: string): Measure {
  return { value: Number(value.toFixed(1)), unit, goal: `< ${goal}`, met: value < goal }
}

const [, file, act, ...words] = process.argv
if (file === import.meta.filename) {
  const [first, second] = words as [string, string]
  process.stdout.write(JSON.stringify(await (act === 'export' ? makePackage(first, second) : checkIt(first))))
}
