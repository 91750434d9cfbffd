/** RFC 6962 hashing with SHA-256: a leaf can never be taken for a node, nor a node for a leaf. */

import { hash } from 'node:crypto'
import type { Digest } from '../bytes/digest.ts'

/**
 * A digest as a string of 32 characters, one per byte (latin1). Node makes and concatenates these four times faster than
 * it allocates Buffers, so trees hold them; everything outside speaks `Digest`.
 */
export type HashText = string

export const HASH_BYTES = 32

/** RFC 6962, 2.1: "The hash of an empty list is the hash of an empty string". */
export const EMPTY_ROOT: Digest = hash('sha256', '', 'buffer')

// RFC 6962, 2.1: "0x00" before a leaf, "0x01" before a node, "to give second preimage resistance".
const LEAF_PREFIX = 0x00
const NODE_PREFIX = 0x01

/** As long as a leaf may be in tlog-tiles. One for all: memory outside of the heap comes back late. */
const leafBytes = Buffer.alloc(1 + 65_535, LEAF_PREFIX)

/** MTH of one leaf. */
export function leafHash(leaf: Uint8Array): Digest {
  const prefixed =
    leaf.length < leafBytes.length ? leafBytes.subarray(0, leaf.length + 1) : Buffer.alloc(leaf.length + 1)
  prefixed.set(leaf, 1)
  return hash('sha256', prefixed, 'buffer')
}

/** The same for bytes that already stand behind their 0x00, as they do in a write-ahead log. */
export function prefixedLeafHash(prefixedLeaf: Uint8Array): HashText {
  return hash('sha256', prefixedLeaf, 'binary')
}

const nodeBytes = Buffer.alloc(1 + 2 * HASH_BYTES, NODE_PREFIX)

export function nodeHash(left: Digest, right: Digest): Digest {
  nodeBytes.set(left, 1)
  nodeBytes.set(right, 1 + HASH_BYTES)
  return hash('sha256', nodeBytes, 'buffer')
}

export function nodeHashText(left: HashText, right: HashText): HashText {
  nodeBytes.write(left, 1, 'latin1')
  nodeBytes.write(right, 1 + HASH_BYTES, 'latin1')
  return hash('sha256', nodeBytes, 'binary')
}

export function hashText(digest: Digest): HashText {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength).toString('latin1')
}

export function hashBytes(text: HashText): Digest {
  return Buffer.from(text, 'latin1')
}
