/**
 * C2SP tlog-proof: a file that proves offline that a leaf is in a witnessed log.
 *
 *     c2sp.org/tlog-proof@v1
 *     index 73894
 *     gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
 *     ...
 *
 *     example.com/fancylog
 *     ...
 */

import type { Digest } from '../bytes/digest.ts'
import { base64 } from '../bytes/text.ts'
import { parseSize } from './checkpoint.ts'
import { TlogError, decodeOr } from './error.ts'
import { parseHashLine } from './witness.ts'

export interface ProofFile {
  readonly leafIndex: number
  readonly proof: readonly Digest[]
  /** The signed note, verbatim and not yet believed. */
  readonly checkpoint: string
  /** Opaque, and authenticated by nothing. */
  readonly extra?: Uint8Array
}

const HEADER = 'c2sp.org/tlog-proof@v1'
const MAX_PROOF_LINES = 63
const MAX_FILE_CHARS = 1_000_000

export function formatProofFile({ leafIndex, proof, checkpoint, extra }: ProofFile): string {
  const lines = [
    HEADER,
    ...(extra ? [`extra ${base64.encode(extra)}`] : []),
    `index ${leafIndex}`,
    ...proof.map(base64.encode),
  ]
  return `${lines.join('\n')}\n\n${checkpoint}`
}

/** Throws a TlogError `malformed_proof`. Nothing is verified but the form. */
export function parseProofFile(text: string): ProofFile {
  if (text.length > MAX_FILE_CHARS) throw new TlogError('malformed_proof', 'a tlog-proof is longer than a megabyte')
  const blank = text.indexOf('\n\n')
  if (blank < 0) throw new TlogError('malformed_proof', 'a tlog-proof has no empty line before its checkpoint')
  const [header, ...lines] = text.slice(0, blank).split('\n', MAX_PROOF_LINES + 4)
  if (header !== HEADER) throw new TlogError('malformed_proof', `a tlog-proof does not start with ${HEADER}`)
  const extra = lines[0]?.startsWith('extra ') ? lines.shift()!.slice(6) : undefined
  const index = lines.shift() ?? ''
  if (!index.startsWith('index ')) throw new TlogError('malformed_proof', 'a tlog-proof has no index line')
  if (lines.length > MAX_PROOF_LINES) throw new TlogError('malformed_proof', 'a tlog-proof has more than 63 hashes')
  return {
    leafIndex: parseSize(index.slice(6), 'malformed_proof'),
    proof: lines.map((line) => parseHashLine(line, 'malformed_proof')),
    checkpoint: text.slice(blank + 2),
    ...(extra !== undefined && {
      extra: decodeOr('malformed_proof', 'the extra data of a tlog-proof is not base64', () => base64.decode(extra)),
    }),
  }
}
