/**
 * The bodies of C2SP tlog-witness `add-checkpoint`.
 *
 *     old 20852014
 *     PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
 *
 *     example.com/behind-the-sofa
 *     20852163
 *     ...
 */

import type { Digest } from '../bytes/digest.ts'
import { base64, utf8 } from '../bytes/text.ts'
import { parseSize } from './checkpoint.ts'
import { TlogError, decodeOr } from './error.ts'
import { HASH_BYTES } from './hash.ts'
import { parseSignatureLines, type NoteSignature } from './note.ts'

export interface AddCheckpoint {
  readonly oldSize: number
  readonly proof: readonly Digest[]
  /** The signed note, verbatim and not yet believed. */
  readonly checkpoint: string
}

/** "The client MUST NOT send more than 63 consistency proof lines." */
const MAX_PROOF_LINES = 63

export function formatAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): string {
  return `old ${oldSize}\n${proof.map((hash) => `${base64.encode(hash)}\n`).join('')}\n${checkpoint}`
}

/** Reads a request body. Throws a TlogError `malformed_request`. */
export function parseAddCheckpoint(body: Uint8Array): AddCheckpoint {
  const text = decodeOr('malformed_request', 'an add-checkpoint request is not UTF-8', () => utf8.decode(body))
  const blank = text.indexOf('\n\n')
  if (blank < 0)
    throw new TlogError('malformed_request', 'an add-checkpoint request has no empty line before the checkpoint')
  const [old = '', ...lines] = text.slice(0, blank).split('\n', MAX_PROOF_LINES + 2)
  if (!old.startsWith('old '))
    throw new TlogError('malformed_request', 'an add-checkpoint request does not start with "old"')
  if (lines.length > MAX_PROOF_LINES)
    throw new TlogError('malformed_request', 'a consistency proof has more than 63 hashes')
  return {
    oldSize: parseSize(old.slice(4), 'malformed_request'),
    proof: lines.map((line) => parseHashLine(line, 'malformed_request')),
    checkpoint: text.slice(blank + 2),
  }
}

/** One base64 hash of 32 bytes. */
export function parseHashLine(line: string, code: 'malformed_request' | 'malformed_proof'): Digest {
  const hash = decodeOr(code, 'a proof line is not base64', () => base64.decode(line))
  if (hash.length !== HASH_BYTES) throw new TlogError(code, 'a proof line is not a hash of 32 bytes')
  return hash
}

/** The body of a 200: one or more cosignature lines, not yet believed. Throws a TlogError `malformed_note`. */
export function parseAddCheckpointAnswer(body: Uint8Array): NoteSignature[] {
  return parseSignatureLines(decodeOr('malformed_note', 'a witness answer is not UTF-8', () => utf8.decode(body)))
}

export const SIZE_CONTENT_TYPE = 'text/x.tlog.size'

/** The body of a 409: "the tree size of the latest cosigned checkpoint in decimal, followed by a newline". */
export function formatConflict(size: number): string {
  return `${size}\n`
}

/** Throws a TlogError `malformed_request` for any other body. */
export function parseConflict(body: string): number {
  if (!body.endsWith('\n')) throw new TlogError('malformed_request', 'a witness answered a conflict without a size')
  return parseSize(body.slice(0, -1), 'malformed_request')
}
