/**
 * Exactly what a search finds, oldest first, each leaf as it stands in the log with the proof that it is there. What is exported
 * comes from the leaves; the index only says which.
 */

import { base64, utf8 } from '../../bytes/text.ts'
import { read, type Leaf } from '../../domain/leaf.ts'
import { isProblem, type Query, type QueryProblem } from '../../match/query.ts'
import type { Ledger } from '../ledger.ts'
import { rowOf, trailRow } from './row.ts'
import { understand } from './search.ts'
import type { Row } from './shape.ts'
import type { Sight } from './sight.ts'

export type ExportRequest = {
  readonly q?: string | undefined
  /** Only leaves above this index. */
  readonly after?: number | undefined
  readonly before?: number | undefined
}

/** `hashes`: from the leaf to the root of the export's tree, base64. */
export type ExportedLeaf = {
  readonly leafIndex: number
  readonly leaf: Leaf
  readonly text: string
  readonly hashes: readonly string[]
  readonly row: Row
}

export type Export = {
  readonly origin: string
  readonly total: number
  /** One tree for all of it; leaves that come later are not in it. */
  readonly treeSize: number
  readonly rootHash: string
  readonly checkpoint: string
  /** Rejects when the stored bytes of a leaf are damaged: an export with a hole would pass for whole. */
  readonly leaves: AsyncIterable<ExportedLeaf>
}

export const MAX_EXPORTED = 100_000
const PAGE = 200

/** A problem when the query cannot be read, or finds more than 100,000 leaves. */
export async function exportLeaves(
  request: ExportRequest,
  ledger: Ledger,
  sight: Sight,
): Promise<Export | QueryProblem> {
  const { q = '', after = -1, before = Infinity } = request
  const query = understand(q, sight)
  if (isProblem(query)) return query
  if (query.count) return { at: q.indexOf('|'), problem: 'an export lists leaves; leave out | count by' }
  const { head, origin } = ledger.log
  const bounds = { kind: 'between', field: 'leaf', from: after + 1, to: Math.min(before, head.size) } as const
  const bounded = { where: { kind: 'all', of: [query.where, bounds] } } as const
  const { total } = await sight.trail.search({ query: bounded, limit: 1 })
  if (total > MAX_EXPORTED)
    return {
      at: 0,
      problem: `this finds ${total} leaves, and an export has at most ${MAX_EXPORTED}; ask for a part of the time`,
    }
  const rootHash = base64.encode(head.rootHash)
  const prove = async (leafIndex: number) => (await ledger.prove(leafIndex, head)).hashes
  return {
    ...{ origin, total, treeSize: head.size, rootHash, checkpoint: head.note },
    leaves: leavesOf(bounded, (leafIndex) => ledger.log.leaf(leafIndex), prove, sight),
  }
}

async function* leavesOf(
  query: Query,
  bytesOf: (leafIndex: number) => Promise<Uint8Array>,
  prove: (leafIndex: number) => Promise<readonly string[]>,
  sight: Sight,
): AsyncGenerator<ExportedLeaf> {
  for (let after: number | undefined = -1; after !== undefined;) {
    const page: Awaited<ReturnType<Sight['trail']['page']>> = await sight.trail.page({ query, after, limit: PAGE })
    for (const { leafIndex } of page.rows) {
      const bytes = await bytesOf(leafIndex)
      const leaf = read(bytes)
      const row = await sight.told(() => rowOf(trailRow(leaf, leafIndex, sight.state), sight))
      yield { leafIndex, leaf, text: utf8.decode(bytes), hashes: await prove(leafIndex), row }
    }
    after = page.next
  }
}
