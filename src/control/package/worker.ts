/** The thread in which a package is made: it asks the thread that holds the log for leaves and for the one signature. */

import { parentPort, workerData } from 'node:worker_threads'
import { StoreError } from '../../store/error.ts'
import { openEvidence } from '../../store/evidence.ts'
import { exportPackage } from './export.ts'
import { BATCH, type Feed, type FedLeaf } from './feed.ts'
import { unpack, type Answer, type Asked, type Task, type Told } from './message.ts'

const port = parentPort!
const { order, path, evidenceDirectory } = workerData as Task
const waiting = new Map<number, PromiseWithResolvers<Answer>>()
let count = 0

port.on('message', (answer: Answer) => {
  waiting.get(answer.id)?.resolve(answer)
  waiting.delete(answer.id)
})

type Question<T> = T extends Asked ? Omit<T, 'id'> : never

async function ask(question: Question<Asked>): Promise<Answer> {
  const answered = Promise.withResolvers<Answer>()
  const id = (count += 1)
  waiting.set(id, answered)
  port.postMessage({ id, ...question })
  const answer = await answered.promise
  if ('error' in answer) throw new Error(answer.error)
  return answer
}

async function readBatch(from: number, to: number): Promise<FedLeaf[]> {
  const answer = await ask({ ask: 'leaves', from, to })
  return 'leaves' in answer ? unpack(answer.leaves) : []
}

/** The next batch is on its way while one is worked on. */
async function* leaves(from: number, to: number): AsyncGenerator<FedLeaf[]> {
  const begin = (first: number) => (first < to ? readBatch(first, Math.min(to, first + BATCH)) : undefined)
  let next = begin(from)
  for (let first = from; next; first += BATCH) {
    const batch = await next
    next = begin(first + BATCH)
    // Its failure is met when it is awaited.
    next?.catch(() => undefined)
    yield batch
  }
}

async function sign(bytes: Uint8Array): Promise<Uint8Array> {
  const answer = await ask({ ask: 'sign', bytes })
  return 'signature' in answer ? answer.signature : new Uint8Array(0)
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
