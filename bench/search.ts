/**
 * The trail over rows of a real shape: how fast it is filled from the first row to the last, and how soon it answers. Each question
 * is asked many times with other words; what is measured is the trail alone, without HTTP. `--rows 10000000` is the size that the
 * goals are of; a million says what to expect.
 */

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { openTrail, type Trail } from '../src/index/trail.ts'
import { parseQuery } from '../src/match/parse.ts'
import { isProblem, type Query } from '../src/match/query.ts'
import { NOW, rowAt } from '../test/index/corpus.ts'
import { openPlace } from './world/place.ts'
import { questions } from './world/question.ts'

type Measure = { readonly value: number; readonly unit: string; readonly goal?: string; readonly met?: boolean }

const ROWS = Number(process.env['BENCH_ROWS'] ?? 1_000_000)
const BATCH = 1_000
/** The begin is what was reached at a million, the end at five, or as much of that as there is. */
const PART = Math.floor(Math.min(ROWS, 5_000_000) / 5 / BATCH) * BATCH
const RAW = 100_000
const RATE = 2_000
const ASKED = 20

export async function run(): Promise<Record<string, Measure>> {
  await using place = await openPlace()
  const file = join(place.path, 'trail.db')
  const raw = rawRate(join(place.path, 'raw.db'))
  let filled: Record<string, Measure>
  {
    using trail = openTrail({ file, origin: 'bench.localhost' })
    filled = fill(trail, raw)
  }
  const bytes = Math.round(statSync(file).size / ROWS)
  const begun = performance.now()
  using trail = openTrail({ file, origin: 'bench.localhost' })
  return {
    ...filled,
    'search.size': most(bytes, 200, 'bytes/row'),
    'search.open': most(performance.now() - begun, 2_000, 'ms'),
    ...ask(trail),
    ...(await follow(trail)),
  }
}

/** What SQLite does at most: the same rows as text, one behind the other, found by nothing. */
function rawRate(file: string): number {
  using database = new DatabaseSync(file)
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE raw(leaf INTEGER PRIMARY KEY, row TEXT)',
  )
  const insert = database.prepare('INSERT INTO raw VALUES(?, ?)')
  let wall = 0
  for (let start = 0; start < RAW; start += BATCH) {
    const rows = batchFrom(start).map((row) => JSON.stringify(row))
    const before = performance.now()
    database.exec('BEGIN')
    for (const [index, row] of rows.entries()) insert.run(start + index, row)
    database.exec('COMMIT')
    wall += performance.now() - before
  }
  return RAW / (wall / 1_000)
}

type Cost = { readonly rate: number; readonly cpu: number }

/** Rows are made before the clock runs: what a leaf costs to be read is not the index's. */
function fill(trail: Trail, raw: number): Record<string, Measure> {
  const costs: Cost[] = []
  for (let start = 0; start < ROWS; start += PART) costs.push(fillPart(trail, start, Math.min(ROWS, start + PART)))
  const [begin, end, last] = [costs[0]!, costs[4]!, costs.at(-1)!]
  const cpu = costs.reduce((total, cost) => total + cost.cpu, 0) / costs.length
  const rate = costs.length / costs.reduce((total, cost) => total + 1 / cost.rate, 0)
  // By processor time: whatever else the machine does meanwhile is not the index's.
  return {
    'search.raw': { value: Math.round(raw), unit: 'rows/s' },
    'search.fill': least(rate, 35_000, 'rows/s'),
    'search.fill-raw': { ...round(rate / raw), unit: 'of raw' },
    'search.fill-begin': { value: Math.round(begin.rate), unit: 'rows/s' },
    'search.fill-end': { value: Math.round(end.rate), unit: 'rows/s' },
    'search.fill-cpu': most(cpu, 20, 'us/row'),
    'search.fill-cpu-last': { ...round(last.cpu), unit: 'us/row' },
    'search.fill-steady': least(begin.cpu / end.cpu, 0.8, 'end/begin'),
  }
}

function fillPart(trail: Trail, from: number, to: number): Cost {
  let [wall, cpu] = [0, 0]
  for (let start = from; start < to; start += BATCH) {
    const rows = batchFrom(start).slice(0, to - start)
    const [before, used] = [performance.now(), process.cpuUsage()]
    trail.append(rows)
    trail.flush()
    wall += performance.now() - before
    const { user, system } = process.cpuUsage(used)
    cpu += user + system
  }
  return { rate: (to - from) / (wall / 1_000), cpu: cpu / (to - from) }
}

function batchFrom(start: number): ReturnType<typeof rowAt>[] {
  return Array.from({ length: BATCH }, (_, index) => rowAt(start + index, timeOf(start + index)))
}

function timeOf(leafIndex: number): number {
  return NOW - (ROWS - leafIndex) * 250
}

/** The first page with its next one announced, and the totals with facets, histogram and tally. */
function ask(trail: Trail): Record<string, Measure> {
  const measured: Record<string, Measure> = {}
  const all: Time[] = []
  for (const [name, { page = 100, total = 500, ask: word }] of Object.entries(questions)) {
    const rows = Array.from({ length: ASKED }, (_, index) => rowAt(Math.floor(((index + 0.5) / ASKED) * ROWS)))
    const queries = rows.map((row) => read(word(row)))
    const pages = queries.map((query) => timeTo(() => trail.page({ query, limit: 50 })))
    const totals = queries.map((query) => timeTo(() => trail.search({ query, limit: 50 })))
    measured[`search.${name}-page-p50`] = { ...round(quantile(wall(pages), 0.5)), unit: 'ms' }
    measured[`search.${name}-page`] = most(quantile(wall(pages), 0.95), page, 'ms p95')
    measured[`search.${name}-total`] = most(quantile(wall(totals), 0.95), total, 'ms p95')
    measured[`search.${name}-total-cpu`] = {
      ...round(
        quantile(
          totals.map(({ cpu }) => cpu),
          0.95,
        ),
      ),
      unit: 'ms p95',
    }
    all.push(...pages, ...totals)
  }
  const sum = (part: keyof Time) => all.reduce((time, one) => time + one[part], 0)
  // One, when the machine had nothing else to do: so many times longer than on an idle one are the others.
  return { ...measured, 'search.waited': { ...round(sum('wall') / sum('cpu')), unit: 'wall/cpu' } }
}

type Time = { readonly wall: number; readonly cpu: number }

function wall(times: readonly Time[]): number[] {
  return times.map((time) => time.wall)
}

function read(text: string): Query {
  const query = parseQuery(text, NOW)
  if (isProblem(query)) throw new Error(`${text}: ${query.problem}`)
  return query
}

function timeTo(answer: () => unknown): Time {
  const [before, used] = [performance.now(), process.threadCpuUsage()]
  answer()
  const { user, system } = process.threadCpuUsage(used)
  return { wall: performance.now() - before, cpu: (user + system) / 1_000 }
}

function quantile(times: readonly number[], part: number): number {
  return times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))]!
}

/** How far the index is behind while leaves come one by one. */
async function follow(trail: Trail): Promise<Record<string, Measure>> {
  const lags: number[] = []
  const [begun, size] = [performance.now(), trail.size]
  while (performance.now() - begun < 10_000) {
    const due = size + Math.floor(((performance.now() - begun) / 1_000) * RATE)
    while (trail.size < due) trail.append([rowAt(trail.size, NOW)])
    lags.push(trail.lag.ms)
    await sleep(1)
  }
  const kept = (trail.size - size) / ((performance.now() - begun) / 1_000)
  return {
    'search.follow': { value: Math.round(kept), unit: 'rows/s' },
    'search.lag': most(quantile(lags, 0.99), 100, 'ms p99'),
    'search.lag-most': { value: Math.max(...lags), unit: 'ms at most' },
  }
}

function most(value: number, goal: number, unit: string): Measure {
  return { ...round(value), unit, goal: `<= ${goal}`, met: value <= goal }
}

function least(value: number, goal: number, unit: string): Measure {
  return { ...round(value), unit, goal: `>= ${goal}`, met: value >= goal }
}

function round(value: number): { readonly value: number } {
  return { value: Math.round(value * 100) / 100 }
}
