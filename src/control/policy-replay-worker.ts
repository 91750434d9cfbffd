/** The thread in which history is asked again: it reads the stored log by itself, and changes nothing. */

import { parentPort, workerData } from 'node:worker_threads'
import { formatProblem, loadPolicies } from '../policy/policy.ts'
import { StoreError } from '../store/error.ts'
import { replayPolicies } from './policy-replay.ts'
import type { ReplayTask, ReplayTold } from './policy-replay-thread.ts'

const { path, files, range } = workerData as ReplayTask

async function run(): Promise<ReplayTold> {
  try {
    const policies = loadPolicies(files)
    if (Array.isArray(policies)) return { code: undefined, message: policies.map(formatProblem).join('; ') }
    return { report: await replayPolicies(policies, { path, ...range }) }
  } catch (error) {
    const code = error instanceof StoreError ? error.code : undefined
    return { code, message: error instanceof Error ? error.message : 'unknown' }
  }
}

parentPort!.postMessage(await run())
