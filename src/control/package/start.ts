/** What the leaves before a period fold to. */

import { read } from '../../domain/leaf.ts'
import { formatSnapshot } from '../../domain/snapshot.ts'
import { replay } from '../../domain/state.ts'
import type { FedLeaf } from './feed.ts'

export type Start = { readonly snapshot: Iterable<Uint8Array>; readonly policy: string | undefined }

/** Of leaves from the first on; `policy` is the digest of the policies in force behind them. */
export async function foldBefore(leaves: AsyncIterable<readonly FedLeaf[]>): Promise<Start> {
  const fold = replay()
  for await (const batch of leaves) for (const { leafIndex, leaf } of batch) fold.apply(read(leaf), leafIndex)
  return { snapshot: formatSnapshot(fold.state), policy: fold.state.policy?.digest }
}
