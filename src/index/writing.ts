/** Rows on their way into the tables of the trail, in one transaction after the other. */

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { SEGMENT } from './bits.ts'
import { BLOCK, compress, pack, timeOf, type Packed } from './block.ts'
import type { FreshSegment } from './fresh.ts'
import { pagesOf } from './run.ts'
import type { Tables } from './summary.ts'
import type { Indexed } from './trail.ts'

export class Writing {
  readonly #database: DatabaseSync
  readonly #tables: Tables
  readonly #insert: Record<'segment' | 'fence' | 'page' | 'block' | 'fresh' | 'label', StatementSync>
  readonly #lastPage: StatementSync
  readonly #forgetFresh: StatementSync

  constructor(database: DatabaseSync, tables: Tables) {
    this.#database = database
    this.#tables = tables
    this.#insert = {
      segment: database.prepare('INSERT INTO segment VALUES(?, ?, ?, ?, ?)'),
      fence: database.prepare('INSERT INTO fence VALUES(?, ?, ?)'),
      page: database.prepare('INSERT INTO page VALUES(?, ?)'),
      block: database.prepare('INSERT INTO block VALUES(?, ?, ?)'),
      fresh: database.prepare('INSERT INTO fresh VALUES(?, ?, ?, ?)'),
      label: database.prepare('INSERT OR IGNORE INTO label VALUES(?, ?)'),
    }
    this.#lastPage = database.prepare('SELECT max(page) AS page FROM page')
    this.#forgetFresh = database.prepare('DELETE FROM fresh')
  }

  /** All of them, or none: then it throws. */
  write(rows: readonly Indexed[]): void {
    try {
      this.#database.exec('BEGIN IMMEDIATE')
      for (let from = 0; from < rows.length;) {
        const room = SEGMENT - this.#tables.segments.fresh.length
        this.#writeBatch(rows.slice(from, from + room))
        from += room
      }
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      this.#tables.shapes.reload()
      this.#tables.segments.reload()
      throw error
    }
  }

  /** As many as the newest segment has room for. */
  #writeBatch(rows: readonly Indexed[]): void {
    const { fresh } = this.#tables.segments
    const from = fresh.length
    for (const row of rows) {
      fresh.add(row, pack(row, this.#tables.shapes.idOf(row)))
      if (row.label) this.#insert.label.run(row.label.id, row.label.text)
    }
    const whole = fresh.length - (fresh.length % BLOCK)
    for (let offset = from - (from % BLOCK); offset < whole; offset += BLOCK) {
      const block = fresh.rows(span(offset, offset + BLOCK))
      this.#insert.block.run((fresh.start + offset) / BLOCK, timeOf(block[0]!), compress(block))
    }
    if (fresh.length === SEGMENT) this.#seal(fresh)
    else this.#insertBatch(rows, from, fresh.rows(span(Math.max(from, whole), fresh.length)))
  }

  #insertBatch(rows: readonly Indexed[], from: number, packed: readonly Packed[]): void {
    const { start } = this.#tables.segments.fresh
    const identifiers = rows.map((row) => row.identifiers)
    const addresses = rows.flatMap(({ ip }, index) => (ip === undefined ? [] : [[from + index, ip]]))
    this.#insert.fresh.run(start + from, ...[identifiers, packed, addresses].map((part) => JSON.stringify(part)))
  }

  /** What the newest segment is found by is written once, in order, and never changes again. */
  #seal(fresh: FreshSegment): void {
    const { segments } = this.#tables
    const segment = fresh.start / SEGMENT
    const firstPage = Number(this.#lastPage.get()?.['page'] ?? 0) + 1
    let page = firstPage
    for (const { first, data } of pagesOf(fresh.sorted())) {
      this.#insert.page.run(page, data)
      this.#insert.fence.run(segment, Buffer.from(first, 'latin1'), page)
      page += 1
    }
    segments.addresses.insert(segment, fresh.addresses)
    const counts = JSON.stringify(fresh.counts)
    const sealed = { segment, counts, first_page: firstPage, last_page: page - 1, kinds: fresh.kinds }
    this.#insert.segment.run(segment, counts, firstPage, page - 1, sealed.kinds)
    this.#forgetFresh.run()
    segments.begin(sealed)
  }
}

function span(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}
