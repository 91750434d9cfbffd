/**
 * The trail at a million rows of a real shape: how fast it is filled from the first row to the last, and how soon it answers. Each
 * question is asked many times with other words; what is measured is the trail alone, without HTTP.
 */

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openTrail, type Trail } from '../src/index/trail.ts'
import { parseQuery } from '../src/match/parse.ts'
import { isProblem, type Query } from '../src/match/query.ts'
import { NOW, rowAt } from '../test/index/corpus.ts'
import { openPlace } from './world/place.ts'

type Measure = { readonly value: number; readonly unit: string; readonly goal?: string; readonly met?: boolean }

const ROWS = Number(process.env['BENCH_ROWS'] ?? 1_000_000)
const BATCH = 1_000
const PART = Math.floor(ROWS / 5)
const RATE = 2_000
const ASKED = 40

export async function run(): Promise<Record<string, Measure>> {
  await using place = await openPlace()
  const file = join(place.path, 'trail.db')
  using trail = openTrail({ file, origin: 'bench.localhost' })
  const filled = fill(trail)
  const bytes = Math.round(statSync(file).size / ROWS)
  return { ...filled, 'search.size': { value: bytes, unit: 'bytes/row' }, ...ask(trail), ...(await follow(trail)) }
}

/** Rows are made before the clock runs: what a leaf costs to be read is not the index's. */
function fill(trail: Trail): Record<string, Measure> {
  const costs: number[] = []
  let last = 0
  for (let part = 0; part < 5; part += 1) {
    let [wall, cpu] = [0, 0]
    for (let start = part * PART; start < (part + 1) * PART; start += BATCH) {
      const rows = Array.from({ length: BATCH }, (_, index) => rowAt(start + index, timeOf(start + index)))
      const [before, used] = [performance.now(), process.cpuUsage()]
      trail.append(rows)
      trail.flush()
      wall += performance.now() - before
      const { user, system } = process.cpuUsage(used)
      cpu += user + system
    }
    costs.push(cpu / PART)
    last = PART / (wall / 1_000)
  }
  // By processor time: whatever else the machine does meanwhile is not the index's.
  const steady = costs[0]! / costs[4]!
  return {
    'search.fill': { value: Math.round(last), unit: 'rows/s' },
    'search.fill-cpu': most(costs.reduce((total, cost) => total + cost, 0) / 5, 20, 'us/row'),
    'search.fill-last': { ...round(costs[4]!), unit: 'us/row' },
    'search.fill-steady': { ...round(steady), unit: 'end/begin', goal: '>= 0.8', met: steady >= 0.8 },
  }
}

function timeOf(leafIndex: number): number {
  return NOW - (ROWS - leafIndex) * 250
}

const questions: Readonly<Record<string, readonly [goalMs: number, ask: (row: ReturnType<typeof rowAt>) => string]>> = {
  id: [20, ({ identifiers }) => `id:${identifiers.at(-1)}`],
  who: [100, ({ who }) => `who:${who}`],
  type: [100, ({ type, outcome }) => `type:${type} outcome:${outcome}`],
  'type-since': [100, ({ type }) => `type:${type} since:24h`],
  'who-type': [100, ({ who, type }) => `who:${who} -type:${type}`],
  word: [300, ({ sentence }) => wordOf(sentence)],
  phrase: [
    300,
    ({ sentence }) =>
      `"${sentence
        .replaceAll(/\{[^}]*\}/g, '')
        .split(' ')
        .slice(-3)
        .join(' ')}"`,
  ],
}

function wordOf(sentence: string): string {
  return sentence.split(/[^A-Za-z0-9]+/).filter((word) => word.length > 3)[2] ?? 'production'
}

function ask(trail: Trail): Record<string, Measure> {
  const measured: Record<string, Measure> = {}
  for (const [name, [goal, word]] of Object.entries(questions)) {
    const queries = Array.from({ length: ASKED }, (_, index) => read(word(rowAt(Math.floor((index / ASKED) * ROWS)))))
    measured[`search.${name}-page`] = most(
      p95(queries, (query) => trail.page({ query, limit: 50 })),
      goal,
      'ms p95',
    )
    measured[`search.${name}-total`] = most(
      p95(queries, (query) => trail.search({ query, limit: 50 })),
      500,
      'ms p95',
    )
  }
  return measured
}

function read(text: string): Query {
  const query = parseQuery(text, NOW)
  if (isProblem(query)) throw new Error(`${text}: ${query.problem}`)
  return query
}

function p95(queries: readonly Query[], answer: (query: Query) => unknown): number {
  const times = queries.map((query) => {
    const before = performance.now()
    answer(query)
    return performance.now() - before
  })
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.95)]!
}

/** How far the index is behind while leaves come one by one. */
async function follow(trail: Trail): Promise<Record<string, Measure>> {
  const lags: number[] = []
  const [begun, size] = [performance.now(), trail.size]
  while (performance.now() - begun < 3_000) {
    const due = size + Math.floor(((performance.now() - begun) / 1_000) * RATE)
    while (trail.size < due) trail.append([rowAt(trail.size, NOW)])
    lags.push(trail.lag.ms)
    await sleep(1)
  }
  const kept = (trail.size - size) / ((performance.now() - begun) / 1_000)
  return {
    'search.follow': { value: Math.round(kept), unit: 'rows/s' },
    'search.lag': most(Math.max(...lags), 100, 'ms at most'),
  }
}

function most(value: number, goal: number, unit: string): Measure {
  return { ...round(value), unit, goal: `<= ${goal}`, met: value <= goal }
}

function round(value: number): { readonly value: number } {
  return { value: Math.round(value * 100) / 100 }
}
