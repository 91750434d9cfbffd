/**
 * One long log for all benchmarks of a run: `BENCH_LEAVES` leaves (300,000 unless said), grown once by 1,024 callers and gone when the
 * process ends. Its leaves are recorded ones over and over: no compression looks back as far as the first repetition.
 */

import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openLog, type Log, type LogOptions } from '../../src/store/log.ts'
import { ed25519Signer, NOTE_SIGNATURE } from '../../src/tlog/key.ts'
import { recordedLeaves } from './leaf.ts'
import { openPlace } from './place.ts'

const LEAVES = Number(process.env['BENCH_LEAVES'] ?? 300_000)
const CALLERS = 1024
const RECORDED = 4000
const ORIGIN = 'bench.localhost'

export interface LongLog {
  readonly directory: string
  readonly size: number
  /** Bytes of all leaves together. */
  readonly leafBytes: number
  /** Leaves a second while each tenth of it was appended. */
  readonly tenths: readonly number[]
  /** Microseconds of all threads a leaf. */
  readonly cpuMicros: number
  readonly open: (options?: Partial<LogOptions>) => Promise<Log>
}

let grown: Promise<LongLog> | undefined

/** Everybody gets the same one; nobody may append to it. */
export function longLog(): Promise<LongLog> {
  grown ??= grow()
  return grown
}

async function grow(): Promise<LongLog> {
  const place = await openPlace()
  process.once('exit', () => rmSync(place.path, { recursive: true, force: true }))
  const leaves = await recordedLeaves(join(place.path, 'recorded'), RECORDED)
  const directory = join(place.path, 'log')
  mkdirSync(directory)
  const signer = ed25519Signer(ORIGIN, NOTE_SIGNATURE, generateKeyPairSync('ed25519').privateKey)
  const open = (options?: Partial<LogOptions>) => openLog({ directory, origin: ORIGIN, signer, ...options })
  const before = process.cpuUsage()
  await using log = await open()
  const tenths: number[] = []
  for (let tenth = 1; tenth <= 10; tenth += 1) {
    const [from, startedAt] = [log.size, performance.now()]
    await appendUpTo(log, Math.floor((LEAVES * tenth) / 10), leaves)
    tenths.push(((log.size - from) * 1000) / (performance.now() - startedAt))
  }
  const { user, system } = process.cpuUsage(before)
  const meanBytes = leaves.reduce((sum, { length }) => sum + length, 0) / leaves.length
  const { size } = log
  return { directory, size, leafBytes: meanBytes * size, tenths, cpuMicros: (user + system) / size, open }
}

/** Every caller appends again as soon as it is answered. */
async function appendUpTo(log: Log, size: number, leaves: readonly Uint8Array[]): Promise<void> {
  const call = async () => {
    while (log.size < size) await log.append(leaves[log.size % leaves.length]!).durable
  }
  await Promise.all(Array.from({ length: CALLERS }, call))
}
