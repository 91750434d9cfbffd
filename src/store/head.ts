/** The latest checkpoint that is durable: what the log commits to right now. */

import { signCheckpoint } from '../tlog/checkpoint.ts'
import type { Digest } from '../bytes/digest.ts'
import type { Signer } from '../tlog/key.ts'
import type { Tree } from '../tlog/tree.ts'

export interface Head {
  readonly size: number
  readonly rootHash: Digest
  /** The signed note, as C2SP tlog-checkpoint spells it. */
  readonly note: string
}

/** Each of the signers signs it: while a key takes over from another, both do. */
export function signHead(origin: string, tree: Tree, signers: readonly Signer[]): Head {
  const [size, rootHash] = [tree.size, tree.root()]
  return { size, rootHash, note: signCheckpoint({ origin, size, rootHash }, ...signers) }
}
