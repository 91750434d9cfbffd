/** The history of a stored log under other policies; offline, and also beside a running server. It changes nothing and takes no lock. */

import { base64 } from '../bytes/text.ts'
import { read, type Leaf } from '../domain/leaf.ts'
import { PolicyReplay, type PolicyReplayReport } from '../domain/policy-replay.ts'
import type { PolicySet } from '../policy/policy.ts'
import { StoreError } from '../store/error.ts'
import { openEvidence } from '../store/evidence.ts'
import { locateLog } from '../store/stored.ts'
import { hashText, leafHash } from '../tlog/hash.ts'
import { Tree } from '../tlog/tree.ts'
import { openSource } from './verification-source.ts'

/** From a leaf on, or from a moment on (ms); up to a tree of `treeSize` leaves, else the newest. */
export type Range = { readonly from?: number; readonly sinceAt?: number; readonly treeSize?: number }

export type PolicyReplayOptions = Range & {
  /** A data directory, or a log directory with the evidence beside it. */
  readonly path: string
  readonly onProgress?: (done: number, total: number) => void
}

const PROGRESS_EVERY = 1_000

/** A StoreError `absent` when there is no log or no evidence, `damaged` when the leaves are not those that were signed. */
export async function replayPolicies(policies: PolicySet, options: PolicyReplayOptions): Promise<PolicyReplayReport> {
  const { path, onProgress } = options
  const log = await locateLog(path)
  const problems: string[] = []
  const { tree, signed } = await openSource(log, ({ problem }) => void problems.push(problem))
  if (log.evidenceDirectory === undefined)
    throw new StoreError('absent', `${path} has no evidence, and so no policies of the time`)
  const size = options.treeSize ?? tree.endSize
  if (size > tree.endSize) throw new StoreError('absent', `the log has ${tree.endSize} leaves, not ${size}`)
  const replay = new PolicyReplay(policies, await openEvidence(log.evidenceDirectory), startOf(options))
  const hashes = new Tree()
  for await (const { leafIndex, stored } of tree.leaves()) {
    if (!stored) throw new StoreError('damaged', `leaf ${leafIndex} was changed on the disk: countersign restore`)
    if (leafIndex < size) {
      hashes.push(hashText(leafHash(stored.bytes)))
      await replay.take(read(stored.bytes), leafIndex)
    }
    if (leafIndex % PROGRESS_EVERY === 0) onProgress?.(leafIndex, size)
  }
  tree.compareRoots(signed)
  if (problems.length > 0) throw new StoreError('damaged', problems[0]!)
  return replay.report(base64.encode(hashes.root()))
}

function startOf({ from, sinceAt }: Range): (leaf: Leaf, leafIndex: number) => boolean {
  return (leaf, leafIndex) => leafIndex >= (from ?? 0) && leaf.at >= (sinceAt ?? 0)
}
