/**
 * The log as people search it: a projection that holds nothing of its own. Whoever changes this file can mislead a search
 * until it is rebuilt, and no more: every answer carries leaf indices, and the leaves are proven by the log.
 *
 * Rows name principals by id, `{person:…}`, so that erasing a name in the directory erases it here.
 */

import type { DatabaseSync } from 'node:sqlite'
import type { Query } from '../match/query.ts'
import { activity, type Activity } from './activity.ts'
import type { Compiler } from './condition.ts'
import { pageOf, type Stretch } from './page.ts'
import { partsOf, planOf, type Part } from './plan.ts'
import { EMPTY, openDatabase } from './schema.ts'
import { Segments, type Direction } from './segments.ts'
import { Shapes } from './shape.ts'
import { countBy, summarize, type Summary, type Tables, type Tally } from './summary.ts'
import { mentioning } from './mention.ts'
import { Writing } from './writing.ts'

export type TrailRow = {
  readonly leafIndex: number
  /** The leaf's own random id: tells whether this index was made from this very log. */
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly type: string
  readonly outcome: string
  readonly who: string
  readonly kind: string
  readonly resource?: { readonly kind: string; readonly id: string; readonly name: string }
  readonly environment?: string
  readonly reason?: string
  /** Principals stand in it as `{person:…}`. */
  readonly sentence: string
  readonly policies: readonly string[]
}

/** A row to be indexed. `identifiers` are normalized; `label` names a principal that is no person; `ip` is what was disclosed. */
export type Indexed = TrailRow & {
  readonly identifiers: readonly string[]
  readonly label?: { readonly id: string; readonly text: string }
  readonly ip?: string
}

export type Search = {
  readonly query: Query
  /** Rows above this index, oldest first; without it, newest first. */
  readonly after?: number
  readonly before?: number
  readonly limit: number
}

export type Found = Summary & {
  readonly rows: readonly TrailRow[]
  /** Where the next page starts: the `after` or `before` to ask for. Undefined on the last page. */
  readonly next?: number
  /** What `| count by` asked for. */
  readonly tally?: Tally
}

/** How far the index is behind what it was given: rows that wait, and for how long the oldest of them has. */
export type Lag = { readonly leaves: number; readonly ms: number }

export interface Trail extends Disposable {
  /** Rows below this leaf index are indexed or queued to be. */
  readonly size: number
  readonly lag: Lag
  /** Undefined, or why rows are not taken in right now. */
  readonly trouble: string | undefined
  /** Takes rows in leaf order; false, and none taken, when the first is not the next one. */
  append(rows: readonly Indexed[]): boolean
  /** Writes what is queued. Never throws: a failure is `trouble`, and `size` falls back to what is written. */
  flush(): void
  /** Totals, facets and histogram are of the whole query, whatever the page. */
  search(search: Search): Found
  /** One page without counting: for whoever reads all of them. */
  page(search: Search): Pick<Found, 'rows' | 'next'>
  rows(leafIndexes: readonly number[]): TrailRow[]
  /** Leaves that mention it, oldest first, at most `limit`; a hash may be cut to seven digits or more. */
  byIdentifier(identifier: string, limit?: number): number[]
  labelOf(id: string): string | undefined
  activity(from: number, bucketMs: number, buckets: number): Activity
  /** Forgets what was disclosed about these leaves; the bytes are overwritten. */
  erase(leafIndexes: readonly number[]): void
  /** Forgets everything, to be filled from leaf 0. */
  clear(): void
}

export type TrailOptions = { readonly file: string; readonly origin: string }

/** Opens the file, or begins it again when it is of another log or version, or broken. */
export function openTrail({ file, origin }: TrailOptions): Trail {
  return new SqliteTrail(openDatabase(file, origin))
}

const MAX_QUEUED = 2_000
const FLUSH_AFTER_MS = 50

class SqliteTrail implements Trail {
  readonly #database: DatabaseSync
  readonly #tables: Tables
  readonly #writing: Writing
  #queue: Indexed[] = []
  #queuedAt = 0
  #written: number
  #timer: NodeJS.Timeout | undefined
  #trouble: string | undefined

  constructor(database: DatabaseSync) {
    this.#database = database
    const shapes = new Shapes(database)
    this.#tables = { shapes, segments: new Segments(database, shapes) }
    this.#writing = new Writing(database, this.#tables)
    this.#written = this.#tables.segments.size
  }

  get size(): number {
    return this.#written + this.#queue.length
  }

  get lag(): Lag {
    const leaves = this.#queue.length
    return { leaves, ms: leaves === 0 ? 0 : Math.round(performance.now() - this.#queuedAt) }
  }

  get trouble(): string | undefined {
    return this.#trouble
  }

  append(rows: readonly Indexed[]): boolean {
    const isNext = rows.every(({ leafIndex }, position) => leafIndex === this.size + position)
    if (!isNext) return false
    if (this.#queue.length === 0) this.#queuedAt = performance.now()
    for (const row of rows) this.#queue.push(row)
    if (this.#queue.length >= MAX_QUEUED) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_AFTER_MS).unref()
    return true
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const rows = this.#queue
    if (rows.length === 0) return
    this.#queue = []
    try {
      this.#writing.write(rows)
      this.#written += rows.length
      this.#trouble = undefined
    } catch (error) {
      this.#trouble = `couldn't index leaves from ${this.#written} on: ${(error as Error).message}`
    }
  }

  search(search: Search): Found {
    this.flush()
    const { where, count } = search.query
    const plan = planOf(where, this.#written, this.#compiler())
    const parts = [...partsOf(plan, this.#tables.segments)]
    const page = this.#page(search.after === undefined ? parts.toReversed() : parts, search)
    const tally = count && countBy(count.by, count.top, parts, this.#tables)
    return { ...page, ...summarize(parts, this.#tables), ...(tally && { tally }) }
  }

  page(search: Search): Pick<Found, 'rows' | 'next'> {
    this.flush()
    const plan = planOf(search.query.where, this.#written, this.#compiler())
    const { from, to } = stretchOf(search)
    const part = { ...plan, from: Math.max(plan.from, from), to: Math.min(plan.to, to) }
    return this.#page(partsOf(part, this.#tables.segments, directionOf(search)), search)
  }

  #page(parts: Iterable<Part>, search: Search): Pick<Found, 'rows' | 'next'> {
    const { limit } = search
    const found = pageOf(parts, stretchOf(search), directionOf(search), Math.trunc(limit) + 1)
    const rows = this.#tables.segments.rows(found.slice(0, limit))
    const next = found.length > limit ? found[limit - 1] : undefined
    return { rows: directionOf(search) === 'ASC' ? rows : rows.toReversed(), ...(next !== undefined && { next }) }
  }

  rows(leafIndexes: readonly number[]): TrailRow[] {
    this.flush()
    return this.#tables.segments.rows(leafIndexes)
  }

  byIdentifier(identifier: string, limit = 10_000): number[] {
    this.flush()
    return mentioning(identifier, limit, this.#tables.segments)
  }

  labelOf(id: string): string | undefined {
    this.flush()
    return this.#database.prepare('SELECT text FROM label WHERE id = ?').get(id)?.['text'] as string | undefined
  }

  activity(from: number, bucketMs: number, buckets: number): Activity {
    this.flush()
    return activity(this.#tables, from, bucketMs, buckets)
  }

  erase(leafIndexes: readonly number[]): void {
    this.flush()
    this.#tables.segments.erase(leafIndexes)
    // The log of the database still has the pages as they were.
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  clear(): void {
    this.#queue = []
    this.#database.exec(`BEGIN; ${EMPTY} COMMIT`)
    this.#tables.shapes.reload()
    this.#tables.segments.reload()
    this.#written = 0
  }

  [Symbol.dispose](): void {
    this.flush()
    this.#database.close()
  }

  #compiler(): Compiler {
    const { segments, shapes } = this.#tables
    return { shapes, firstSince: (at) => segments.firstSince(at) }
  }
}

function directionOf({ after }: Search): Direction {
  return after === undefined ? 'DESC' : 'ASC'
}

function stretchOf({ after, before }: Search): Stretch {
  return { from: after === undefined ? 0 : after + 1, to: before ?? Infinity }
}
