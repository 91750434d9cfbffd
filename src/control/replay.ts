/** Every decision of a stored log, decided again; offline, and also beside a running server. */

import { Replayer, type Blobs, type ReplayReport } from '../domain/replayer.ts'
import { openEvidence } from '../store/evidence.ts'
import { locateLog } from '../store/stored.ts'
import { openSource } from './verification-source.ts'

export interface ReplayOptions {
  /** A data directory, or a log directory with the evidence beside it. */
  readonly path: string
  /** Leaves before this one are folded and not decided again. */
  readonly from?: number
  readonly onProgress?: (done: number, total: number) => void
}

/** Changes nothing and takes no lock. A StoreError `absent` when there is no log. */
export async function replayLog({ path, from = 0, onProgress }: ReplayOptions): Promise<ReplayReport> {
  const log = await locateLog(path)
  const problems: string[] = []
  const { origin, tree, signed } = await openSource(log, ({ problem }) => void problems.push(problem))
  const evidence = log.evidenceDirectory === undefined ? nothing : await openEvidence(log.evidenceDirectory)
  const replayer = new Replayer(origin, evidence, from)
  for await (const { leafIndex, stored } of tree.leaves()) {
    // Behind a leaf that is not known, nobody knows the state.
    if (!(stored ? await replayer.take(stored.bytes, leafIndex) : replayer.miss(leafIndex))) break
    onProgress?.(leafIndex + 1, tree.endSize)
  }
  problems.length = 0
  tree.compareRoots(signed)
  const unsigned = problems.map((because) => ({ leafIndex: Math.max(0, tree.size - 1), because }))
  const { same, different, withheld, seen } = replayer
  return { origin, treeSize: tree.endSize, from, leaves: seen, same, different: [...different, ...unsigned], withheld }
}

const nothing: Blobs = { get: () => Promise.resolve(undefined) }
