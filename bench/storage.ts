/**
 * What a sealed leaf takes on the disk, in blocks as the file system counts them: as it is written, and once its bundle is compressed
 * (`BENCH_LEAVES` leaves, as an instance records them). It compresses the log that `append`, `proof` and `start` measure: those go before.
 */

import { opendirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { compressLog } from '../src/store/compress-stored.ts'
import { longLog } from './world/long-log.ts'

const BLOCK_BYTES = 512

export async function run() {
  const { directory, size, leafBytes, open } = await longLog()
  const published = join(directory, 'public')
  const raw = bytesIn(published)
  const startedAt = performance.now()
  const before = process.cpuUsage()
  const { compressed } = await compressLog(directory)
  const { user, system } = process.cpuUsage(before)
  const elapsedMs = performance.now() - startedAt
  const gzipped = bytesIn(published)
  await using log = await open()
  let wrong = 0
  for (let i = 0; i < 200; i += 1) {
    const leafIndex = Math.floor(Math.random() * size)
    if ((await log.leaf(leafIndex)).length === 0) wrong += 1
  }
  const ratio = (bytes: number, goal: number) => {
    const value = Math.round((bytes / leafBytes) * 1000) / 1000
    return { value, unit: 'x leaves', goal: `<= ${goal}`, met: value <= goal }
  }
  return {
    'storage.leaves': { value: size, unit: 'leaves' },
    'storage.leaf': { value: Math.round(leafBytes / size), unit: 'bytes' },
    'storage.raw': ratio(raw, 1.3),
    'storage.compressed': ratio(gzipped, 0.45),
    'storage.wal': { value: Math.round(bytesIn(join(directory, 'wal')) / 2 ** 20), unit: 'MiB, fixed' },
    'storage.compress': { value: Math.round((compressed * 256_000) / elapsedMs), unit: 'leaves/s' },
    'storage.compress-cpu': { value: Math.round(((user + system) / (compressed * 256)) * 10) / 10, unit: 'us/leaf' },
    'storage.unreadable': { value: wrong, unit: 'leaves', goal: '<= 0', met: wrong === 0 },
  }
}

function bytesIn(directory: string): number {
  using entries = opendirSync(directory, { recursive: true })
  let blocks = 0
  for (let entry = entries.readSync(); entry; entry = entries.readSync())
    blocks += statSync(join(entry.parentPath, entry.name)).blocks
  return blocks * BLOCK_BYTES
}
