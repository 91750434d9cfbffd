/** Rows on their way into the tables of the trail, in one transaction after the other. */

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { BLOCK } from './count.ts'
import type { Shapes } from './shape.ts'
import { tokensOf } from './token.ts'
import type { Indexed } from './trail.ts'

export class Writing {
  readonly #database: DatabaseSync
  readonly #shapes: Shapes
  readonly #insert: Record<'leaf' | 'block' | 'mention' | 'address' | 'label', StatementSync>

  constructor(database: DatabaseSync, shapes: Shapes) {
    this.#database = database
    this.#shapes = shapes
    this.#insert = {
      leaf: database.prepare('INSERT INTO leaf VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
      block: database.prepare('INSERT INTO block VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n'),
      mention: database.prepare('INSERT INTO mention(rowid, tokens) VALUES(?, ?)'),
      address: database.prepare('INSERT INTO address VALUES(?, ?)'),
      label: database.prepare('INSERT OR IGNORE INTO label VALUES(?, ?)'),
    }
  }

  /** All of them, or none: then it throws. */
  write(rows: readonly Indexed[]): void {
    try {
      this.#database.exec('BEGIN IMMEDIATE')
      const counts = new Map<string, readonly [block: number, shape: number, n: number]>()
      for (const row of rows) this.#writeRow(row, counts)
      for (const [block, shape, n] of counts.values()) this.#insert.block.run(block, shape, n)
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      this.#shapes.reload()
      throw error
    }
  }

  #writeRow(row: Indexed, counts: Map<string, readonly [number, number, number]>): void {
    const { leafIndex, id, at, who, resource, sentence, policies, label, ip } = row
    const shape = this.#shapes.idOf(row)
    const about = [resource?.kind ?? null, resource?.id ?? null, resource?.name ?? null]
    this.#insert.leaf.run(leafIndex, at, shape, who, ...about, id, sentence, policies.join(' '))
    this.#insert.mention.run(leafIndex, tokensOf(row))
    if (ip !== undefined) this.#insert.address.run(leafIndex, ip)
    if (label) this.#insert.label.run(label.id, label.text)
    const block = Math.floor(leafIndex / BLOCK)
    const key = `${block} ${shape}`
    counts.set(key, [block, shape, (counts.get(key)?.[2] ?? 0) + 1])
  }
}
