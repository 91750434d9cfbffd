/** Roots and proofs of RFC 6962 over a range of leaves, with whatever cryptography there is. */

import { isSame } from '../../bytes/portable.ts'
import type { Tools } from './tool.ts'

type Hash = Uint8Array

/** Sizes of the full subtrees that make up a tree, largest first. */
export function spansOf(size: number): number[] {
  const spans: number[] = []
  let rest = size
  while (rest > 0) {
    let span = 1
    while (span * 2 <= rest) span *= 2
    spans.push(span)
    rest -= span
  }
  return spans
}

/** A tree that begins with known subtrees and grows leaf by leaf. */
export class GrowingTree {
  readonly #tools: Tools
  readonly #roots: Hash[]
  #size: number

  /** Throws a SyntaxError unless `before` is one hash for each full subtree of `size` leaves. */
  constructor(size: number, before: readonly Hash[], tools: Tools) {
    if (before.length !== spansOf(size).length || before.some(({ length }) => length !== 32))
      throw new SyntaxError(`${before.length} hashes do not make up a tree of ${size} leaves`)
    this.#size = size
    this.#roots = [...before]
    this.#tools = tools
  }

  async push(leafHash: Hash): Promise<void> {
    let hash = leafHash
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2)
      hash = await this.#tools.nodeHash(this.#roots.pop()!, hash)
    this.#roots.push(hash)
    this.#size += 1
  }

  async root(): Promise<Hash> {
    let hash = this.#roots.at(-1) ?? (await this.#tools.sha256(new Uint8Array(0)))
    for (let at = this.#roots.length - 2; at >= 0; at -= 1) hash = await this.#tools.nodeHash(this.#roots[at]!, hash)
    return hash
  }
}

/** RFC 9162, 2.1.3.2: whether the tree of `size` leaves with this root has this leaf hash at this index. */
export async function verifyInclusion(
  leafIndex: number,
  size: number,
  leafHash: Hash,
  proof: readonly Hash[],
  rootHash: Hash,
  { nodeHash }: Tools,
): Promise<boolean> {
  if (leafIndex < 0 || leafIndex >= size) return false
  let [fn, sn, root] = [leafIndex, size - 1, leafHash]
  for (const sibling of proof) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      root = await nodeHash(sibling, root)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)]
    } else root = await nodeHash(root, sibling)
    ;[fn, sn] = [half(fn), half(sn)]
  }
  return sn === 0 && isSame(root, rootHash)
}

/** RFC 9162, 2.1.4.2: whether the newer tree begins with the older one, which is not empty. */
export async function verifyConsistency(
  older: { readonly size: number; readonly rootHash: Hash },
  newer: { readonly size: number; readonly rootHash: Hash },
  proof: readonly Hash[],
  { nodeHash }: Tools,
): Promise<boolean> {
  if (older.size === newer.size) return proof.length === 0 && isSame(older.rootHash, newer.rootHash)
  if (older.size <= 0 || older.size > newer.size) return false
  const path = spansOf(older.size).length === 1 ? [older.rootHash, ...proof] : proof
  const [start, ...rest] = path
  if (!start) return false
  let [fn, sn] = [older.size - 1, newer.size - 1]
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)]
  let [fr, sr] = [start, start]
  for (const hash of rest) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      fr = await nodeHash(hash, fr)
      sr = await nodeHash(hash, sr)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)]
    } else sr = await nodeHash(sr, hash)
    ;[fn, sn] = [half(fn), half(sn)]
  }
  return sn === 0 && isSame(fr, older.rootHash) && isSame(sr, newer.rootHash)
}

function half(value: number): number {
  return Math.floor(value / 2)
}
