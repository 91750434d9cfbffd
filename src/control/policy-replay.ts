/** The history of a stored log under other policies; offline, and also beside a running server. */

import { base64 } from '../bytes/text.ts'
import type { Leaf } from '../domain/leaf.ts'
import { PolicyReplay, type PolicyReplayReport } from '../domain/policy-replay.ts'
import type { PolicySet } from '../policy/policy.ts'
import { hashText, leafHash } from '../tlog/hash.ts'
import { Tree } from '../tlog/tree.ts'
import { openPast } from './past.ts'

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
  const past = await openPast(path)
  const size = options.treeSize ?? past.size
  const replay = new PolicyReplay(policies, past.evidence, startOf(options))
  // The root of the whole tree is there anyway.
  const part = size < past.size ? new Tree() : undefined
  for await (const { leafIndex, leaf, bytes, state } of past.moments(size)) {
    part?.push(hashText(leafHash(bytes)))
    await replay.take(leaf, leafIndex, state)
    if (leafIndex % PROGRESS_EVERY === 0) onProgress?.(leafIndex, size)
  }
  return replay.report(base64.encode(part?.root() ?? past.rootHash()))
}

function startOf({ from, sinceAt }: Range): (leaf: Leaf, leafIndex: number) => boolean {
  return (leaf, leafIndex) => leafIndex >= (from ?? 0) && leaf.at >= (sinceAt ?? 0)
}
