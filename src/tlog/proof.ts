/** Inclusion and consistency proofs, made from tiles: each hash of a proof is the root over a range of leaves. */

import type { Digest } from '../bytes/digest.ts'
import { hashBytes, nodeHashText, type HashText } from './hash.ts'
import { TILE_WIDTH } from './tile.ts'
import { foldHashes } from './tree.ts'

/** Leaves `from` (included) to `to` (excluded). */
export interface Range {
  readonly from: number
  readonly to: number
}

/** The bytes of a hash tile: all hashes that the proof's tree has in it, in order. */
export type TileReader = (level: number, index: number) => Uint8Array

/**
 * RFC 6962, 2.1.1: the ranges whose roots are PATH(leafIndex, D[size]), from the leaf's sibling up.
 * A RangeError unless 0 <= leafIndex < size.
 */
export function inclusionRanges(leafIndex: number, size: number): Range[] {
  requireRange(leafIndex >= 0 && leafIndex < size, `no leaf ${leafIndex} in a tree of ${size}`)
  const ranges: Range[] = []
  let [from, to] = [0, size]
  while (to - from > 1) {
    const middle = from + splitPoint(to - from)
    const isLeft = leafIndex < middle
    ranges.push(isLeft ? { from: middle, to } : { from, to: middle })
    ;[from, to] = isLeft ? [from, middle] : [middle, to]
  }
  return ranges.reverse()
}

/**
 * RFC 6962, 2.1.2: the ranges whose roots are PROOF(oldSize, D[newSize]). Empty for an old size of 0 or newSize.
 * A RangeError unless 0 <= oldSize <= newSize.
 */
export function consistencyRanges(oldSize: number, newSize: number): Range[] {
  requireRange(oldSize >= 0 && oldSize <= newSize, `no consistency from ${oldSize} to ${newSize} leaves`)
  if (oldSize === 0 || oldSize === newSize) return []
  const ranges: Range[] = []
  let [from, to] = [0, newSize]
  while (oldSize !== to) {
    const middle = from + splitPoint(to - from)
    const isLeft = oldSize <= middle
    ranges.push(isLeft ? { from: middle, to } : { from, to: middle })
    ;[from, to] = isLeft ? [from, middle] : [middle, to]
  }
  // RFC 6962: SUBPROOF(m, D[m], true) = {}: the verifier knows the old root already.
  if (from !== 0) ranges.push({ from, to })
  return ranges.reverse()
}

/** Where the tiles stand that `rangeRoot` reads for a range. */
export function rangeTiles(range: Range): { level: number; index: number }[] {
  return subtreesOf(range).map(({ level, index }) => ({
    level: Math.floor(level / 8),
    index: Math.floor((index * 2 ** (level % 8)) / TILE_WIDTH),
  }))
}

/** RFC 6962 MTH(D[from:to]); the range is one that this module gave out, or starts at 0. `to` > `from`. */
export function rangeRoot(range: Range, read: TileReader): Digest {
  const roots = subtreesOf(range).map((subtree) => subtreeRoot(subtree, read))
  return hashBytes(roots.reduceRight((right, left) => nodeHashText(left, right)))
}

/** Proof hashes in RFC order. */
export function proveRanges(ranges: readonly Range[], read: TileReader): Digest[] {
  return ranges.map((range) => rangeRoot(range, read))
}

interface Subtree {
  readonly level: number
  readonly index: number
}

/** The full subtrees that make up a range, left to right, each smaller than the one before. */
function subtreesOf({ from, to }: Range): Subtree[] {
  const subtrees: Subtree[] = []
  let at = from
  while (at < to) {
    let [level, span] = [0, 1]
    while (span * 2 <= to - at) [level, span] = [level + 1, span * 2]
    subtrees.push({ level, index: at / span })
    at += span
  }
  return subtrees
}

function subtreeRoot({ level, index }: Subtree, read: TileReader): HashText {
  const span = 2 ** (level % 8)
  const first = index * span
  return fold(read(Math.floor(level / 8), Math.floor(first / TILE_WIDTH)), first % TILE_WIDTH, span)
}

/**
 * Roots within a tile, by its memory. A full subtree of a signed tree never changes, so each is hashed once, and the proof of
 * a leaf costs the few that are new. Small ones are hashed again: to keep them costs the collector more.
 */
const MIN_KEPT_SPAN = 8
const folded = new WeakMap<ArrayBufferLike, Map<number, HashText>>()

function fold(tile: Uint8Array, first: number, span: number): HashText {
  if (span < MIN_KEPT_SPAN) return foldHashes(tile, first, span)
  const known = folded.get(tile.buffer) ?? new Map<number, HashText>()
  folded.set(tile.buffer, known)
  const place = (tile.byteOffset * TILE_WIDTH + first) * 2 * TILE_WIDTH + span
  const root = known.get(place) ?? nodeHashText(fold(tile, first, span / 2), fold(tile, first + span / 2, span / 2))
  known.set(place, root)
  return root
}

/** The largest power of two smaller than n (n > 1). */
function splitPoint(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

function requireRange(holds: boolean, message: string): void {
  if (!holds) throw new RangeError(message)
}
