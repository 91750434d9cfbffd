/**
 * A package is made in a thread of its own, with memory of its own that has an end: decisions go on beside it. This thread reads
 * leaves for it, and signs; the private key stays here.
 */

import { rm } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import type { Asked as Period } from '../../domain/package/manifest.ts'
import { StoreError } from '../../store/error.ts'
import type { Written } from '../../store/package.ts'
import { orderOf, readBatch, signStatement, type ExportSource } from './feed.ts'
import { pack, type Answer, type Asked, type Task, type Told } from './message.ts'
import type { LeafRange } from './range.ts'

/** What two million leaves take on a slow machine, twice. */
const DEADLINE_MS = 15 * 60_000
const MEMORY = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 4 }

export type Place = { readonly path: string; readonly evidenceDirectory: string }

/**
 * Writes the package to `path`, which must not be there yet. Rejects with a StoreError when it does not fit, the disk fails, it takes
 * too long, or `signal` says that nobody waits for it; then nothing of it is left.
 */
export async function exportInThread(
  source: ExportSource,
  asked: Period,
  range: LeafRange,
  { path, evidenceDirectory }: Place,
  signal?: AbortSignal,
): Promise<Written> {
  const task: Task = { order: await orderOf(source, asked, range), path, evidenceDirectory }
  const worker = new Worker(new URL(`./worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url), {
    workerData: task,
    resourceLimits: MEMORY,
    execArgv: [],
  })
  const ended = AbortSignal.any([AbortSignal.timeout(DEADLINE_MS), ...(signal ? [signal] : [])])
  try {
    return await attend(worker, source, ended)
  } catch (error) {
    await worker.terminate()
    for (const part of [path, `${path}.parts`]) await rm(part, { force: true })
    throw error
  }
}

/** Answers the thread until it has said how it ended. */
async function attend(worker: Worker, source: ExportSource, ended: AbortSignal): Promise<Written> {
  const told = Promise.withResolvers<Told>()
  worker.on('message', (message: Asked | Told) => {
    if ('tell' in message) told.resolve(message)
    else void reply(worker, source, message)
  })
  worker.on('error', (error) => told.reject(failureOf(error)))
  worker.on('exit', () => told.reject(new StoreError('closed', 'the package was not finished')))
  const leave = () => told.reject(new StoreError('closed', 'nobody waits for the package any more'))
  ended.addEventListener('abort', leave)
  if (ended.aborted) leave()
  const result = await told.promise
  if (result.tell === 'written') return result.written
  throw result.code ? new StoreError(result.code, result.message) : new Error(result.message)
}

async function reply(worker: Worker, source: ExportSource, asked: Asked): Promise<void> {
  const { id } = asked
  try {
    if (asked.ask === 'sign') return send(worker, { id, envelope: signStatement(asked.statement, source.signer) })
    const leaves = pack(asked.from, await readBatch(source.log, asked.from, asked.to), asked.used)
    send(worker, { id, leaves }, [leaves.bytes.buffer, leaves.lengths.buffer])
  } catch (error) {
    send(worker, { id, error: error instanceof Error ? error.message : 'the log cannot be read' })
  }
}

function send(worker: Worker, answer: Answer, transfer: ArrayBuffer[] = []): void {
  worker.postMessage(answer, transfer)
}

function failureOf(error: unknown): Error {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY')
    return new StoreError('size', 'the package needs more memory than one may have; choose a shorter period')
  return error instanceof Error ? error : new Error('the package was not finished')
}
