/**
 * Durable leaves per second with 1, 64 and 1,024 callers, with and without disclosures, beside what the disk and SHA-256 allow in the same
 * run; and whether the last tenth of a long log (`BENCH_LEAVES`) is appended as fast as the first.
 */

import { generateKeyPairSync, hash } from 'node:crypto'
import { closeSync, constants, fdatasync, openSync, write, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ed25519Signer, NOTE_SIGNATURE } from '../src/tlog/key.ts'
import { openLog } from '../src/store/log.ts'
import { longLog } from './world/long-log.ts'
import { openPlace } from './world/place.ts'

export interface Measure {
  readonly value: number
  readonly unit: string
  readonly goal?: number
  readonly met?: boolean
}

const LEAF_BYTES = 700
/** Each figure is the median of so many runs. What is compared takes turns: others may work on this machine. */
const ROUNDS = 5
const RUN_MS = 800
/** An address and a name, each with its salt. */
const DISCLOSURE_BYTES = 120
const origin = 'log.example'
const signer = ed25519Signer(origin, NOTE_SIGNATURE, generateKeyPairSync('ed25519').privateKey)

export async function run(): Promise<Record<string, Measure>> {
  await using place = await openPlace()
  const measures: Record<string, Measure> = {}
  for (const callers of [1, 64]) Object.assign(measures, await besideRaw(place.path, callers))
  return {
    ...measures,
    'append.raw-hash': { value: Math.round(rawHash()), unit: 'hashes/s' },
    ...(await saturated(place.path)),
    ...(await steadiness()),
  }
}

/** A few callers wait for the disk, so a disk that is slow for everybody shows beside them. */
async function besideRaw(directory: string, callers: number): Promise<Record<string, Measure>> {
  const [raws, runs]: [Rate[], Appended[]] = [[], []]
  for (let round = 0; round < ROUNDS; round += 1) {
    raws.push(await rawSync(join(directory, 'raw')))
    runs.push(await durableLeaves(join(directory, `log-${callers}-${round}`), callers, 0))
  }
  const raw = { perSecond: medianOf(raws, 'perSecond'), p50: medianOf(raws, 'p50'), p99: medianOf(raws, 'p99') }
  const [perSecond, p50, p99] = [medianOf(runs, 'perSecond'), medianOf(runs, 'p50'), medianOf(runs, 'p99')]
  const at = `append.${callers}`
  return {
    [`${at}-raw-sync`]: { value: Math.round(raw.perSecond), unit: 'writes/s' },
    [`${at}-raw-sync-p50`]: { value: round(raw.p50), unit: 'ms' },
    [`${at}-raw-sync-p99`]: { value: round(raw.p99), unit: 'ms' },
    [at]: atLeast(Math.round(perSecond), 'leaves/s', callers === 1 ? Math.round(0.35 * raw.perSecond) : 30_000),
    [`${at}-p50`]: callers === 1 ? atMost(round(p50), 'ms', round(2.5 * raw.p50)) : { value: round(p50), unit: 'ms' },
    [`${at}-p99`]: callers === 64 ? atMost(round(p99), 'ms', 8) : { value: round(p99), unit: 'ms' },
    [`${at}-cpu`]: { value: round(medianOf(runs, 'cpuMicros')), unit: 'us/leaf' },
  }
}

async function saturated(directory: string): Promise<Record<string, Measure>> {
  const [plain, disclosing]: [Appended[], Appended[]] = [[], []]
  for (let round = 0; round < ROUNDS; round += 1) {
    plain.push(await durableLeaves(join(directory, `plain-${round}`), 1024, 0))
    disclosing.push(await durableLeaves(join(directory, `disclosing-${round}`), 1024, DISCLOSURE_BYTES))
  }
  const added = medianOf(disclosing, 'cpuMicros') / medianOf(plain, 'cpuMicros') - 1
  return {
    'append.1024': atLeast(Math.round(medianOf(plain, 'perSecond')), 'leaves/s', 30_000),
    'append.1024-p50': { value: round(medianOf(plain, 'p50')), unit: 'ms' },
    'append.1024-p99': { value: round(medianOf(plain, 'p99')), unit: 'ms' },
    'append.1024-cpu': atMost(round(medianOf(plain, 'cpuMicros')), 'us/leaf', 20),
    'append.1024-disclosing': { value: Math.round(medianOf(disclosing, 'perSecond')), unit: 'leaves/s' },
    'append.disclosures-add': atMost(Math.round(100 * added), '% CPU', 20),
  }
}

function medianOf<K extends string>(runs: readonly Readonly<Record<K, number>>[], of: K): number {
  return runs.map((each) => each[of]).sort((a, b) => a - b)[runs.length >> 1]!
}

async function steadiness(): Promise<Record<string, Measure>> {
  const { size, tenths, cpuMicros } = await longLog()
  const [first, last] = [tenths[0]!, tenths.at(-1)!]
  return {
    'append.long': { value: size, unit: 'leaves' },
    'append.long-first-tenth': { value: Math.round(first), unit: 'leaves/s' },
    'append.long-last-tenth': { value: Math.round(last), unit: 'leaves/s' },
    'append.long-last-to-first': atLeast(round(last / first), 'x', 0.9),
    'append.long-cpu': atMost(round(cpuMicros), 'us/leaf', 20),
  }
}

interface Rate {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
}

/** One leaf per write and sync, into a file that is zeroed already: what the best log could do with one caller. */
async function rawSync(path: string): Promise<Rate> {
  writeFileSync(path, Buffer.alloc(1 << 24))
  const descriptor = openSync(path, constants.O_RDWR)
  const leaf = Buffer.alloc(LEAF_BYTES, 1)
  let position = 0
  const rate = await measure(1, async () => {
    await new Promise<void>((resolve, reject) => {
      write(descriptor, leaf, 0, leaf.length, position, (error) => {
        if (error) return reject(error)
        fdatasync(descriptor, (failure) => (failure ? reject(failure) : resolve()))
      })
    })
    position = (position + LEAF_BYTES) % ((1 << 24) - LEAF_BYTES)
  })
  closeSync(descriptor)
  return rate
}

function rawHash(): number {
  const leaf = Buffer.alloc(LEAF_BYTES + 1, 1)
  const startedAt = performance.now()
  const count = 200_000
  for (let i = 0; i < count; i += 1) hash('sha256', leaf, 'binary')
  return (count * 1000) / (performance.now() - startedAt)
}

interface Appended extends Rate {
  readonly cpuMicros: number
}

async function durableLeaves(directory: string, callers: number, disclosureBytes: number): Promise<Appended> {
  await using log = await openLog({ directory, origin, signer })
  const leaf = Buffer.alloc(LEAF_BYTES, 32)
  const disclosures = disclosureBytes > 0 ? Buffer.alloc(disclosureBytes, 32) : undefined
  const before = process.cpuUsage()
  const startedAt = performance.now()
  const rate = await measure(callers, async (i) => {
    leaf.writeUInt32BE(i)
    await log.append(leaf, disclosures).durable
  })
  const leaves = (rate.perSecond * (performance.now() - startedAt)) / 1000
  // What was acknowledged has its price still to come: sealing and publishing are part of it.
  await log.flush()
  const { user, system } = process.cpuUsage(before)
  return { ...rate, cpuMicros: (user + system) / leaves }
}

/** Closed loop: every caller asks again as soon as it is answered. Latencies in ms. */
async function measure(callers: number, act: (i: number) => Promise<void>): Promise<Rate> {
  const latencies: number[] = []
  const startedAt = performance.now()
  const end = startedAt + RUN_MS
  const caller = async () => {
    for (let now = performance.now(); now < end;) {
      await act(latencies.length)
      const then = performance.now()
      latencies.push(then - now)
      now = then
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  const perSecond = (latencies.length * 1000) / (performance.now() - startedAt)
  latencies.sort((a, b) => a - b)
  return { perSecond, p50: latencies[latencies.length >> 1]!, p99: latencies[Math.floor(latencies.length * 0.99)]! }
}

function atLeast(value: number, unit: string, goal: number): Measure {
  return { value, unit, goal, met: value >= goal }
}

function atMost(value: number, unit: string, goal: number): Measure {
  return { value, unit, goal, met: value <= goal }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.table(await run())
