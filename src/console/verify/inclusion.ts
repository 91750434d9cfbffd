/** That a leaf is in the tree whose root hash is known: RFC 6962 section 2.1, recomputed in this browser. */

import { equal, sha256, type Bytes } from './bytes.ts'

const LEAF = Uint8Array.of(0x00)
const NODE = Uint8Array.of(0x01)

export type Side = 'left' | 'right'

/** One step from the leaf towards the root: the proven node stands on `side`, its sibling on the other. */
export type Step = { readonly side: Side; readonly node: Bytes; readonly sibling: Bytes }

/** `steps` run from leaf to root; `root` is what they add up to. */
export type Climb = { readonly steps: readonly Step[]; readonly root: Bytes }

/** RFC 6962 section 2.1: MTH({d(0)}) = SHA-256(0x00 || d(0)). */
export function leafHash(leaf: Uint8Array): Promise<Bytes> {
  return sha256(LEAF, leaf)
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Bytes> {
  return sha256(NODE, left, right)
}

/**
 * Climbs from the leaf hash to the root of a tree of `treeSize` leaves, after RFC 9162 section 2.1.3.2.
 * `hashes` are 32 bytes each, nearest to the leaf first. Throws a RangeError when they cannot belong to that place.
 */
export async function climb(leaf: Bytes, index: number, treeSize: number, hashes: readonly Bytes[]): Promise<Climb> {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(treeSize) || index < 0 || index >= treeSize)
    throw new RangeError(`leaf ${index} is outside a tree of ${treeSize}`)
  const sides = sidesOf(index, treeSize)
  if (sides.length !== hashes.length) throw new RangeError(`${sides.length} hashes needed, ${hashes.length} given`)

  const steps: Step[] = []
  let node = leaf
  for (const [level, side] of sides.entries()) {
    const sibling = hashes[level]!
    if (sibling.length !== 32) throw new RangeError('a hash is not 32 bytes')
    steps.push({ side, node, sibling })
    node = side === 'left' ? await nodeHash(node, sibling) : await nodeHash(sibling, node)
  }
  return { steps, root: node }
}

export async function verifyInclusion(
  leaf: Bytes,
  index: number,
  treeSize: number,
  hashes: readonly Bytes[],
  root: Bytes,
): Promise<boolean> {
  return equal((await climb(leaf, index, treeSize, hashes)).root, root)
}

/** On which side the path stands, level by level from the leaf; levels at which it has no sibling are left out. */
function sidesOf(index: number, treeSize: number): Side[] {
  const sides: Side[] = []
  let at = index
  let last = treeSize - 1
  while (last > 0) {
    if (at % 2 === 1) sides.push('right')
    else if (at < last) sides.push('left')
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  return sides
}
