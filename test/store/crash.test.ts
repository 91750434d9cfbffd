import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseCheckpoint } from '../../src/tlog/checkpoint.ts'
import { parseNote } from '../../src/tlog/note.ts'
import { NOTE_SIGNATURE, ed25519Signer } from '../../src/tlog/key.ts'
import { openKeys } from '../../src/store/keys.ts'
import { openLog, type Log } from '../../src/store/log.ts'
import { TestDirectory } from './world.ts'

const ROUNDS = 25

function leafOf(leafIndex: number): string {
  return `leaf ${leafIndex} `.repeat(1 + ((leafIndex * 7919) % 90))
}

interface Acknowledged {
  readonly leafIndex: number
  readonly size: number
  readonly root: string
}

/** Runs an appender, kills it some milliseconds after its first answer, and returns what it had been told. */
async function appendAndKill(directory: string, callers: number, afterMs: number): Promise<Acknowledged[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'appender.ts'), directory, String(callers)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let told = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text))
  await once(child.stdout, 'data')
  setTimeout(() => child.kill('SIGKILL'), afterMs)
  await once(child, 'close')
  return told
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' '))
    .map(([leafIndex, size, root]) => ({ leafIndex: Number(leafIndex), size: Number(size), root: root! }))
}

async function check(log: Log, acknowledged: readonly Acknowledged[]): Promise<void> {
  for (const { size, root } of new Map(acknowledged.map((ack) => [ack.size, ack])).values()) {
    expect(log.size).toBeGreaterThanOrEqual(size)
    expect(Buffer.from(await log.rootAt(size)).toString('hex')).toBe(root)
  }
  for (const { leafIndex } of acknowledged) {
    expect(String(await log.leaf(leafIndex))).toBe(leafOf(leafIndex))
    expect(String(await log.disclosures(leafIndex))).toBe(leafIndex % 3 ? 'undefined' : `secret ${leafIndex}`)
  }
}

function published(directory: string): { readonly size: number; readonly root: string }[] {
  const file = join(directory, 'log/public/checkpoint')
  if (!existsSync(file)) return []
  const { size, rootHash } = parseCheckpoint(parseNote(readFileSync(file)).text)
  return [{ size, root: Buffer.from(rootHash).toString('hex') }]
}

test(
  `${ROUNDS} times kill -9 at a random moment: whatever was acknowledged is there, under every head that was shown`,
  { timeout: 120_000 },
  async () => {
    using directory = new TestDirectory()
    const { privateKey } = await (await openKeys({ directory: join(directory.path, 'keys') })).open('log')
    const signer = ed25519Signer('log.example', NOTE_SIGNATURE, privateKey)
    let size = 0
    const heads = new Map<number, string>()
    for (let round = 0; round < ROUNDS; round += 1) {
      const acknowledged = await appendAndKill(directory.path, [1, 16, 200][round % 3]!, Math.random() * 60)
      expect(acknowledged.length).toBeGreaterThan(0)
      // Whatever was shown, to callers or to whoever reads the directory: one root for one size, over all lives of the log.
      for (const shown of [...acknowledged, ...published(directory.path)]) {
        expect(heads.get(shown.size) ?? shown.root).toBe(shown.root)
        heads.set(shown.size, shown.root)
      }
      await using log = await openLog({
        directory: join(directory.path, 'log'),
        origin: 'log.example',
        signer,
        segmentBytes: 1 << 19,
      })
      expect(log.size).toBeGreaterThan(size)
      size = log.size
      await check(log, acknowledged)
      heads.set(log.head.size, Buffer.from(log.head.rootHash).toString('hex'))
      for await (const finding of log.scrubOnce()) expect(finding).toBeUndefined()
    }
    expect(size).toBeGreaterThan(ROUNDS)
    await using log = await openLog({ directory: join(directory.path, 'log'), origin: 'log.example', signer })
    for (const [at, root] of heads) expect(Buffer.from(await log.rootAt(at)).toString('hex')).toBe(root)
  },
)
