import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256, type Digest } from '../../src/bytes/digest.ts'
import { EMPTY_ROOT, hashText, leafHash, nodeHash, prefixedLeafHash } from '../../src/tlog/hash.ts'
import { consistencyRanges, inclusionRanges, proveRanges, rangeRoot, rangeTiles } from '../../src/tlog/proof.ts'
import { formatTilePath, parseTilePath, partialTiles, tileWidth } from '../../src/tlog/tile.ts'
import { stateFromTiles, Tree } from '../../src/tlog/tree.ts'
import { verifyConsistency, verifyInclusion } from '../../src/tlog/verify.ts'
import { consistencyProofs, inclusionProofs, leaves, leafHashes, roots } from './vectors.ts'

/** A tree with all its full tiles, and readers over it. */
function grow(hashes: readonly Digest[]) {
  const full = new Map<string, Uint8Array>()
  const tree = new Tree({ onTile: (level, index, bytes) => full.set(`${level}/${index}`, Uint8Array.from(bytes)) })
  for (const hash of hashes) tree.push(hashText(hash))
  const read = (level: number, index: number) => full.get(`${level}/${index}`) ?? tree.edge(level)!.bytes
  return { tree, read }
}

const manyHashes = Array.from({ length: 70_000 }, (_, i) => sha256(Buffer.from(String(i))))
const many = grow(manyHashes)

/** RFC 6962, 2.1, word for word: the slow oracle. */
function mth(hashes: readonly Digest[]): Digest {
  if (hashes.length === 0) return EMPTY_ROOT
  if (hashes.length === 1) return hashes[0]!
  const k = 2 ** Math.floor(Math.log2(hashes.length - 1))
  return nodeHash(mth(hashes.slice(0, k)), mth(hashes.slice(k)))
}

test('leaf hashes and roots are those of the published vectors', () => {
  expect(leaves.map(leafHash)).toEqual(leafHashes)
  expect(
    leaves.map((leaf) => Buffer.from(prefixedLeafHash(Buffer.concat([Uint8Array.of(0), leaf])), 'latin1')),
  ).toEqual(leafHashes)
  for (const [size, root] of roots.entries()) expect(grow(leafHashes.slice(0, size)).tree.root()).toEqual(root)
})

test('published inclusion proofs are made and verified', () => {
  const { read } = grow(leafHashes)
  for (const { leafIndex, size, proof } of inclusionProofs) {
    expect(proveRanges(inclusionRanges(leafIndex, size), read)).toEqual(proof)
    expect(verifyInclusion(leafIndex, size, leafHashes[leafIndex]!, proof, roots[size]!)).toBe(true)
  }
})

test('published consistency proofs are made and verified', () => {
  const { read } = grow(leafHashes)
  for (const { oldSize, newSize, proof } of consistencyProofs) {
    expect(proveRanges(consistencyRanges(oldSize, newSize), read)).toEqual(proof)
    expect(verifyConsistency(oldSize, newSize, roots[oldSize]!, roots[newSize]!, proof)).toBe(true)
  }
})

test('a tree over several levels of tiles has the root that the definition gives', () => {
  for (const size of [255, 256, 257, 511, 513, 65_535, 65_536, 65_537, 70_000]) {
    expect(rangeRoot({ from: 0, to: size }, many.read)).toEqual(mth(manyHashes.slice(0, size)))
  }
  expect(many.tree.root()).toEqual(mth(manyHashes))
})

test('tlog-tiles: a tree of 70,000 has the tiles that the specification counts', () => {
  expect(partialTiles(70_000).map(formatTilePath)).toEqual(['tile/0/273.p/112', 'tile/1/001.p/17', 'tile/2/000.p/1'])
  expect(partialTiles(256).map(formatTilePath)).toEqual(['tile/1/000.p/1'])
  expect([tileWidth(0, 272, 70_000), tileWidth(0, 273, 70_000), tileWidth(0, 274, 70_000)]).toEqual([256, 112, 0])
})

const sizes = fc.integer({ min: 1, max: manyHashes.length })
const pairs = fc.tuple(sizes, sizes).map(([a, b]) => (a < b ? [a, b] : [b, a]) as [number, number])
const rootAt = (size: number) => rangeRoot({ from: 0, to: size }, many.read)

/** Every way in which a proof of this length can be off by one thing. */
function mutations(proof: readonly Digest[]): Digest[][] {
  const flipped = proof.map((_, at) =>
    proof.map((hash, i) => (i === at ? Uint8Array.from(hash, (b, j) => (j === 31 ? b ^ 1 : b)) : hash)),
  )
  const shorter = proof.map((_, at) => proof.filter((_hash, i) => i !== at))
  const longer = [
    [...proof, sha256()],
    [sha256(), ...proof],
    [...proof, new Uint8Array(0)],
    [...proof, new Uint8Array(31)],
  ]
  return [...flipped, ...shorter, ...longer]
}

test('every inclusion proof verifies, and no mutation of one does', () => {
  fc.assert(
    fc.property(sizes, fc.nat(), (size, pick) => {
      const leafIndex = pick % size
      const proof = proveRanges(inclusionRanges(leafIndex, size), many.read)
      const [leaf, root] = [manyHashes[leafIndex]!, rootAt(size)]
      expect(verifyInclusion(leafIndex, size, leaf, proof, root)).toBe(true)
      expect(mutations(proof).filter((mutated) => verifyInclusion(leafIndex, size, leaf, mutated, root))).toEqual([])
      expect(verifyInclusion(leafIndex, size, sha256(leaf), proof, root)).toBe(false)
      expect(verifyInclusion(leafIndex, size, leaf, proof, sha256(root))).toBe(false)
      if (size > 1) expect(verifyInclusion(leafIndex === 0 ? 1 : leafIndex - 1, size, leaf, proof, root)).toBe(false)
    }),
    { numRuns: 150 },
  )
})

test('every consistency proof verifies, and no mutation of one does', () => {
  fc.assert(
    fc.property(pairs, ([oldSize, newSize]) => {
      const proof = proveRanges(consistencyRanges(oldSize, newSize), many.read)
      const [oldRoot, newRoot] = [rootAt(oldSize), rootAt(newSize)]
      expect(verifyConsistency(oldSize, newSize, oldRoot, newRoot, proof)).toBe(true)
      expect(
        mutations(proof).filter((mutated) => verifyConsistency(oldSize, newSize, oldRoot, newRoot, mutated)),
      ).toEqual([])
      expect(verifyConsistency(oldSize, newSize, sha256(oldRoot), newRoot, proof)).toBe(false)
      expect(verifyConsistency(oldSize, newSize, oldRoot, sha256(newRoot), proof)).toBe(false)
    }),
    { numRuns: 100 },
  )
})

test('time cannot go back, and nothing is consistent with the empty tree only without a proof', () => {
  const [a, b] = [roots[2]!, roots[3]!]
  expect(verifyConsistency(3, 2, b, a, [])).toBe(false)
  expect(verifyConsistency(0, 3, EMPTY_ROOT, b, [])).toBe(true)
  expect(verifyConsistency(0, 3, EMPTY_ROOT, b, [a])).toBe(false)
  expect(verifyConsistency(2, 2, a, a, [])).toBe(true)
  expect(verifyConsistency(2, 2, a, b, [])).toBe(false)
  for (const bad of [-1, 0.5, Number.NaN, 2 ** 53]) {
    expect(verifyConsistency(bad, 3, a, b, [])).toBe(false)
    expect(verifyInclusion(bad, 3, a, [], b)).toBe(false)
    expect(verifyInclusion(0, bad, a, [], a)).toBe(false)
  }
})

/** A tree of any size whose every hash is made up but fixed: what indices do beyond 2^32 is seen through it. */
const imagined = (level: number, index: number) => {
  const seed = sha256(Buffer.from(`${level}/${index}`))
  return Buffer.concat(Array.from({ length: 256 }, () => seed))
}

test('indices up to 2^40 stay exact: ranges tile the tree, and tiles exist', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 2 ** 40 }), fc.integer({ min: 0, max: 2 ** 40 }), (size, pick) => {
      const leafIndex = pick % size
      const ranges = inclusionRanges(leafIndex, size)
      const covered = ranges.reduce((sum, { from, to }) => sum + (to - from), 1)
      expect(covered).toBe(size)
      for (const { level, index } of ranges.flatMap(rangeTiles))
        expect(tileWidth(level, index, size)).toBeGreaterThan(0)
      const old = consistencyRanges(leafIndex, size)
      for (const { level, index } of old.flatMap(rangeTiles)) expect(tileWidth(level, index, size)).toBeGreaterThan(0)
    }),
  )
})

/** The tiles of a tree of equal leaves, which has one hash a level: true at any size. */
const levels = [hashText(leafHash(Buffer.from('leaf')))]
for (let level = 1; level <= 48; level += 1)
  levels.push(hashText(nodeHash(Buffer.from(levels[level - 1]!, 'latin1'), Buffer.from(levels[level - 1]!, 'latin1'))))
const uniform = (level: number) => Buffer.from(levels[8 * level]!.repeat(256), 'latin1')

test('proofs of trees up to 2^40 leaves verify, and of no other leaf, size or root', () => {
  const large = fc.integer({ min: 2 ** 31, max: 2 ** 40 })
  fc.assert(
    fc.property(large, fc.integer({ min: 0, max: 2 ** 40 }), large, (size, pick, other) => {
      const root = rangeRoot({ from: 0, to: size }, uniform)
      const leafIndex = pick % size
      const leaf = Buffer.from(levels[0]!, 'latin1')
      const proof = proveRanges(inclusionRanges(leafIndex, size), uniform)
      expect(verifyInclusion(leafIndex, size, leaf, proof, root)).toBe(true)
      expect(verifyInclusion(leafIndex, size, sha256(leaf), proof, root)).toBe(false)
      expect(verifyInclusion(leafIndex, size, leaf, proof, sha256(root))).toBe(false)
      expect(verifyInclusion(leafIndex, size, leaf, proof.slice(1), root)).toBe(false)
      const [oldSize, newSize] = size < other ? [size, other] : [other, size]
      const [oldRoot, newRoot] = [oldSize, newSize].map((to) => rangeRoot({ from: 0, to }, uniform)) as [Digest, Digest]
      const consistency = proveRanges(consistencyRanges(oldSize, newSize), uniform)
      expect(verifyConsistency(oldSize, newSize, oldRoot, newRoot, consistency)).toBe(true)
      if (oldSize < newSize)
        expect(verifyConsistency(oldSize, newSize, sha256(oldRoot), newRoot, consistency)).toBe(false)
      const tree = new Tree()
      tree.restore(stateFromTiles(size, uniform))
      expect(tree.root()).toEqual(root)
    }),
    { numRuns: 60 },
  )
})

test('tiles of a tree of 2^40 leaves have names that come back, and are counted', () => {
  expect(partialTiles(2 ** 40).map(formatTilePath)).toEqual(['tile/5/000.p/1'])
  expect(formatTilePath({ level: 'entries', index: 2 ** 32 - 1, width: 256 })).toBe('tile/entries/x004/x294/x967/295')
  expect(parseTilePath('tile/0/x004/x294/x967/295')).toEqual({ level: 0, index: 2 ** 32 - 1, width: 256 })
  expect(tileWidth(0, 2 ** 32 - 1, 2 ** 40)).toBe(256)
  expect(tileWidth(0, 2 ** 32, 2 ** 40)).toBe(0)
})

test('a tree far beyond 2^32 leaves grows as its tiles say', () => {
  const size = 2 ** 40 - 300
  const tree = new Tree()
  tree.restore(stateFromTiles(size, imagined))
  const state = tree.save()
  for (const hash of manyHashes.slice(0, 700)) tree.push(hashText(hash))
  expect(tree.size).toBe(size + 700)
  expect(tree.edge(0)!.index).toBe(Math.floor((size + 700) / 256))
  tree.restore(state)
  expect([tree.size, tree.edge(0)!.width]).toEqual([size, size % 256])
})

test('a tree read back from its tiles, or restored, goes on as if nothing had happened', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 69_000 }), fc.integer({ min: 1, max: 600 }), (size, more) => {
      const tree = new Tree()
      tree.restore(stateFromTiles(size, (level, index) => many.read(level, index)))
      expect(tree.root()).toEqual(rootAt(size))
      const state = tree.save()
      for (let i = 0; i < more; i += 1) tree.push(hashText(sha256()))
      tree.restore(state)
      for (let i = size; i < size + more; i += 1) tree.push(hashText(manyHashes[i]!))
      expect(tree.root()).toEqual(rootAt(size + more))
    }),
    { numRuns: 40 },
  )
})
