import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { diskFiles, type Files } from '../../src/store/file.ts'
import { ed25519Signer, NOTE_SIGNATURE } from '../../src/tlog/key.ts'
import { recover } from '../../src/store/recovery.ts'
import { Tiles } from '../../src/store/tiles.ts'
import { segmentPath } from '../../src/store/wal.ts'
import { appendMany, leafOf, origin, TestDirectory } from './world.ts'

const SECTOR = 512

/** A write-ahead log in memory, and nothing else. */
function inMemory(bytes: Buffer): Files {
  const path = segmentPath('/wal', 0)
  const absent = async () => {}
  return {
    ...diskFiles,
    list: async () => ['00000000000000000000.wal'],
    read: async (name) => (name === path ? bytes : undefined),
    open: async () => ({ read: async (at, length) => bytes.subarray(at, at + length), write: absent, close: absent }),
  }
}

/** The bytes of a log after each of its commits, as one process wrote them. */
async function history(directory: TestDirectory) {
  await using log = await directory.open({ publishIntervalMs: 100_000 })
  const commits: { end: number; size: number }[] = []
  const file = join(directory.path, 'wal/00000000000000000000.wal')
  for (let batch = 0; batch < 12; batch += 1) {
    const count = 1 + ((batch * 37) % 40)
    const leaves = Array.from(
      { length: count },
      (_, i) => log.append(leafOf(log.size, 30 + 17 * i), i % 4 ? undefined : Buffer.from(`secret ${i}`)).durable,
    )
    await Promise.all(leaves)
    commits.push({ end: readFileSync(file).findLastIndex((byte) => byte !== 0) + 1, size: log.size })
  }
  return { bytes: readFileSync(file), commits }
}

async function recoveredSize(directory: TestDirectory, bytes: Buffer): Promise<number> {
  const files = inMemory(bytes)
  const recovered = await recover(
    { directory: '/wal', files, origin, keys: [directory.signer.key] },
    new Tiles(files, '/public'),
  )
  return recovered.head.size
}

test('torn tails: any sectors of the last batch missing, cut short or garbage never cost an acknowledged leaf nor add a broken one', async () => {
  using directory = new TestDirectory()
  const { bytes, commits } = await history(directory)
  const damage = fc.record({
    batch: fc.nat(commits.length - 2),
    kind: fc.constantFrom('zeroes', 'garbage', 'cut'),
    sectors: fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
    seed: fc.uint8Array({ minLength: SECTOR, maxLength: SECTOR }),
    cut: fc.nat(),
  })
  await fc.assert(
    fc.asyncProperty(damage, async ({ batch, kind, sectors, seed, cut }) => {
      const [acknowledged, next] = [commits[batch]!, commits[batch + 1]!]
      const torn = Buffer.alloc(bytes.length)
      bytes.copy(torn, 0, 0, acknowledged.end)
      const whole = bytes.subarray(acknowledged.end, next.end)
      const tail = Buffer.from(whole)
      for (let at = 0, sector = 0; at < tail.length; sector += 1) {
        const end = Math.min(tail.length, at + SECTOR - ((acknowledged.end + at) % SECTOR))
        if (sectors[sector % sectors.length])
          tail.set(kind === 'garbage' ? seed.subarray(0, end - at) : Buffer.alloc(end - at), at)
        at = end
      }
      if (kind === 'cut') tail.fill(0, cut % tail.length)
      tail.copy(torn, acknowledged.end)
      const isWhole = tail.equals(whole)
      expect(await recoveredSize(directory, torn)).toBe(isWhole ? next.size : acknowledged.size)
    }),
    { numRuns: 1500 },
  )
})

test('a tail of an earlier life behind the newest commit is never taken for leaves', async () => {
  using directory = new TestDirectory()
  const { bytes, commits } = await history(directory)
  await fc.assert(
    fc.asyncProperty(fc.nat(commits.length - 3), fc.nat(), async (batch, pick) => {
      const { end, size } = commits[batch]!
      const mixed = Buffer.alloc(bytes.length)
      bytes.copy(mixed, 0, 0, end)
      // Bytes of later batches, but not those that followed.
      bytes.copy(mixed, end, commits[batch + 1]!.end + (pick % 50), commits[batch + 2]!.end)
      expect(await recoveredSize(directory, mixed)).toBe(size)
    }),
    { numRuns: 200 },
  )
})

test('no single byte of an acknowledged batch can be changed without a shorter log, or a refusal', async () => {
  using directory = new TestDirectory()
  const { bytes, commits } = await history(directory)
  const { end, size } = commits.at(-1)!
  await fc.assert(
    fc.asyncProperty(fc.nat(end - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
      const edited = Buffer.from(bytes)
      edited[at]! ^= mask
      const found = await recoveredSize(directory, edited).catch(() => 'refused')
      if (found !== size) return
      // The size is the same only where a later checkpoint vouches for every leaf, too: a note or disclosures in between.
      const files = inMemory(edited)
      const tiles = new Tiles(files, '/public')
      const { segments } = await recover({ directory: '/wal', files, origin, keys: [directory.signer.key] }, tiles)
      const leaves = (await segments[0]!.records(0, size)).map(({ leaf }) => leaf)
      const whole = await recover(
        { directory: '/wal', files: inMemory(bytes), origin, keys: [directory.signer.key] },
        new Tiles(inMemory(bytes), '/public'),
      )
      expect(leaves.map(String)).toEqual((await whole.segments[0]!.records(0, size)).map(({ leaf }) => String(leaf)))
    }),
    { numRuns: 300 },
  )
})

test('changed bytes in front of acknowledged leaves are never taken for a torn tail', async () => {
  using directory = new TestDirectory()
  const { bytes, commits } = await history(directory)
  const start = commits[0]!.end
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: start, max: commits.at(-3)!.end - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, mask) => {
        const edited = Buffer.from(bytes)
        edited[at]! ^= mask
        const found = await recoveredSize(directory, edited).catch((error: { code: string }) => error.code)
        // Whole where a later checkpoint covers it all the same; else a refusal that leaves the file alone.
        expect(['damaged', commits.at(-1)!.size]).toContain(found)
      },
    ),
    { numRuns: 300 },
  )
})

test('a log that ends before what it published refuses to start, and says the way out', async () => {
  using directory = new TestDirectory()
  const file = join(directory.path, 'wal/00000000000000000000.wal')
  {
    await using log = await directory.open()
    await appendMany(log, 20)
    cpSync(file, join(directory.path, 'older'))
    await appendMany(log, 20)
  }
  const newest = readFileSync(file)
  writeFileSync(file, readFileSync(join(directory.path, 'older')))
  const before = readFileSync(file)
  await expect(directory.open()).rejects.toMatchObject({
    code: 'rolled_back',
    message: expect.stringMatching(/is at 40 leaves but the log ends at 20.*Restore/),
  })
  expect(readFileSync(file).equals(before)).toBe(true)
  writeFileSync(file, newest)
  await using log = await directory.open()
  expect(log.size).toBe(40)
})

test('a log with other leaves than it published refuses to start', async () => {
  using directory = new TestDirectory()
  {
    await using log = await directory.open()
    await appendMany(log, 20)
  }
  const published = readFileSync(join(directory.path, 'public/checkpoint'))
  rmSync(join(directory.path, 'public'), { recursive: true })
  rmSync(join(directory.path, 'wal'), { recursive: true })
  rmSync(join(directory.path, 'meta.json'))
  {
    await using log = await directory.open()
    for (let i = 0; i < 30; i += 1) await log.append(Buffer.from(`other ${i}`)).durable
  }
  writeFileSync(join(directory.path, 'public/checkpoint'), published)
  await expect(directory.open()).rejects.toMatchObject({
    code: 'rolled_back',
    message: expect.stringContaining('another root hash at 20 leaves'),
  })
  writeFileSync(join(directory.path, 'public/checkpoint'), 'nonsense')
  await expect(directory.open()).rejects.toMatchObject({ code: 'damaged' })
})

test('a changed hash tile, another origin, another key or a missing write-ahead log: refused', async () => {
  using directory = new TestDirectory()
  using stranger = new TestDirectory()
  {
    await using log = await directory.open()
    await appendMany(log, 6000, 700)
  }
  const other = ed25519Signer('other.example', NOTE_SIGNATURE, generateKeyPairSync('ed25519').privateKey)
  await expect(directory.open({ origin: 'other.example', signer: other })).rejects.toThrow('an origin never changes')
  await expect(directory.open({ signer: stranger.signer })).rejects.toMatchObject({ code: 'damaged' })
  const tile = join(directory.path, 'public/tile/0/003')
  const bytes = readFileSync(tile)
  const edited = Buffer.from(bytes)
  edited[77]! ^= 4
  rmSync(tile)
  writeFileSync(tile, edited)
  await expect(directory.open()).rejects.toMatchObject({ code: 'damaged' })
  rmSync(tile)
  await expect(directory.open()).rejects.toMatchObject({
    code: 'damaged',
    message: expect.stringContaining('tile/0/003'),
  })
  writeFileSync(tile, bytes)
  await (await directory.open()).close()
  for (const name of readdirSync(join(directory.path, 'wal'))) rmSync(join(directory.path, 'wal', name))
  await expect(directory.open()).rejects.toThrow('write-ahead log')
})

test('one process owns the directory; the second is told which, and the first one’s death frees it', async () => {
  using directory = new TestDirectory()
  const child = spawn(process.execPath, [join(import.meta.dirname, 'appender.ts'), directory.path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  child.stdout.resume()
  const at = join(directory.path, 'log')
  await expect(directory.open({ directory: at })).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringContaining(`in use by process ${child.pid}`),
  })
  child.kill('SIGKILL')
  await once(child, 'close')
  // The lock is free; that the log has another key is found after that.
  await expect(directory.open({ directory: at })).rejects.toMatchObject({ code: 'damaged' })
})

test('the same process cannot open a log twice, and can open it again after closing', async () => {
  using directory = new TestDirectory()
  const log = await directory.open()
  await expect(directory.open()).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringContaining(String(process.pid)),
  })
  await log.append(leafOf(0)).durable
  await log.close()
  await (await directory.open()).close()
})
