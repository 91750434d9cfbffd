/**
 * How long the log alone takes to open when it is long (`BENCH_LEAVES`): it verifies what is not sealed, so that its length does not
 * matter. And how many leaves a second it verifies, without what every opening takes: a long tail of the write-ahead log beside a short
 * one, again and again in turn, by the processor's time, since others may work on this machine.
 */

import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { openLog } from '../src/store/log.ts'
import { ed25519Signer, NOTE_SIGNATURE } from '../src/tlog/key.ts'
import { longLog } from './world/long-log.ts'
import { openPlace } from './world/place.ts'

const TAIL = 80_000
const SHORT = 500
const LEAF_BYTES = 700
/** A frame around each leaf, a checkpoint after each commit. */
const RECORD_BYTES = LEAF_BYTES + 8
const ROUNDS = 9
const origin = 'log.example'
const signer = ed25519Signer(origin, NOTE_SIGNATURE, generateKeyPairSync('ed25519').privateKey)

export async function run() {
  const { open } = await longLog()
  const startedAt = performance.now()
  await using log = await open()
  const ms = Math.round(performance.now() - startedAt)
  return {
    'open.leaves': { value: log.size, unit: 'leaves' },
    'open.time': { value: ms, unit: 'ms', goal: '< 1000', met: ms < 1000 },
    ...(await tail()),
  }
}

async function tail() {
  await using place = await openPlace()
  const [long, short] = [join(place.path, 'long'), join(place.path, 'short')]
  const [verified, few] = [await grow(long, TAIL), await grow(short, SHORT)]
  const [longs, shorts]: [Opened[], Opened[]] = [[], []]
  for (let round = 0; round < ROUNDS; round += 1) {
    shorts.push(await opened(short))
    longs.push(await opened(long))
  }
  const fixedMs = medianOf(shorts, ({ elapsedMs }) => elapsedMs)
  const rateOf = (of: (each: Opened) => number) =>
    Math.round((1000 * (verified - few)) / (medianOf(longs, of) - medianOf(shorts, of)))
  const perCore = rateOf(({ cpuMs }) => cpuMs)
  return {
    'open.fixed': { value: Math.round(fixedMs), unit: 'ms' },
    'open.tail': { value: verified, unit: 'leaves' },
    'open.tail-time': { value: Math.round(medianOf(longs, ({ elapsedMs }) => elapsedMs)), unit: 'ms' },
    'open.tail-wall': { value: rateOf(({ elapsedMs }) => elapsedMs), unit: 'leaves/s' },
    'open.tail-core': { value: perCore, unit: 'leaves/s', goal: '>= 300000', met: perCore >= 300_000 },
  }
}

/** Makes a log of so many leaves, all of them in one segment of the write-ahead log that is just large enough. */
async function grow(directory: string, leaves: number): Promise<number> {
  await using log = await openLog({ directory, origin, signer, segmentBytes: Math.ceil(leaves * RECORD_BYTES * 1.01) })
  const leaf = Buffer.alloc(LEAF_BYTES, 32)
  let last: Promise<unknown> = Promise.resolve()
  for (let i = 0; i < leaves; i += 1) {
    leaf.writeUInt32BE(i)
    last = log.append(leaf).durable
    if (i % 1024 === 1023) await last
  }
  await last
  return log.size
}

type Opened = { readonly elapsedMs: number; readonly cpuMs: number }

async function opened(directory: string): Promise<Opened> {
  const [startedAt, before] = [performance.now(), process.cpuUsage()]
  const log = await openLog({ directory, origin, signer })
  const { user, system } = process.cpuUsage(before)
  const elapsedMs = performance.now() - startedAt
  await log.close()
  return { elapsedMs, cpuMs: (user + system) / 1000 }
}

function medianOf(rounds: readonly Opened[], of: (each: Opened) => number): number {
  return rounds.map(of).sort((a, b) => a - b)[rounds.length >> 1]!
}
