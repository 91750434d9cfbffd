/**
 * The log as people search it: a projection that holds nothing of its own. Whoever changes this file can mislead a search
 * until it is rebuilt, and no more: every answer carries leaf indices, and the leaves are proven by the log.
 *
 * Rows name principals by id, `{person:…}`, so that erasing a name in the directory erases it here.
 */

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { normalizeIdentifier, type Query } from '../match/query.ts'
import { both, conditionOf, everything, rangeOf, type Condition } from './condition.ts'
import { activity, summarize, type Activity, type Summary } from './summary.ts'
import { openDatabase } from './schema.ts'

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

/** A row to be indexed. `identifiers` are normalized; `label` names a principal that is no person. */
export type Indexed = TrailRow & {
  readonly identifiers: readonly string[]
  readonly label?: { readonly id: string; readonly text: string }
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
}

export interface Trail extends Disposable {
  /** Rows below this leaf index are indexed or queued to be. */
  readonly size: number
  /** Undefined, or why rows are not taken in right now. */
  readonly trouble: string | undefined
  /** Takes rows in leaf order; false, and none taken, when the first is not the next one. */
  append(rows: readonly Indexed[]): boolean
  /** Writes what is queued. Never throws: a failure is `trouble`, and `size` falls back to what is written. */
  flush(): void
  /** Totals, facets and histogram are of the whole query, whatever the page. */
  search(search: Search): Found
  rows(leafIndexes: readonly number[]): TrailRow[]
  /** Leaves that mention it, oldest first, at most `limit`; a hash may be cut to seven digits or more. */
  byIdentifier(identifier: string, limit?: number): number[]
  labelOf(id: string): string | undefined
  activity(from: number, bucketMs: number, buckets: number): Activity
  /** Forgets everything, to be filled from leaf 0. */
  clear(): void
}

export type TrailOptions = { readonly file: string; readonly origin: string }

/** Opens the file, or begins it again when it is of another log or version, or broken. */
export function openTrail({ file, origin }: TrailOptions): Trail {
  return new SqliteTrail(openDatabase(file, origin))
}

const MAX_QUEUED = 1_000
const FLUSH_AFTER_MS = 50

class SqliteTrail implements Trail {
  readonly #database: DatabaseSync
  readonly #insert: Inserts
  #queue: Indexed[] = []
  #written: number
  #timer: NodeJS.Timeout | undefined
  #trouble: string | undefined

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#insert = prepareInserts(database)
    this.#written = this.#countWritten()
  }

  get size(): number {
    return this.#written + this.#queue.length
  }

  get trouble(): string | undefined {
    return this.#trouble
  }

  append(rows: readonly Indexed[]): boolean {
    const isNext = rows.every(({ leafIndex }, position) => leafIndex === this.size + position)
    if (!isNext) return false
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
      this.#database.exec('BEGIN IMMEDIATE')
      for (const row of rows) write(row, this.#insert)
      this.#database.exec('COMMIT')
      this.#written += rows.length
      this.#trouble = undefined
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      this.#trouble = `couldn't index leaves from ${this.#written} on: ${(error as Error).message}`
    }
  }

  search({ query, after, before, limit }: Search): Found {
    this.flush()
    const wanted = conditionOf(query)
    const page = both(wanted, bound('>', after), bound('<', before))
    const order = after === undefined ? 'DESC' : 'ASC'
    const found = this.#select(page, `ORDER BY leaf_index ${order} LIMIT ${Math.trunc(limit) + 1}`)
    const rows = found.slice(0, limit)
    const next = found.length > limit ? rows.at(-1)?.leafIndex : undefined
    return { rows, ...summarize(this.#database, wanted), ...(next !== undefined && { next }) }
  }

  rows(leafIndexes: readonly number[]): TrailRow[] {
    this.flush()
    const sql = 'leaf_index IN (SELECT value FROM json_each(?))'
    return this.#select({ sql, values: [JSON.stringify(leafIndexes)] }, 'ORDER BY leaf_index')
  }

  byIdentifier(identifier: string, limit = 10_000): number[] {
    this.flush()
    const { sql, values } = rangeOf(normalizeIdentifier(identifier))
    const statement = `SELECT DISTINCT leaf_index FROM identifier WHERE ${sql} ORDER BY leaf_index LIMIT ?`
    const rows = this.#database.prepare(statement).all(...values, limit)
    return rows.map(({ leaf_index: leafIndex }) => Number(leafIndex))
  }

  labelOf(id: string): string | undefined {
    this.flush()
    return this.#database.prepare('SELECT text FROM label WHERE id = ?').get(id)?.['text'] as string | undefined
  }

  activity(from: number, bucketMs: number, buckets: number): Activity {
    this.flush()
    return activity(this.#database, from, bucketMs, buckets)
  }

  clear(): void {
    this.#queue = []
    this.#database.exec('BEGIN; DELETE FROM leaf; DELETE FROM identifier; DELETE FROM label; COMMIT')
    this.#written = 0
  }

  [Symbol.dispose](): void {
    this.flush()
    this.#database.close()
  }

  #select({ sql, values }: Condition, rest: string): TrailRow[] {
    return this.#database
      .prepare(`SELECT * FROM leaf WHERE ${sql} ${rest}`)
      .all(...values)
      .map(readRow)
  }

  #countWritten(): number {
    const last = this.#database.prepare('SELECT max(leaf_index) AS last FROM leaf').get()?.['last']
    return typeof last === 'number' ? last + 1 : 0
  }
}

type Inserts = { readonly leaf: StatementSync; readonly identifier: StatementSync; readonly label: StatementSync }

function prepareInserts(database: DatabaseSync): Inserts {
  return {
    leaf: database.prepare(`INSERT INTO leaf VALUES(${Array.from({ length: 14 }, () => '?').join(', ')})`),
    identifier: database.prepare('INSERT OR IGNORE INTO identifier VALUES(?, ?)'),
    label: database.prepare('INSERT OR IGNORE INTO label VALUES(?, ?)'),
  }
}

function write(row: Indexed, { leaf, identifier, label }: Inserts): void {
  const { leafIndex, id, at, type, outcome, who, kind, resource, environment, reason, sentence, policies } = row
  const about = [resource?.kind ?? null, resource?.id ?? null, resource?.name ?? null]
  const rest = [environment ?? null, reason ?? null, sentence, policies.join(' ')]
  leaf.run(leafIndex, id, at, type, outcome, who, kind, ...about, ...rest)
  for (const value of row.identifiers) identifier.run(value, leafIndex)
  if (row.label) label.run(row.label.id, row.label.text)
}

type Stored = Record<'id' | 'type' | 'outcome' | 'who' | 'kind' | 'sentence' | 'policies', string> &
  Record<'leaf_index' | 'at', number> &
  Record<'resource_kind' | 'resource_id' | 'resource_name' | 'environment' | 'reason', string | null>

function readRow(stored: Record<string, unknown>): TrailRow {
  const { leaf_index: leafIndex, id, at, type, outcome, who, kind, sentence, policies, ...rest } = stored as Stored
  const { resource_kind: about, resource_id: resource, resource_name: name, environment, reason } = rest
  return {
    ...{ leafIndex, id, at, type, outcome, who, kind, sentence },
    policies: policies === '' ? [] : policies.split(' '),
    ...(about !== null && { resource: { kind: about, id: resource!, name: name! } }),
    ...(environment !== null && { environment }),
    ...(reason !== null && { reason }),
  }
}

function bound(sign: '<' | '>', leafIndex: number | undefined): Condition {
  return leafIndex === undefined ? everything : { sql: `leaf_index ${sign} ?`, values: [leafIndex] }
}
