/** The index in the thread of the test, over a trail that it can look into, by the very messages that go to a thread of its own. */

import { MessageChannel } from 'node:worker_threads'
import { Indexer } from '../../src/control/trail/indexer.ts'
import { Indexing, type IndexingOptions } from '../../src/control/trail/indexing.ts'
import { transferOf, type StartLink } from '../../src/control/trail/link.ts'
import type { FromIndex, ToIndex } from '../../src/control/trail/word.ts'
import type { Trail } from '../../src/index/trail.ts'

export function localLink(trail: Trail): StartLink {
  return ({ hear, end }) => {
    const { port1, port2 } = new MessageChannel()
    const say = (message: FromIndex) => port2.postMessage(message)
    port1.on('message', hear).on('close', () => end('it was closed'))
    const indexer = new Indexer(trail, say)
    port2.on('message', (message: ToIndex) => indexer.hear(message))
    for (const port of [port1, port2]) port.unref()
    return {
      post: (message) => port1.postMessage(message, transferOf(message)),
      cut: async () => port1.close(),
    }
  }
}

/** Indexes into that trail from now on, and closes it at its own end. */
export function indexInto(
  trail: Trail,
  ledger: IndexingOptions['ledger'],
  clock: () => number,
  reports: string[] = [],
): Indexing {
  const report = (sentence: string) => void reports.push(sentence)
  const indexing = new Indexing({ ledger, start: localLink(trail), clock, report })
  indexing.start()
  return indexing
}
