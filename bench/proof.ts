/**
 * How long the proof of any leaf takes in a long log (`BENCH_LEAVES`), asked for through the log as the server does: once warm, leaves
 * drawn from all of it; beside the read of one file of the same size, which is the least that a proof from the disk takes.
 */

import { readFile } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { leafHash } from '../src/tlog/hash.ts'
import { formatTilePath, TILE_WIDTH } from '../src/tlog/tile.ts'
import { verifyInclusion } from '../src/tlog/verify.ts'
import { longLog, type LongLog } from './world/long-log.ts'

const PROOFS = 5000
const VERIFIED = 500
const GOAL_MS = 1

export async function run() {
  const grown = await longLog()
  await using log = await grown.open()
  const { size, rootHash } = log.head
  const prove = () => log.inclusionProof(Math.floor(Math.random() * size), size)
  await latencies(PROOFS, prove)
  const warm = await latencies(PROOFS, prove)
  const raw = await latencies(PROOFS, () => promisify(readFile)(randomTile(grown)))
  let verified = 0
  for (let i = 0; i < VERIFIED; i += 1) {
    const leafIndex = Math.floor(Math.random() * size)
    const proof = await log.inclusionProof(leafIndex, size)
    if (verifyInclusion(leafIndex, size, leafHash(await log.leaf(leafIndex)), proof, rootHash)) verified += 1
  }
  return {
    'proof.leaves': { value: size, unit: 'leaves' },
    'proof.raw-read-p50': { value: round(raw.p50), unit: 'ms' },
    'proof.raw-read-p99': { value: round(raw.p99), unit: 'ms' },
    'proof.p50': { value: round(warm.p50), unit: 'ms' },
    'proof.p99': { value: round(warm.p99), unit: 'ms', goal: `< ${GOAL_MS}`, met: warm.p99 < GOAL_MS },
    'proof.verified': { value: verified, unit: 'proofs', goal: VERIFIED, met: verified === VERIFIED },
  }
}

function randomTile({ directory, size }: LongLog): string {
  const index = Math.floor(Math.random() * Math.floor(size / TILE_WIDTH))
  return join(directory, 'public', formatTilePath({ level: 0, index, width: TILE_WIDTH }))
}

async function latencies(count: number, act: () => Promise<unknown>): Promise<{ p50: number; p99: number }> {
  const times: number[] = []
  for (let i = 0; i < count; i += 1) {
    const startedAt = performance.now()
    await act()
    times.push(performance.now() - startedAt)
  }
  times.sort((a, b) => a - b)
  return { p50: times[count >> 1]!, p99: times[Math.floor(count * 0.99)]! }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
