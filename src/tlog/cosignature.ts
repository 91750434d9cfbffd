/** Witness cosignatures (C2SP tlog-cosignature, Ed25519): the witness saw this tree, consistent with all before, at that time. */

import { utf8 } from '../bytes/text.ts'
import { TlogError } from './error.ts'
import { COSIGNATURE, verifyEd25519, type Signer, type VerifierKey } from './key.ts'
import { formatSignatureLine, verifyNote, type Note } from './note.ts'

const TIMESTAMP_BYTES = 8

/**
 * A cosignature line over the checkpoint's note text, at a POSIX time in seconds. The signer's key must be of type 4,
 * else a TlogError `malformed_key`.
 */
export function cosign(text: string, signer: Signer, timeSeconds: number): string {
  if (signer.key.type !== COSIGNATURE)
    throw new TlogError('malformed_key', `${signer.key.name} is not a cosignature key`)
  const timestamp = Buffer.alloc(TIMESTAMP_BYTES)
  timestamp.writeBigUInt64BE(BigInt(timeSeconds))
  const signature = Buffer.concat([timestamp, signer.sign(cosignedMessage(text, BigInt(timeSeconds)))])
  return formatSignatureLine({ ...signer.key, signature })
}

// "two newline terminated lines (one header line and one timestamp line) followed by the whole note body"
function cosignedMessage(text: string, timeSeconds: bigint): Uint8Array {
  return utf8.encode(`cosignature/v1\ntime ${timeSeconds}\n${text}`)
}

export interface Cosignature {
  readonly witness: VerifierKey
  readonly timeSeconds: number
}

/**
 * The cosignatures on a note by known witnesses (keys of type 4), each once; at least one. Throws a TlogError as
 * `verifyNote` does. Whether a time is acceptable is the caller's rule.
 */
export function verifyCosignatures(note: Note, witnesses: readonly VerifierKey[]): Cosignature[] {
  return verifyNote(note, witnesses, checkCosignature).map((witness) => {
    const { signature } = note.signatures.find(({ name, keyId }) => name === witness.name && keyId === witness.keyId)!
    return { witness, timeSeconds: Number(timestampOf(signature)) }
  })
}

function checkCosignature(key: VerifierKey, text: string, signature: Uint8Array): boolean {
  if (key.type !== COSIGNATURE || signature.length !== TIMESTAMP_BYTES + 64) return false
  const time = timestampOf(signature)
  // "It MUST NOT exceed 2^63 - 1"; beyond 2^53 a number would no longer be the one that was signed.
  if (time > BigInt(Number.MAX_SAFE_INTEGER)) return false
  return verifyEd25519(key, cosignedMessage(text, time), signature.subarray(TIMESTAMP_BYTES))
}

function timestampOf(signature: Uint8Array): bigint {
  return Buffer.from(signature.buffer, signature.byteOffset, signature.byteLength).readBigUInt64BE()
}
