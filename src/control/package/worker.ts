/** The thread in which a package is made: it asks the thread that holds the log for leaves and for the one signature. */

import { parentPort, workerData } from 'node:worker_threads'
import { StoreError } from '../../store/error.ts'
import { openEvidence } from '../../store/evidence.ts'
import { exportPackage } from './export.ts'
import type { Feed, FedLeaf } from './feed.ts'
import { BATCH, unpack, type Answer, type Asked, type PackedLeaves, type Task, type Told } from './message.ts'

const port = parentPort!
const { order, path, evidenceDirectory } = workerData as Task
const waiting = new Map<number, PromiseWithResolvers<Answer>>()
let count = 0

port.on('message', (answer: Answer) => {
  waiting.get(answer.id)?.resolve(answer)
  waiting.delete(answer.id)
})

type Question<T> = T extends Asked ? Omit<T, 'id'> : never

async function ask(question: Question<Asked>, transfer: ArrayBuffer[] = []): Promise<Answer> {
  const answered = Promise.withResolvers<Answer>()
  const id = (count += 1)
  waiting.set(id, answered)
  port.postMessage({ id, ...question }, transfer)
  const answer = await answered.promise
  if ('error' in answer) throw new Error(answer.error)
  return answer
}

async function readBatch(from: number, to: number, used?: ArrayBuffer): Promise<PackedLeaves> {
  const answer = await ask({ ask: 'leaves', from, to, used }, used && [used])
  if ('leaves' in answer) return answer.leaves
  throw new Error('the log answered something else')
}

/** The next batch is on its way while one is worked on; a batch is good until the next is asked for. */
async function* leaves(from: number, to: number): AsyncGenerator<FedLeaf[]> {
  let used: ArrayBuffer | undefined
  const begin = (first: number) => (first < to ? readBatch(first, Math.min(to, first + BATCH), used) : undefined)
  let next = begin(from)
  for (let first = from; next; first += BATCH) {
    const batch = await next
    next = begin(first + BATCH)
    // Its failure is met when it is awaited.
    next?.catch(() => undefined)
    yield unpack(batch)
    used = batch.bytes.buffer
  }
}

async function sign(statement: Uint8Array): Promise<Uint8Array> {
  const answer = await ask({ ask: 'sign', statement })
  if ('envelope' in answer) return answer.envelope
  throw new Error('the log answered something else')
}

async function run(): Promise<Told> {
  try {
    const evidence = await openEvidence(evidenceDirectory)
    const feed: Feed = { leaves, sign, blob: (digest) => evidence.get(digest) }
    return { tell: 'written', written: await exportPackage(order, feed, path) }
  } catch (error) {
    const code = error instanceof StoreError ? error.code : undefined
    return { tell: 'failed', code, message: error instanceof Error ? error.message : 'unknown' }
  }
}

port.postMessage(await run())
port.close()
