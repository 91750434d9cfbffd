/**
 * The frames of the write-ahead log. A commit frame is the signed checkpoint over every leaf before it, so the root hash
 * is the checksum: a batch that is torn, edited or reordered has another root, and nobody else can sign that one.
 *
 *     leaf         [u16 length][0x00][leaf]                              length 1 to 65,535
 *     commit       [0x0000][0x01][u16 length][signed checkpoint]
 *     disclosures  [0x0000][0x02][u32 length][SHA-256][bytes]            belongs to the leaf before it
 *     erased       [0x0000][0x03][u32 length][zeroes]                    disclosures that are gone
 *     (end)        [0x0000][0x00]                                        what a zeroed file is full of
 *
 * The 0x00 before a leaf is RFC 6962's prefix: the leaf hash runs over contiguous bytes.
 */

import { hash } from 'node:crypto'
import { sha256, type Digest } from '../bytes/digest.ts'

export const LEAF_HEADER_BYTES = 3
export const COMMIT_HEADER_BYTES = 5
export const DISCLOSURE_HEADER_BYTES = 39

const COMMIT = 1
const DISCLOSURES = 2
const ERASED = 3

export type Frame =
  /** `prefixed` is 0x00 and the leaf. */
  | { readonly type: 'leaf'; readonly offset: number; readonly end: number; readonly prefixed: Buffer }
  | { readonly type: 'commit'; readonly offset: number; readonly end: number; readonly note: Buffer }
  | {
      readonly type: 'disclosures'
      readonly offset: number
      readonly end: number
      readonly digest: Buffer
      readonly bytes: Buffer
    }
  | { readonly type: 'erased'; readonly offset: number; readonly end: number }

/** The frame at `offset`, as views; undefined where no whole frame stands. */
export function readFrame(bytes: Buffer, offset: number): Frame | undefined {
  if (offset + LEAF_HEADER_BYTES > bytes.length) return undefined
  const length = bytes.readUInt16BE(offset)
  const type = bytes[offset + 2]!
  if (length > 0) {
    const end = offset + LEAF_HEADER_BYTES + length
    return type === 0 && end <= bytes.length
      ? { type: 'leaf', offset, end, prefixed: bytes.subarray(offset + 2, end) }
      : undefined
  }
  if (type === COMMIT) return readCommit(bytes, offset)
  return type === DISCLOSURES || type === ERASED ? readDisclosures(bytes, offset, type) : undefined
}

function readCommit(bytes: Buffer, offset: number): Frame | undefined {
  const start = offset + COMMIT_HEADER_BYTES
  if (start > bytes.length) return undefined
  const end = start + bytes.readUInt16BE(offset + 3)
  return end <= bytes.length ? { type: 'commit', offset, end, note: bytes.subarray(start, end) } : undefined
}

function readDisclosures(bytes: Buffer, offset: number, type: number): Frame | undefined {
  const start = offset + DISCLOSURE_HEADER_BYTES
  if (start > bytes.length) return undefined
  const end = start + bytes.readUInt32BE(offset + 3)
  if (end > bytes.length) return undefined
  if (type === ERASED) return { type: 'erased', offset, end }
  return {
    type: 'disclosures',
    offset,
    end,
    digest: bytes.subarray(offset + 7, start),
    bytes: bytes.subarray(start, end),
  }
}

/** Writes a leaf frame and returns its end. */
export function writeLeaf(into: Buffer, offset: number, leaf: Uint8Array): number {
  into.writeUInt16BE(leaf.length, offset)
  into[offset + 2] = 0
  into.set(leaf, offset + LEAF_HEADER_BYTES)
  return offset + LEAF_HEADER_BYTES + leaf.length
}

export function writeDisclosures(into: Buffer, offset: number, leafIndex: number, bytes: Uint8Array): number {
  into.writeUInt16BE(0, offset)
  into[offset + 2] = DISCLOSURES
  into.writeUInt32BE(bytes.length, offset + 3)
  const [start, end] = [offset + DISCLOSURE_HEADER_BYTES, offset + DISCLOSURE_HEADER_BYTES + bytes.length]
  into.set(bytes, start)
  // `disclosuresDigest` over contiguous bytes, which is four times as fast: the index stands where the digest will end.
  into.writeBigUInt64BE(BigInt(leafIndex), start - 8)
  into.write(hash('sha256', into.subarray(start - 8, end), 'binary'), offset + 7, 'latin1')
  return end
}

/** No root covers disclosures (they can be erased), so a digest tells torn ones; the index keeps old ones from fitting. */
export function disclosuresDigest(leafIndex: number, bytes: Uint8Array): Digest {
  const index = Buffer.alloc(8)
  index.writeBigUInt64BE(BigInt(leafIndex))
  return sha256(index, bytes)
}

export function commitFrame(note: string): Buffer {
  const text = Buffer.from(note)
  const frame = Buffer.alloc(COMMIT_HEADER_BYTES + text.length)
  frame[2] = COMMIT
  frame.writeUInt16BE(text.length, 3)
  frame.set(text, COMMIT_HEADER_BYTES)
  return frame
}

/** A frame of the same size that says that disclosures were here. */
export function erasedFrame(sizeBytes: number): Buffer {
  const frame = Buffer.alloc(sizeBytes)
  frame[2] = ERASED
  frame.writeUInt32BE(sizeBytes - DISCLOSURE_HEADER_BYTES, 3)
  return frame
}
