/** One list while leaves go by: rows of one leaf are written at once, rows of several when all leaves were seen. */

import { Growing } from './growing.ts'
import type { PlainLeaf } from './plain-leaf.ts'
import { finish, type Drafts, type Rule } from './rule.ts'
import type { Spread } from './sheet.ts'

/** Rows that are put together at once. */
const BLOCK = 10_000

export type ReadLeaf = (leafIndex: number) => Promise<PlainLeaf | undefined>

export class List {
  readonly rule: Rule
  readonly spread: Spread
  /** What rows are about, numbered in the order in which they were first met; and which leaf adds to which. */
  readonly #numbers = new Map<string, number>()
  readonly #rows = new Growing('up to 2^32')
  readonly #leaves = new Growing('larger')

  constructor(rule: Rule, spread: Spread) {
    this.rule = rule
    this.spread = spread
  }

  /** What rows of several leaves are about. */
  get keys(): Iterable<string> {
    return this.#numbers.keys()
  }

  take(leaf: PlainLeaf): void {
    if (!this.rule.keyOf) return this.#write([leaf])
    const key = this.rule.keyOf(leaf)
    if (key === undefined) return
    const number = this.#numbers.get(key) ?? this.#numbers.size
    this.#numbers.set(key, number)
    this.#rows.push(number)
    this.#leaves.push(leaf.leafIndex)
  }

  /** Leaves of some rows are read again, so that memory does not grow with what stands in all of them. */
  async finish(read: ReadLeaf): Promise<void> {
    for (let first = 0; first < this.#numbers.size; first += BLOCK) {
      const drafts: Drafts = new Map()
      for (let i = 0; i < this.#rows.size; i += 1) {
        const number = this.#rows.at(i)
        if (number < first || number >= first + BLOCK) continue
        const leaf = await read(this.#leaves.at(i))
        if (leaf) this.rule.take(leaf, drafts)
      }
      for (const row of finish(drafts, this.rule.columns)) this.spread.add(row)
      await this.spread.drain()
    }
  }

  #write(leaves: readonly PlainLeaf[]): void {
    const drafts: Drafts = new Map()
    for (const leaf of leaves) this.rule.take(leaf, drafts)
    for (const row of finish(drafts, this.rule.columns)) this.spread.add(row)
  }
}
