/** How long one period of 100,000 leaves takes on its way out as a package, and to be checked by whoever was given it. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readControls } from '../src/control/package/controls.ts'
import { exportPackage } from '../src/control/package/export.ts'
import { findRange } from '../src/control/package/range.ts'
import { checkPackage } from '../src/domain/package/check.ts'
import { nodeTools } from '../src/domain/package/node-tools.ts'
import { isRefusal } from '../src/evidence/refusal.ts'
import { openInstance } from './world/instance.ts'
import { openPlace } from './world/place.ts'

type Measure = { readonly value: number; readonly unit: string; readonly goal?: string; readonly met?: boolean }

const GOAL_EXPORT_S = 60
const GOAL_CHECK_S = 10
const ASKED = { from: '0', to: '100000', samples: 0, nonce: '' }

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
  const { sizeBytes, pauseMs, seconds } = await timed(() => exportPackage(source, ASKED, range, path))
  const bytes = readFileSync(path)
  const start = performance.now()
  const { report } = await checkPackage(bytes, {}, nodeTools)
  if (!report.isGood) throw new Error('the package does not prove itself')
  const checked = (performance.now() - start) / 1000
  return {
    'package.export': within(seconds, GOAL_EXPORT_S),
    'package.longest-pause': { value: Math.round(pauseMs), unit: 'ms' },
    'package.size': { value: Math.round(sizeBytes / 2 ** 20), unit: 'MB' },
    'package.verify': within(checked, GOAL_CHECK_S),
  }
}

/** With the longest time that nobody else got a turn. */
async function timed<T extends object>(work: () => Promise<T>) {
  const start = performance.now()
  let [last, pauseMs] = [start, 0]
  const timer = setInterval(() => {
    const now = performance.now()
    pauseMs = Math.max(pauseMs, now - last)
    last = now
  }, 1)
  try {
    return { ...(await work()), pauseMs, seconds: (performance.now() - start) / 1000 }
  } finally {
    clearInterval(timer)
  }
}

function within(seconds: number, goal: number): Measure {
  return { value: Number(seconds.toFixed(1)), unit: 's', goal: `< ${goal}`, met: seconds < goal }
}
