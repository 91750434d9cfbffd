/**
 * What the log folded to at some size, in pieces: believed only if this log signed it.
 *
 *     log.example/snapshot                             origin, so that no checkpoint can pass for it
 *     20852163                                         leaves folded into it
 *     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=     SHA-256 over the SHA-256 of each piece
 *
 *     — log.example Az3grl...
 */

import { hash } from 'node:crypto'
import { equal } from '../bytes/digest.ts'
import { openCheckpoint, signCheckpoint } from '../tlog/checkpoint.ts'
import type { Signer, VerifierKey } from '../tlog/key.ts'

export interface Snapshot {
  /** Leaves that are folded into it. */
  readonly size: number
  readonly bytes: Uint8Array
}

export interface SnapshotKeys {
  /** Of the log. */
  readonly origin: string
  /** The log's. */
  readonly signer: Signer
  readonly formerKeys?: readonly VerifierKey[]
}

export function digestPiece(piece: Uint8Array): Uint8Array {
  return hash('sha256', piece, 'buffer')
}

export function signSnapshot(size: number, digests: readonly Uint8Array[], { origin, signer }: SnapshotKeys): string {
  return signCheckpoint({ origin: originOf(origin), size, rootHash: rootOf(digests) }, signer)
}

/** How many leaves are folded into these pieces. Throws when this log did not sign these very pieces. */
export function openSnapshot(note: string, pieces: readonly Uint8Array[], keys: SnapshotKeys): number {
  const { origin, signer, formerKeys = [] } = keys
  const { size, rootHash } = openCheckpoint(Buffer.from(note), originOf(origin), [signer.key, ...formerKeys])
  if (!equal(rootHash, rootOf(pieces.map(digestPiece)))) throw new Error('the snapshot is not the one that was signed')
  return size
}

function rootOf(digests: readonly Uint8Array[]): Uint8Array {
  return digestPiece(Buffer.concat(digests))
}

function originOf(origin: string): string {
  return `${origin}/snapshot`
}
