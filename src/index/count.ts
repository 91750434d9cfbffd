/** How many leaves of each shape a stretch of the log has: read from blocks of 4,096, so that it costs the same at any size. */

import type { DatabaseSync, StatementSync } from 'node:sqlite'

export const BLOCK = 4_096

export class Counts {
  readonly #blocks: StatementSync
  readonly #leaves: StatementSync
  readonly #at: StatementSync
  readonly #last: StatementSync
  readonly #holding: StatementSync

  constructor(database: DatabaseSync) {
    this.#blocks = database.prepare(
      'SELECT shape, sum(n) AS n FROM block WHERE block >= ? AND block < ? GROUP BY shape',
    )
    this.#leaves = database.prepare(
      'SELECT shape, count(*) AS n FROM leaf WHERE leaf_index >= ? AND leaf_index < ? GROUP BY shape',
    )
    this.#at = database.prepare('SELECT at FROM leaf WHERE leaf_index = ?')
    this.#last = database.prepare('SELECT max(leaf_index) AS last FROM leaf')
    this.#holding = database.prepare(
      'SELECT DISTINCT block FROM block WHERE block >= ? AND block <= ? AND shape IN (SELECT value FROM json_each(?)) ORDER BY block',
    )
  }

  get size(): number {
    const last = this.#last.get()?.['last']
    return typeof last === 'number' ? last + 1 : 0
  }

  at(leafIndex: number): number {
    return Number(this.#at.get(leafIndex)?.['at'])
  }

  /** Shape to how many leaves `from` to `to` (excluded) have it. */
  between(from: number, to: number): Map<number, number> {
    const counts = new Map<number, number>()
    const add = (rows: readonly Counted[]) => {
      for (const { shape, n } of rows) counts.set(shape, (counts.get(shape) ?? 0) + n)
    }
    const [first, last] = [Math.ceil(from / BLOCK), Math.floor(to / BLOCK)]
    if (first >= last) add(this.#leaves.all(from, to) as unknown as Counted[])
    else {
      add(this.#leaves.all(from, first * BLOCK) as unknown as Counted[])
      add(this.#blocks.all(first, last) as unknown as Counted[])
      add(this.#leaves.all(last * BLOCK, to) as unknown as Counted[])
    }
    return counts
  }

  /** Blocks that hold any leaf of these shapes, in order. */
  holding(shapes: ReadonlySet<number>, from: number, to: number): number[] {
    const [first, last] = [Math.floor(from / BLOCK), Math.floor(Math.max(0, to - 1) / BLOCK)]
    return this.#holding.all(first, last, JSON.stringify([...shapes])).map(({ block }) => Number(block))
  }

  /** The log's time never runs backwards, so its own order finds a moment without reading what was before. */
  firstSince(at: number, size: number): number {
    let [low, high] = [0, size]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.at(middle) < at) low = middle + 1
      else high = middle
    }
    return low
  }
}

type Counted = { readonly shape: number; readonly n: number }
