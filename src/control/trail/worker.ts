/** The thread of the index: it opens the trail's file, and ends when it is told to. */

import { parentPort, workerData } from 'node:worker_threads'
import { openTrail, type TrailOptions } from '../../index/trail.ts'
import { Indexer } from './indexer.ts'
import type { FromIndex, ToIndex } from './word.ts'

const port = parentPort
if (!port) throw new Error('this is the beginning of a thread, not of a program')

const say = (message: FromIndex) => {
  port.postMessage(message)
  if (message.type === 'closed') port.close()
}
const indexer = new Indexer(openTrail(workerData as TrailOptions), say)
port.on('message', (message: ToIndex) => indexer.hear(message))
