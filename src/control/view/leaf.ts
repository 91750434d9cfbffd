/** One leaf, whole: its exact text, the proof that it is in the log, what was disclosed about it, and what stands around it. */

import { utf8 } from '../../bytes/text.ts'
import type { Proof } from '../ledger.ts'
import { factsOf } from './fact.ts'
import { rowOf, trailRow } from './row.ts'
import { noTrace } from './search.ts'
import type { LeafDetail, Row } from './shape.ts'
import type { OpenedLeaf, Sight } from './sight.ts'

const NEIGHBOURS = 10
const ALIKE = 5

/** Undefined beyond the end of the log. Rejects with the store's error when the stored bytes are damaged. */
export async function describeLeaf(
  leafIndex: number,
  size: number,
  prove: (leafIndex: number) => Promise<Proof>,
  sight: Sight,
): Promise<LeafDetail | undefined> {
  if (!Number.isSafeInteger(leafIndex) || leafIndex < 0 || leafIndex >= size) return undefined
  const opened = await sight.archive.open(leafIndex)
  const { treeSize, rootHash, hashes, checkpoint } = await prove(leafIndex)
  const told = trailRow(opened.leaf, leafIndex, sight.state)
  return {
    row: rowOf(told, sight),
    leaf: utf8.decode(opened.bytes),
    disclosures: opened.disclosures.map(({ name, value, text, digest }) => ({ name, value, disclosure: text, digest })),
    proof: { treeSize, rootHash, hashes: [...hashes], checkpoint },
    evidence: await describeEvidence(opened, sight),
    facts: factsOf(opened.leaf, sight),
    neighbours: {
      before: await rowsBetween(leafIndex - NEIGHBOURS, leafIndex, sight),
      after: await rowsBetween(leafIndex + 1, leafIndex + 1 + NEIGHBOURS, sight),
      who: await rowsAlike('who', told.who, leafIndex, sight),
      ...(told.resource && { resource: await rowsAlike('resource', told.resource.id, leafIndex, sight) }),
    },
  }
}

/** A blob that is not there any more has no size. */
async function describeEvidence({ leaf }: OpenedLeaf, { archive }: Sight): Promise<LeafDetail['evidence']> {
  const sizes = await Promise.all(leaf.evidence.map(async ({ digest }) => (await archive.evidence(digest))?.length))
  return leaf.evidence.map(({ kind, digest }, index) => {
    const size = sizes[index]
    return { kind, digest, ...(size !== undefined && { size }) }
  })
}

async function rowsBetween(from: number, to: number, sight: Sight): Promise<Row[]> {
  const indexes = Array.from({ length: to - from }, (_, offset) => from + offset).filter((index) => index >= 0)
  return (await sight.trail.rows(indexes)).map((row) => rowOf(row, sight))
}

/** The nearest leaves of the same principal, or about the same resource; that somebody looked is no act among them. */
async function rowsAlike(
  field: 'who' | 'resource',
  value: string,
  leafIndex: number,
  sight: Sight,
): Promise<{ before: Row[]; after: Row[] }> {
  const alike = { kind: 'test', field, test: { is: value } } as const
  const query = { where: { kind: 'all', of: [alike, noTrace] } } as const
  const rows = async (bounds: { before: number } | { after: number }) =>
    (await sight.trail.page({ query, ...bounds, limit: ALIKE })).rows.map((row) => rowOf(row, sight))
  return { before: (await rows({ before: leafIndex })).toReversed(), after: await rows({ after: leafIndex }) }
}
