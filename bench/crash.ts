/**
 * Crashes, as many as one has time for: `CRASH_ROUNDS=3000 npm run bench crash`. Each round a log works until it dies, by a power cut that
 * tears what was being written or by kill -9 of its process; then everything that was ever acknowledged or shown must still be there.
 */

import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openKeys } from '../src/store/keys.ts'
import { openLog } from '../src/store/log.ts'
import { ed25519Signer, NOTE_SIGNATURE } from '../src/tlog/key.ts'
import { inspect, nothingShown, workUntilCut } from '../test/store/power-cut.ts'

const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 60)
/** A log that grows for ever would be looked at for ever. */
const ROUNDS_PER_LOG = 30
const APPENDER = join(import.meta.dirname, '../test/store/appender.ts')

export async function run() {
  let [wrong, cuts, kills] = [0, 0, 0]
  for (let done = 0; done < ROUNDS; done += ROUNDS_PER_LOG) {
    const rounds = Math.min(ROUNDS_PER_LOG, ROUNDS - done)
    wrong += await inFolder((folder) => cutPower(folder, rounds))
    wrong += await inFolder((folder) => killProcess(folder, rounds))
    cuts += rounds
    kills += rounds
  }
  return {
    'crash.power-cuts': { value: cuts, unit: 'rounds' },
    'crash.kills': { value: kills, unit: 'rounds' },
    'crash.wrong': { value: wrong, unit: 'findings', goal: '<= 0', met: wrong === 0 },
  }
}

async function inFolder(work: (folder: string) => Promise<number>): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-crash-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function cutPower(directory: string, rounds: number): Promise<number> {
  const origin = 'log.example'
  const signer = ed25519Signer(origin, NOTE_SIGNATURE, generateKeyPairSync('ed25519').privateKey)
  const scene = { directory, origin, signer, random: Math.random, shown: nothingShown() }
  let wrong = 0
  for (let round = 0; round < rounds; round += 1) {
    const last = await workUntilCut(scene, 1 + Math.floor(Math.random() ** 2 * 400))
    const found = await inspect(scene)
    for (const each of found) console.error(`after a cut at ${last}: ${each}`)
    wrong += found.length
  }
  return wrong
}

async function killProcess(directory: string, rounds: number): Promise<number> {
  const origin = 'log.example'
  const { privateKey } = await (await openKeys({ directory: join(directory, 'keys') })).open('log')
  const signer = ed25519Signer(origin, NOTE_SIGNATURE, privateKey)
  const heads = new Map<number, string>()
  let wrong = 0
  for (let round = 0; round < rounds; round += 1) {
    for (const [size, root] of await killed(directory)) {
      if ((heads.get(size) ?? root) !== root) wrong += 1
      heads.set(size, root)
    }
    await using log = await openLog({ directory: join(directory, 'log'), origin, signer, segmentBytes: 1 << 19 })
    for (const [size, root] of heads)
      if (size > log.size || Buffer.from(await log.rootAt(size)).toString('hex') !== root) wrong += 1
    for await (const finding of log.scrubOnce()) if (finding) wrong += 1
  }
  return wrong
}

/** The heads that a process told of before it was killed. */
async function killed(directory: string): Promise<[number, string][]> {
  const child = spawn(process.execPath, [APPENDER, directory, '16'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let told = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text))
  await once(child.stdout, 'data')
  setTimeout(() => child.kill('SIGKILL'), Math.random() * 60)
  await once(child, 'close')
  const lines = told.split('\n').slice(0, -1)
  return lines.map((line) => line.split(' ')).map(([, size, root]) => [Number(size), root!])
}
