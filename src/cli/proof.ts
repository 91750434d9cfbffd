/** A receipt is believed only after its proof: the leaf is in the tree, the tree is the checkpoint's, the checkpoint is the log's. */

import { base64, utf8 } from '../bytes/text.ts'
import { openCheckpoint } from '../tlog/checkpoint.ts'
import { TlogError } from '../tlog/error.ts'
import { leafHash } from '../tlog/hash.ts'
import { parseKey } from '../tlog/key.ts'
import { verifyInclusion } from '../tlog/verify.ts'
import { equal } from '../bytes/digest.ts'
import type { Proof, Receipt } from './contract.ts'
import { Failure } from './failure.ts'

/** The log as this machine knows it. */
export interface LogPin {
  readonly origin: string
  /** vkey of the log: `origin+id+key`. */
  readonly logKey: string
}

export interface Head {
  readonly treeSize: number
  /** Base64. */
  readonly rootHash: string
}

/** Throws a Failure `unverified` that says which step of the proof does not hold; the head it commits to otherwise. */
export function verifyProof(leaf: string, index: number, proof: Proof, pin: LogPin): Head {
  const rootHash = verifyCheckpoint(proof.checkpoint, pin, proof)
  const siblings = proof.hashes.map((hash) => base64.decode(hash))
  if (!verifyInclusion(index, proof.treeSize, leafHash(utf8.encode(leaf)), siblings, rootHash)) {
    throw unverified('proof_wrong', `the proof does not lead from leaf ${index} to the root of the signed checkpoint`)
  }
  return { treeSize: proof.treeSize, rootHash: proof.rootHash }
}

function verifyCheckpoint(note: string, { origin, logKey }: LogPin, { treeSize, rootHash }: Head): Uint8Array {
  const checkpoint = openPinned(note, origin, logKey)
  const claimed = base64.decode(rootHash)
  if (checkpoint.size !== treeSize || !equal(checkpoint.rootHash, claimed)) {
    throw unverified('checkpoint_mismatch', 'the signed checkpoint is of another tree than the proof')
  }
  return claimed
}

function openPinned(note: string, origin: string, logKey: string) {
  try {
    return openCheckpoint(note, origin, [parseKey(logKey)])
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    throw keyFailure(error)
  }
}

function keyFailure({ code, message }: TlogError): Failure {
  const sentence = `the checkpoint is not one that the pinned log signed: ${message}`
  if (code !== 'unknown_key') return unverified(code, sentence)
  return new Failure('unverified', 'log_key_changed', sentence, {
    next: 'do not go on with this server: the pinned key does not vouch for the new one, so only its administrators can name it: countersign login --log-key KEY',
  })
}

/** The head of a signed checkpoint of the pinned log. Throws a Failure `unverified` for anything else. */
export function openHead(note: string, { origin, logKey }: LogPin): Head {
  const { size, rootHash } = openPinned(note, origin, logKey)
  return { treeSize: size, rootHash: base64.encode(rootHash) }
}

/** Beyond its proof, a receipt must say what its leaf says. */
export function verifyReceipt(receipt: Receipt, pin: LogPin): Head {
  return verifyProof(receipt.leaf, receipt.leafIndex, receipt.proof, pin)
}

/** One size, one root: two signed roots of one size are two histories. */
export function isSplit(a: Head, b: Head): boolean {
  return a.treeSize === b.treeSize && a.rootHash !== b.rootHash
}

export function unverified(code: string, message: string): Failure {
  return new Failure('unverified', code, message, {
    next: 'do not go on with this server; compare the log key with its administrators (countersign doctor)',
  })
}
