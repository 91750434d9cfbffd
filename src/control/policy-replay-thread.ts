/**
 * History is asked again in a thread of its own, with memory of its own that has an end: decisions go on beside it. One at a time;
 * whoever comes meanwhile is told so.
 */

import { Worker } from 'node:worker_threads'
import type { PolicyReplayReport } from '../domain/policy-replay.ts'
import type { PolicyFiles } from '../policy/policy.ts'
import { StoreError, type StoreErrorCode } from '../store/error.ts'
import type { Range } from './policy-replay.ts'

export type ReplayTask = { readonly path: string; readonly files: PolicyFiles; readonly range: Range }
export type ReplayTold =
  | { readonly report: PolicyReplayReport }
  | { readonly code: StoreErrorCode | undefined; readonly message: string }

/** What two million leaves take on a slow machine. */
const DEADLINE_MS = 5 * 60_000
const MEMORY = { maxOldGenerationSizeMb: 1_024, maxYoungGenerationSizeMb: 16 }

export class PolicyReplays {
  readonly #path: string
  #isBusy = false

  /** `path` is the data directory of the instance. */
  constructor(path: string) {
    this.#path = path
  }

  /** Rejects with a StoreError when another one is under way, the log cannot be read, or it takes too long. */
  async ask(files: PolicyFiles, range: Range): Promise<PolicyReplayReport> {
    if (this.#isBusy) throw new StoreError('busy', 'history is asked for somebody else just now; try again in a minute')
    this.#isBusy = true
    try {
      return await inThread({ path: this.#path, files, range })
    } finally {
      this.#isBusy = false
    }
  }
}

async function inThread(task: ReplayTask): Promise<PolicyReplayReport> {
  const file = `./policy-replay-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`
  const worker = new Worker(new URL(file, import.meta.url), { workerData: task, resourceLimits: MEMORY, execArgv: [] })
  const told = Promise.withResolvers<ReplayTold>()
  const late = () => told.reject(new StoreError('busy', 'asking all of history takes too long; choose fewer days'))
  const timer = setTimeout(late, DEADLINE_MS)
  worker.on('message', told.resolve)
  worker.on('error', (error: Error) =>
    told.reject(new StoreError('closed', `history could not be asked: ${error.message}`)),
  )
  worker.on('exit', () => told.reject(new StoreError('closed', 'history was not asked to its end')))
  try {
    const answer = await told.promise
    if ('report' in answer) return answer.report
    throw new StoreError(answer.code ?? 'closed', answer.message)
  } finally {
    clearTimeout(timer)
    await worker.terminate()
  }
}
