/**
 * How long the log alone takes to open when it is long (`BENCH_LEAVES`): it verifies what is not sealed, so that its length does not
 * matter; and how many leaves a second that is.
 */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { longLog } from './world/long-log.ts'

export async function run() {
  const { directory, open } = await longLog()
  const [first] = readdirSync(join(directory, 'wal'))
    .filter((name) => name.endsWith('.wal'))
    .sort()
  const startedAt = performance.now()
  await using log = await open()
  const ms = Math.round(performance.now() - startedAt)
  const unsealed = log.size - Number(first!.slice(0, 20))
  const rate = Math.round((1000 * unsealed) / ms)
  return {
    'open.leaves': { value: log.size, unit: 'leaves' },
    'open.time': { value: ms, unit: 'ms', goal: '< 1000', met: ms < 1000 },
    'open.verified': { value: unsealed, unit: 'leaves' },
    'open.rate': { value: rate, unit: 'leaves/s', goal: '>= 300000', met: rate >= 300_000 },
  }
}
