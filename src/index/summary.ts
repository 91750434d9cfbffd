/** Counts over the trail: exact, and of one reading of the table, so that facets always add up to their total. */

import type { DatabaseSync } from 'node:sqlite'
import type { Condition } from './condition.ts'

export type Facets = Readonly<Record<'outcome' | 'kind' | 'type', Readonly<Record<string, number>>>>
/** `from` is included, `to` is not; milliseconds since the epoch. */
export type Bar = { readonly from: number; readonly to: number; readonly total: number; readonly refused: number }
/** The histogram has 24 bars of one width over the time of the rows, or none when there are no rows. */
export type Summary = { readonly total: number; readonly facets: Facets; readonly histogram: readonly Bar[] }

const BARS = 24

export function summarize(database: DatabaseSync, { sql, values }: Condition): Summary {
  const groups = database
    .prepare(
      `SELECT type, kind, outcome, count(*) AS n, min(at) AS first, max(at) AS last FROM leaf WHERE ${sql} GROUP BY 1, 2, 3`,
    )
    .all(...values) as unknown as Group[]
  const facets = { outcome: tally(groups, 'outcome'), kind: tally(groups, 'kind'), type: tally(groups, 'type') }
  return { total: sum(groups), facets, histogram: histogram(database, { sql, values }, groups) }
}

type Group = Record<'outcome' | 'kind' | 'type', string> & { n: number; first: number; last: number }

function sum(groups: readonly Group[]): number {
  return groups.reduce((total, { n }) => total + n, 0)
}

function tally(groups: readonly Group[], by: 'outcome' | 'kind' | 'type'): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const group of groups) counts[group[by]] = (counts[group[by]] ?? 0) + group.n
  return counts
}

function histogram(database: DatabaseSync, { sql, values }: Condition, groups: readonly Group[]): Bar[] {
  if (groups.length === 0) return []
  const first = Math.min(...groups.map((group) => group.first))
  const last = Math.max(...groups.map((group) => group.last))
  const width = Math.max(1, Math.ceil((last - first + 1) / BARS))
  const bars = Array.from({ length: BARS }, (_, bar) => ({ from: first + bar * width, to: first + (bar + 1) * width }))
  const counted = database
    .prepare(
      `SELECT CAST((at - ?) / ? AS INTEGER) AS bar, count(*) AS total, sum(outcome = 'refused') AS refused FROM leaf WHERE ${sql} GROUP BY 1`,
    )
    .all(first, width, ...values) as unknown as { bar: number; total: number; refused: number }[]
  const byBar = new Map(counted.map(({ bar, total, refused }) => [bar, { total, refused }]))
  return bars.map((bar, index) => ({ ...bar, ...(byBar.get(index) ?? { total: 0, refused: 0 }) }))
}

export type Activity = {
  readonly buckets: readonly { readonly from: number; readonly allowed: number; readonly refused: number }[]
  readonly byReason: readonly { readonly reason: string; readonly count: number }[]
}

/** What was allowed and refused from `from` on, in `buckets` steps of `bucketMs`; refusals by reason, most first. */
export function activity(database: DatabaseSync, from: number, bucketMs: number, buckets: number): Activity {
  const start = firstSince(database, from)
  const counted = database
    .prepare(
      `SELECT CAST((at - ?) / ? AS INTEGER) AS bucket, outcome, reason, count(*) AS n FROM leaf
       WHERE leaf_index >= ? AND at >= ? AND at < ? AND outcome IN ('allowed', 'refused') GROUP BY 1, 2, 3`,
    )
    .all(from, bucketMs, start, from, from + bucketMs * buckets) as unknown as Counted[]
  const count = (bucket: number, outcome: string) =>
    counted.filter((one) => one.bucket === bucket && one.outcome === outcome).reduce((total, { n }) => total + n, 0)
  const steps = Array.from({ length: buckets }, (_, bucket) => bucket)
  return {
    buckets: steps.map((bucket) => ({
      from: from + bucket * bucketMs,
      allowed: count(bucket, 'allowed'),
      refused: count(bucket, 'refused'),
    })),
    byReason: countReasons(counted),
  }
}

/** The log's time never runs backwards, so the table's own key finds a moment without reading what was before. */
function firstSince(database: DatabaseSync, at: number): number {
  const atOf = database.prepare('SELECT at FROM leaf WHERE leaf_index = ?')
  let low = 0
  let high = Number(database.prepare('SELECT coalesce(max(leaf_index), -1) AS last FROM leaf').get()?.['last']) + 1
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (Number(atOf.get(middle)?.['at']) < at) low = middle + 1
    else high = middle
  }
  return low
}

type Counted = { bucket: number; outcome: string; reason: string | null; n: number }

function countReasons(counted: readonly Counted[]): { reason: string; count: number }[] {
  const counts = new Map<string, number>()
  for (const { outcome, reason, n } of counted)
    if (outcome === 'refused' && reason) counts.set(reason, (counts.get(reason) ?? 0) + n)
  return [...counts].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count)
}
