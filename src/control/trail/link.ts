/** The way to the index: into a thread of its own, where nothing it does can hold up a decision. */

import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { TrailOptions } from '../../index/trail.ts'
import type { FromIndex, ToIndex } from './word.ts'

export type Listener = {
  readonly hear: (message: FromIndex) => void
  /** Once, with why nothing will be heard any more. */
  readonly end: (reason: string) => void
}

export interface Link {
  post(message: ToIndex): void
  /** Ends it at once, whatever it does; resolves when it is gone, and `end` was called. */
  cut(): Promise<void>
}

/** Messages are heard in a later turn of the event loop, never before it returns. */
export type StartLink = (listener: Listener) => Link

/** What rows, answers and the parser may take; SQLite's own memory is beside it. */
const LIMITS = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 }

export function workerLink(options: TrailOptions): StartLink {
  return ({ hear, end }) => {
    const entry = new URL(`./worker${extname(import.meta.filename)}`, import.meta.url)
    const worker = new Worker(entry, { workerData: options, resourceLimits: LIMITS, execArgv: [], name: 'trail' })
    let reason: string | undefined
    worker.on('message', hear)
    worker.on('error', (error: Error) => (reason = error.message))
    worker.on('exit', (code) => end(reason ?? `its thread ended with ${code}`))
    return {
      post: (message) => worker.postMessage(message, transferOf(message)),
      cut: async () => void (await worker.terminate()),
    }
  }
}

/** Memory that changes hands with a message. */
export function transferOf(message: ToIndex): ArrayBuffer[] {
  return message.type === 'batch' ? [message.batch.buffer] : []
}
