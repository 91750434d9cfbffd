/**
 * Witness cosignatures (C2SP tlog-cosignature, Ed25519 and ML-DSA-44): the witness saw this tree, consistent with all before, at that
 * time.
 */

import { utf8 } from '../bytes/text.ts'
import { parseCheckpoint } from './checkpoint.ts'
import { TlogError } from './error.ts'
import { COSIGNATURE, ML_DSA_COSIGNATURE, verifyEd25519, verifyMlDsa, type Signer, type VerifierKey } from './key.ts'
import { formatSignatureLine, verifyNote, type Note } from './note.ts'

const TIMESTAMP_BYTES = 8

/** Whether a key is of a kind that cosigns. */
export function isCosigner({ type }: VerifierKey): boolean {
  return type === COSIGNATURE || type === ML_DSA_COSIGNATURE
}

/**
 * A cosignature line over the checkpoint's note text, at a POSIX time in seconds. The signer's key must be of type 4 or 6, else a
 * TlogError `malformed_key`; type 6 signs no text but a checkpoint without extension lines, else `malformed_checkpoint`.
 */
export function cosign(text: string, signer: Signer, timeSeconds: number): string {
  if (!isCosigner(signer.key)) throw new TlogError('malformed_key', `${signer.key.name} is not a cosignature key`)
  const time = BigInt(timeSeconds)
  const signature = Buffer.concat([uint64(time), signer.sign(messageOf(signer.key, text, time))])
  return formatSignatureLine({ ...signer.key, signature })
}

function messageOf({ type, name }: VerifierKey, text: string, timeSeconds: bigint): Uint8Array {
  return type === ML_DSA_COSIGNATURE ? subtreeMessage(name, text, timeSeconds) : cosignedMessage(text, timeSeconds)
}

// "two newline terminated lines (one header line and one timestamp line) followed by the whole note body"
function cosignedMessage(text: string, timeSeconds: bigint): Uint8Array {
  return utf8.encode(`cosignature/v1\ntime ${timeSeconds}\n${text}`)
}

/**
 *     struct {
 *         uint8 label[12] = "subtree/v1\n\0";
 *         opaque cosigner_name<1..2^8-1>;
 *         uint64 timestamp;
 *         opaque log_origin<1..2^8-1>;
 *         uint64 start;
 *         uint64 end;
 *         uint8 hash[32];
 *     } cosigned_message;
 */
function subtreeMessage(name: string, text: string, timeSeconds: bigint): Uint8Array {
  const { origin, size, rootHash, extensions } = parseCheckpoint(text)
  // "checkpoint extension lines are not included in the signed message": a reader could take them for cosigned, so there are none.
  if (extensions.length > 0)
    throw new TlogError('malformed_checkpoint', 'a checkpoint with extension lines has no ML-DSA cosignature')
  return Buffer.concat([
    utf8.encode('subtree/v1\n\0'),
    opaque(name),
    uint64(timeSeconds),
    opaque(origin),
    // "If signing a checkpoint, it MUST be zero."
    uint64(0n),
    uint64(BigInt(size)),
    rootHash,
  ])
}

/** RFC 8446, 3.4: a vector with its length in one byte. */
function opaque(text: string): Uint8Array {
  const bytes = utf8.encode(text)
  if (bytes.length < 1 || bytes.length > 255)
    throw new TlogError('malformed_checkpoint', 'a name is not of 1 to 255 bytes')
  return Buffer.concat([Uint8Array.of(bytes.length), bytes])
}

function uint64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}

export interface Cosignature {
  readonly witness: VerifierKey
  /** 0 when the witness does not say that it has seen no larger tree. */
  readonly timeSeconds: number
}

/**
 * The cosignatures on a note by known witnesses (keys of type 4 or 6), each once; at least one. Throws a TlogError as
 * `verifyNote` does. Whether a time is acceptable is the caller's rule.
 */
export function verifyCosignatures(note: Note, witnesses: readonly VerifierKey[]): Cosignature[] {
  return verifyNote(note, witnesses, checkCosignature).map((witness) => {
    const { signature } = note.signatures.find(({ name, keyId }) => name === witness.name && keyId === witness.keyId)!
    return { witness, timeSeconds: Number(timestampOf(signature)) }
  })
}

function checkCosignature(key: VerifierKey, text: string, signature: Uint8Array): boolean {
  if (!isCosigner(key) || signature.length <= TIMESTAMP_BYTES) return false
  const time = timestampOf(signature)
  // "It MUST NOT exceed 2^63 - 1"; beyond 2^53 a number would no longer be the one that was signed.
  if (time > BigInt(Number.MAX_SAFE_INTEGER)) return false
  const verify = key.type === ML_DSA_COSIGNATURE ? verifyMlDsa : verifyEd25519
  try {
    return verify(key, messageOf(key, text, time), signature.subarray(TIMESTAMP_BYTES))
  } catch (error) {
    // The text is no checkpoint that such a key would sign.
    if (error instanceof TlogError) return false
    throw error
  }
}

function timestampOf(signature: Uint8Array): bigint {
  return Buffer.from(signature.buffer, signature.byteOffset, signature.byteLength).readBigUInt64BE()
}
