/**
 * Durable leaves per second with 1, 64 and 1,024 callers, beside what the disk and SHA-256 allow in the same run, and how
 * long a log of 100,000 leaves takes to open.
 */

import { generateKeyPairSync, hash } from 'node:crypto'
import { closeSync, constants, fdatasync, openSync, rmSync, write, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ed25519Signer, NOTE_SIGNATURE } from '../src/tlog/key.ts'
import { openLog } from '../src/store/log.ts'

export interface Measure {
  readonly value: number
  readonly unit: string
  readonly goal?: number
  readonly met?: boolean
}

const LEAF_BYTES = 700
const RUN_MS = 2000
const OPENED_LEAVES = 100_000
const origin = 'log.example'
const signer = ed25519Signer(origin, NOTE_SIGNATURE, generateKeyPairSync('ed25519').privateKey)

export async function run(): Promise<Record<string, Measure>> {
  const directory = await mkdtemp(join(tmpdir(), 'countersign-bench-'))
  try {
    const sync = await rawSync(join(directory, 'raw'))
    const hashes = rawHash()
    const measures: Record<string, Measure> = {
      'raw fdatasync': { value: Math.round(sync.perSecond), unit: 'writes/s' },
      'raw fdatasync p50': { value: round(sync.p50), unit: 'ms' },
      'raw SHA-256 of a leaf': { value: Math.round(hashes), unit: 'hashes/s' },
    }
    for (const callers of [1, 64, 1024])
      Object.assign(measures, await durableLeaves(join(directory, `log-${callers}`), callers, sync))
    return { ...measures, ...(await openTime(join(directory, 'opened'))) }
  } finally {
    rmSync(directory, { recursive: true, force: true })
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

async function durableLeaves(directory: string, callers: number, sync: Rate): Promise<Record<string, Measure>> {
  await using log = await openLog({ directory, origin, signer })
  const leaf = Buffer.alloc(LEAF_BYTES, 32)
  const before = process.cpuUsage()
  const { perSecond, p50, p99 } = await measure(callers, async (i) => {
    leaf.writeUInt32BE(i)
    await log.append(leaf).durable
  })
  const { user, system } = process.cpuUsage(before)
  const name = `durable leaves, ${callers} ${callers === 1 ? 'caller' : 'callers'}`
  const goal = { 1: 0.35 * sync.perSecond, 64: 30_000, 1024: 20_000 }[callers]!
  return {
    [name]: atLeast(Math.round(perSecond), 'leaves/s', Math.round(goal)),
    [`${name}, p50`]:
      callers === 1 ? atMost(round(p50), 'ms', round(2.5 * sync.p50)) : { value: round(p50), unit: 'ms' },
    [`${name}, p99`]: { value: round(p99), unit: 'ms' },
    [`${name}, CPU`]: { value: round((user + system) / ((perSecond * RUN_MS) / 1000)), unit: 'us/leaf' },
  }
}

async function openTime(directory: string): Promise<Record<string, Measure>> {
  {
    await using log = await openLog({ directory, origin, signer })
    const leaf = Buffer.alloc(LEAF_BYTES, 32)
    for (let done = 0; done < OPENED_LEAVES; done += 4000) {
      await Promise.all(Array.from({ length: 4000 }, () => log.append(leaf).durable))
    }
  }
  const startedAt = performance.now()
  await using log = await openLog({ directory, origin, signer })
  const elapsed = performance.now() - startedAt
  return { [`opening a log of ${log.size} leaves`]: atMost(Math.round(elapsed), 'ms', 500) }
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
