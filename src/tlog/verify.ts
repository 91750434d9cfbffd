/** Proof verification: true means that the root commits to the leaf, or that the new tree extends the old one. */

import { equal, type Digest } from '../bytes/digest.ts'
import { HASH_BYTES, nodeHash } from './hash.ts'

/**
 * RFC 9162, 2.1.3.2 (the same proof as RFC 6962, 2.1.1). False for any wrong size, index, hash or length; never throws.
 */
export function verifyInclusion(
  leafIndex: number,
  treeSize: number,
  leafHash: Digest,
  proof: readonly Digest[],
  rootHash: Digest,
): boolean {
  if (!isSize(leafIndex) || !isSize(treeSize) || leafIndex >= treeSize) return false
  if (![leafHash, rootHash, ...proof].every(isDigest)) return false
  let [fn, sn] = [leafIndex, treeSize - 1]
  let root = leafHash
  for (const sibling of proof) {
    // "If sn is 0, then stop the iteration and fail the proof verification."
    if (sn === 0) return false
    if (isOdd(fn) || fn === sn) {
      root = nodeHash(sibling, root)
      // "If LSB(fn) is not set, then right-shift both fn and sn equally until either LSB(fn) is set or fn is 0."
      while (!isOdd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)]
    } else {
      root = nodeHash(root, sibling)
    }
    ;[fn, sn] = [half(fn), half(sn)]
  }
  return sn === 0 && equal(root, rootHash)
}

/**
 * RFC 9162, 2.1.4.2. From size 0 every tree is consistent, with an empty proof (and then `oldRoot` is not looked at).
 * False for anything else that is wrong; never throws.
 */
export function verifyConsistency(
  oldSize: number,
  newSize: number,
  oldRoot: Digest,
  newRoot: Digest,
  proof: readonly Digest[],
): boolean {
  if (!isSize(oldSize) || !isSize(newSize) || oldSize > newSize) return false
  if (![oldRoot, newRoot, ...proof].every(isDigest)) return false
  if (oldSize === newSize) return proof.length === 0 && equal(oldRoot, newRoot)
  if (oldSize === 0) return proof.length === 0
  const path = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : proof
  return path.length > 0 && foldConsistency(oldSize, newSize, oldRoot, newRoot, path)
}

function foldConsistency(
  oldSize: number,
  newSize: number,
  oldRoot: Digest,
  newRoot: Digest,
  path: readonly Digest[],
): boolean {
  let [fn, sn] = [oldSize - 1, newSize - 1]
  while (isOdd(fn)) [fn, sn] = [half(fn), half(sn)]
  let [fr, sr] = [path[0]!, path[0]!]
  for (const hash of path.slice(1)) {
    if (sn === 0) return false
    if (isOdd(fn) || fn === sn) {
      fr = nodeHash(hash, fr)
      sr = nodeHash(hash, sr)
      while (!isOdd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)]
    } else {
      sr = nodeHash(sr, hash)
    }
    ;[fn, sn] = [half(fn), half(sn)]
  }
  return sn === 0 && equal(fr, oldRoot) && equal(sr, newRoot)
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function isDigest(hash: Digest): boolean {
  return hash.length === HASH_BYTES
}

function isOdd(value: number): boolean {
  return value % 2 === 1
}

function half(value: number): number {
  return Math.floor(value / 2)
}

function isPowerOfTwo(value: number): boolean {
  let power = 1
  while (power < value) power *= 2
  return power === value
}
