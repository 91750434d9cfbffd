/** The proofs of a package: what stands before its leaves, beside them, and how the signed tree goes on behind them. */

import { base64, utf8 } from '../../bytes/text.ts'
import type { Edge, Proof } from '../../domain/package/layout.ts'
import { spansOf } from '../../domain/package/tree.ts'
import type { Log } from '../../store/log.ts'
import type { Stamps } from '../../store/stamps.ts'
import { verifyCosignatures } from '../../tlog/cosignature.ts'
import { openCheckpoint } from '../../tlog/checkpoint.ts'
import { leafHash, nodeHash } from '../../tlog/hash.ts'
import { formatKey, type Signer, type VerifierKey } from '../../tlog/key.ts'
import { attempt } from '../../evidence/refusal.ts'
import type { LeafRange } from './range.ts'

export type Closing = {
  readonly note: string
  readonly size: number
  readonly rootHash: Uint8Array
  readonly witnesses: readonly string[]
  /** A time stamp over the note, where there is one. */
  readonly stamp?: Uint8Array
}

/** The latest checkpoint that witnesses cosigned, when it is behind the range and signed with the present key; else the latest. */
export function closingOf(log: Log, { to }: LeafRange, { key }: Signer, witnesses: readonly VerifierKey[]): Closing {
  const { cosigned, head, origin } = log
  const opened = cosigned === undefined ? undefined : attempt(() => openCheckpoint(cosigned, origin, [key]))
  if (!cosigned || !opened || opened.size < to) return { ...head, witnesses: [] }
  const seen = witnesses.filter((witness) => attempt(() => verifyCosignatures(opened.note, [witness])) !== undefined)
  return { note: cosigned, size: opened.size, rootHash: opened.rootHash, witnesses: seen.map(formatKey) }
}

/**
 * The oldest stamped checkpoint behind the range, signed with the present key, that at least as many witnesses cosigned as the one given;
 * else that one. The older the stamp, the more it says.
 */
export async function stampedClosing(
  closing: Closing,
  stamps: Pick<Stamps, 'sizes' | 'read'>,
  { to }: LeafRange,
  { key }: Signer,
  witnesses: readonly VerifierKey[],
): Promise<Closing> {
  for (const size of (await stamps.sizes()).filter((each) => each >= to && each <= closing.size)) {
    const kept = await stamps.read(size)
    const note = kept && Buffer.from(kept.checkpoint).toString()
    const opened = note === undefined ? undefined : attempt(() => openCheckpoint(note, key.name, [key]))
    if (!kept || note === undefined || opened?.size !== size) continue
    const seen = witnesses.filter((witness) => attempt(() => verifyCosignatures(opened.note, [witness])) !== undefined)
    if (seen.length < closing.witnesses.length) continue
    return { note, size, rootHash: opened.rootHash, witnesses: seen.map(formatKey), stamp: kept.reply }
  }
  return closing
}

export async function proveRange(log: Log, { from, to }: LeafRange, { size }: Closing): Promise<Proof> {
  const edges = [...(from > 0 ? [from - 1] : []), ...(to < size ? [to] : [])]
  return {
    before: (await rootsBefore(log, from)).map(base64.encode),
    consistency: (await log.consistencyProof(to, size)).map(base64.encode),
    edges: await Promise.all(edges.map((leafIndex) => edgeOf(log, leafIndex, size))),
  }
}

async function edgeOf(log: Log, leafIndex: number, size: number): Promise<Edge> {
  const hashes = await log.inclusionProof(leafIndex, size)
  return { leafIndex, leaf: utf8.decode(await log.leaf(leafIndex)), hashes: hashes.map(base64.encode) }
}

/**
 * Roots of the full subtrees over the first `size` leaves, largest first. The path of the last leaf has them all: first its
 * siblings in the smallest subtree, then the larger subtrees, nearest first.
 */
async function rootsBefore(log: Log, size: number): Promise<Uint8Array[]> {
  if (size === 0) return []
  const path = await log.inclusionProof(size - 1, size)
  const inside = Math.log2(spansOf(size).at(-1)!)
  const smallest = path
    .slice(0, inside)
    .reduce<Uint8Array>((hash, left) => nodeHash(left, hash), leafHash(await log.leaf(size - 1)))
  return [...path.slice(inside).reverse(), smallest]
}
