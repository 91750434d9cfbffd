/**
 * Leaves that are durable and can be found, per second: the log and the thread of the index at once, on leaves of a real shape that all
 * differ. Then how soon a leaf is found at half of that and at 2,000 a second, how fast the index is made again from the log, and for
 * how long a search of everything holds up whoever decides. `BENCH_LEAVES` (200,000 unless said) are indexed.
 */

import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Published } from '../src/control/ledger.ts'
import { Indexing } from '../src/control/trail/indexing.ts'
import { workerLink, type StartLink } from '../src/control/trail/link.ts'
import { empty } from '../src/domain/state.ts'
import { everything, isProblem } from '../src/match/query.ts'
import { parseQuery } from '../src/match/parse.ts'
import { openLog, type Log } from '../src/store/log.ts'
import { ed25519Signer, NOTE_SIGNATURE } from '../src/tlog/key.ts'
import { recordedLeaves } from './world/leaf.ts'
import { openPlace } from './world/place.ts'
import { variants } from './world/variant.ts'

type Measure = { readonly value: number; readonly unit: string; readonly goal?: string; readonly met?: boolean }

const LEAVES = Number(process.env['BENCH_LEAVES'] ?? 200_000)
const CALLERS = 1_024
const RECORDED = 4_000
const ORIGIN = 'bench.localhost'
const STEADY_MS = 5_000

export async function run(): Promise<Record<string, Measure>> {
  await using place = await openPlace()
  const leaves = variants(await recordedLeaves(join(place.path, 'recorded'), RECORDED))
  const signer = ed25519Signer(ORIGIN, NOTE_SIGNATURE, generateKeyPairSync('ed25519').privateKey)
  const open = (name: string) => openLog({ directory: join(place.path, name), origin: ORIGIN, signer })
  const durable = await bare(await open('bare'), leaves)
  await using log = await open('log')
  const file = join(place.path, 'trail.db')
  const both = await together(log, leaves, file)
  const rate = both['index.indexed']!.value / 2
  return {
    'index.raw.durable': { value: durable, unit: 'leaves/s' },
    ...both,
    ...(await steadily('index.half', rate, log, leaves, file)),
    ...(await steadily('index.2000', 2_000, log, leaves, file)),
    ...(await again(log, join(place.path, 'again.db'))),
  }
}

type Leaves = (index: number) => Uint8Array

/** The log without an index, in the same run. */
async function bare(log: Log, leaves: Leaves): Promise<number> {
  await using _ = log
  const began = performance.now()
  await writeUpTo(LEAVES / 4, log, leaves, () => undefined)
  return Math.round(log.size / seconds(began))
}

/** Every caller asks again as soon as its leaf is durable. */
async function writeUpTo(size: number, log: Log, leaves: Leaves, publish: (index: number, leaf: Uint8Array) => void) {
  const caller = async () => {
    while (log.size < size) {
      const leaf = leaves(log.size)
      const { leafIndex, durable } = log.append(leaf)
      await durable
      publish(leafIndex, leaf)
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, caller))
}

/** What stands between the log and the index in a running instance; `marks` hears how far the index is, as soon as that is said. */
function indexOf(log: Log, file: string, marks?: (size: number) => void) {
  const start = workerLink({ file, origin: ORIGIN })
  const heard: StartLink = ({ hear, end }) =>
    start({
      end,
      hear: (message) => {
        if (message.type === 'taken') marks?.(message.mark.size)
        hear(message)
      },
    })
  const ledger = { log, publishedSize: log.size, state: empty() }
  const report = (sentence: string) => process.emitWarning(sentence)
  const indexing = new Indexing({ ledger, start: heard, clock: Date.now, report })
  indexing.start()
  const publish = (leafIndex: number, bytes: Uint8Array) => {
    ledger.publishedSize = leafIndex + 1
    indexing.ingest({
      leaf: undefined as unknown as Published['leaf'],
      leafIndex,
      disclosures: [],
      bytes,
      kept: undefined,
    })
  }
  return { indexing, publish }
}

async function together(log: Log, leaves: Leaves, file: string): Promise<Record<string, Measure>> {
  const { indexing, publish } = indexOf(log, file)
  await using _ = indexing
  await indexing.catchUp()
  const [began, used] = [performance.now(), process.cpuUsage()]
  await writeUpTo(LEAVES, log, leaves, publish)
  const durable = Math.round(log.size / seconds(began))
  await indexing.catchUp()
  const indexed = Math.round(log.size / seconds(began))
  return {
    'index.durable': least(durable, 30_000, 'leaves/s'),
    'index.indexed': least(indexed, 30_000, 'leaves/s'),
    'index.cpu': { value: cpuMicros(used, log.size), unit: 'us/leaf' },
  }
}

/** From durable to found, at a rate that is kept. */
async function steadily(name: string, rate: number, log: Log, leaves: Leaves, file: string) {
  const spans: number[] = []
  const since: number[] = []
  let found = log.size
  const marks = (size: number) => {
    const now = performance.now()
    for (; found < size; found += 1) spans.push(now - since[found]!)
  }
  const { indexing, publish } = indexOf(log, file, marks)
  await using _ = indexing
  await indexing.catchUp()
  const [began, first] = [performance.now(), log.size]
  const written: Promise<void>[] = []
  for (let elapsed = 0; elapsed < STEADY_MS; elapsed = performance.now() - began) {
    const due = first + Math.floor((elapsed / 1_000) * rate)
    while (log.size < due && log.size - found < 8_000) {
      const leaf = leaves(log.size)
      const { leafIndex, durable } = log.append(leaf)
      const publishIt = () => {
        since[leafIndex] = performance.now()
        publish(leafIndex, leaf)
      }
      written.push(durable.then(publishIt))
    }
    await sleep(1)
  }
  await Promise.all(written)
  const kept = Math.round((log.size - first) / seconds(began))
  await indexing.catchUp()
  spans.sort((a, b) => a - b)
  const at = (share: number) => round(spans[Math.floor(spans.length * share)] ?? 0)
  return {
    [`${name}.rate`]: { value: kept, unit: 'leaves/s' },
    [`${name}.fresh-p50`]: { value: at(0.5), unit: 'ms' },
    [`${name}.fresh-p99`]: most(at(0.99), 100, 'ms'),
  }
}

/** Read, checked against the tree, parsed, made rows of, and written: from nothing. Then a search through all of it. */
async function again(log: Log, file: string): Promise<Record<string, Measure>> {
  const { indexing } = indexOf(log, file)
  await using _ = indexing
  const [began, used] = [performance.now(), process.cpuUsage()]
  await indexing.catchUp()
  const rebuilt = Math.round(log.size / seconds(began))
  const cpu = cpuMicros(used, log.size)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const query = parseQuery('"/(?:x|y)+never/" or resource:/zz+/ or who:/zz+/', Date.now())
  if (isProblem(query)) throw new Error(query.problem)
  delay.enable()
  const asked = performance.now()
  await indexing.reader().search({ query, limit: 50 })
  const searched = performance.now() - asked
  delay.disable()
  const { total } = await indexing.reader().search({ query: everything, limit: 1 })
  if (total !== log.size) throw new Error(`the index has ${total} of ${log.size} leaves`)
  return {
    'index.again': least(rebuilt, 35_000, 'leaves/s'),
    'index.again-cpu': { value: cpu, unit: 'us/leaf' },
    'index.slow-search': { value: round(searched), unit: 'ms' },
    'index.slow-search.holds-up': { value: round(delay.max / 1e6), unit: 'ms at most' },
  }
}

function seconds(since: number): number {
  return (performance.now() - since) / 1_000
}

function cpuMicros(used: NodeJS.CpuUsage, leaves: number): number {
  const { user, system } = process.cpuUsage(used)
  return round((user + system) / leaves)
}

function least(value: number, goal: number, unit: string): Measure {
  return { value, unit, goal: `>= ${goal}`, met: value >= goal }
}

function most(value: number, goal: number, unit: string): Measure {
  return { value, unit, goal: `<= ${goal}`, met: value <= goal }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
