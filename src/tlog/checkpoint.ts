/**
 * Checkpoints (C2SP tlog-checkpoint): what a log commits to at one size.
 *
 *     example.com/behind-the-sofa                      origin
 *     20852163                                         tree size
 *     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=     root hash
 *
 *     — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
 */

import type { Digest } from '../bytes/digest.ts'
import { base64 } from '../bytes/text.ts'
import { TlogError, decodeOr } from './error.ts'
import { HASH_BYTES } from './hash.ts'
import type { Signer, VerifierKey } from './key.ts'
import { parseNote, signNote, verifyNote, type Note } from './note.ts'

export interface Checkpoint {
  readonly origin: string
  readonly size: number
  readonly rootHash: Digest
  /** Opaque further lines, almost always none. */
  readonly extensions: readonly string[]
}

/** The note text of a checkpoint, with its final newline. */
export function formatCheckpoint({
  origin,
  size,
  rootHash,
  extensions,
}: Omit<Checkpoint, 'extensions'> & Partial<Checkpoint>): string {
  return [origin, size, base64.encode(rootHash), ...(extensions ?? []), ''].join('\n')
}

/** Reads a note text. Throws a TlogError `malformed_checkpoint`; sizes beyond 2^53 - 1 are refused. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', size = '', root = '', ...rest] = text.split('\n')
  const extensions = rest.slice(0, -1)
  if (origin === '' || rest.at(-1) !== '' || extensions.includes('')) {
    throw new TlogError('malformed_checkpoint', 'a checkpoint is not three or more non-empty lines')
  }
  const rootHash = decodeOr('malformed_checkpoint', 'the root hash of a checkpoint is not base64', () =>
    base64.decode(root),
  )
  if (rootHash.length !== HASH_BYTES)
    throw new TlogError('malformed_checkpoint', 'the root hash of a checkpoint is not 32 bytes')
  return { origin, size: parseSize(size, 'malformed_checkpoint'), rootHash, extensions }
}

/** "ASCII decimal with no leading zeroes", up to 2^53 - 1. */
export function parseSize(
  digits: string,
  code: 'malformed_checkpoint' | 'malformed_request' | 'malformed_proof',
): number {
  const size = /^(?:0|[1-9]\d{0,15})$/.test(digits) ? Number(digits) : Number.NaN
  if (!Number.isSafeInteger(size))
    throw new TlogError(code, 'a number is not a decimal below 2^53 without leading zeroes')
  return size
}

/** The signed note of a checkpoint. */
export function signCheckpoint(checkpoint: Omit<Checkpoint, 'extensions'>, ...signers: readonly Signer[]): string {
  return signNote(formatCheckpoint(checkpoint), ...signers)
}

/** A checkpoint of `origin` that one of `keys` signed, from its signed note. Throws a TlogError for anything less. */
export function openCheckpoint(
  source: string | Uint8Array,
  origin: string,
  keys: readonly VerifierKey[],
): Checkpoint & { readonly note: Note } {
  const note = parseNote(source)
  const checkpoint = parseCheckpoint(note.text)
  if (checkpoint.origin !== origin) throw new TlogError('malformed_checkpoint', `the checkpoint is not of ${origin}`)
  verifyNote(note, keys)
  return { ...checkpoint, note }
}
