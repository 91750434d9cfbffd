/** What was true once: each leaf of a stored log with the state before it, folded by the function that live traffic uses. */

import type { Digest } from '../bytes/digest.ts'
import { reread, type Leaf } from '../domain/leaf.ts'
import { replay, type State } from '../domain/state.ts'
import { StoreError } from '../store/error.ts'
import { openEvidence, type EvidenceStore } from '../store/evidence.ts'
import { locateLog } from '../store/stored.ts'
import { openSource } from './verification-source.ts'

/** `state` is what the leaves before fold to; it is good until the next moment is asked for. */
export type Moment = {
  readonly leafIndex: number
  readonly leaf: Leaf
  readonly bytes: Uint8Array
  readonly state: State
}

export type Past = {
  readonly size: number
  readonly evidence: EvidenceStore
  /** Of the whole tree, once all moments were asked for. */
  rootHash(): Digest
  /** Leaf by leaf up to `size`; rejects with a StoreError `damaged` when they are not those that were signed. */
  moments(size?: number): AsyncGenerator<Moment>
}

/** A data directory, or a log directory with the evidence beside it; nothing is changed and no lock taken. Else a StoreError `absent`. */
export async function openPast(path: string): Promise<Past> {
  const log = await locateLog(path)
  if (log.evidenceDirectory === undefined)
    throw new StoreError('absent', `${path} has no evidence, and so no policies of the time`)
  const problems: string[] = []
  const { tree, signed } = await openSource(log, ({ problem }) => void problems.push(problem))
  async function* moments(size = tree.endSize): AsyncGenerator<Moment> {
    if (size > tree.endSize) throw new StoreError('absent', `the log has ${tree.endSize} leaves, not ${size}`)
    const fold = replay()
    for await (const { leafIndex, stored } of tree.leaves()) {
      if (!stored) throw new StoreError('damaged', `leaf ${leafIndex} was changed on the disk: countersign restore`)
      // The tree is read to its end: only there it can be held against what was signed.
      if (leafIndex >= size) continue
      const leaf = parse(stored.bytes, leafIndex)
      yield { leafIndex, leaf, bytes: stored.bytes, state: fold.state }
      fold.apply(leaf, leafIndex)
    }
    tree.compareRoots(signed)
    if (problems.length > 0) throw new StoreError('damaged', problems[0]!)
  }
  const evidence = await openEvidence(log.evidenceDirectory)
  return { size: tree.endSize, evidence, moments, rootHash: () => tree.rootHash }
}

/** Nothing is decided by it: whether these are the leaves that were checked once and signed, the end of the tree says. */
function parse(bytes: Uint8Array, leafIndex: number): Leaf {
  try {
    return reread(bytes)
  } catch {
    throw new StoreError('damaged', `leaf ${leafIndex} was changed on the disk: countersign restore`)
  }
}

/** The state that the leaves before `leafIndex` fold to. Memory is that of such a state; time is that of so many leaves. */
export async function stateAt(path: string, leafIndex: number): Promise<State> {
  const past = await openPast(path)
  let found: State | undefined
  for await (const { state } of past.moments(leafIndex)) found = state
  return found ?? replay().state
}
