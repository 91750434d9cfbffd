import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Finding, Log } from '../../src/store/log.ts'
import { ed25519Signer } from '../../src/tlog/key.ts'
import { appendMany, leafOf, origin, TestDirectory } from './world.ts'

async function findings(log: Log): Promise<Finding[]> {
  const found: Finding[] = []
  for await (const finding of log.scrubOnce()) found.push(finding)
  return found
}

function change(path: string, at: number, mask = 1): void {
  const bytes = readFileSync(path)
  bytes[at]! ^= mask
  chmodSync(path, 0o644)
  writeFileSync(path, bytes, { flag: 'r+' })
}

/** Where a leaf's text stands in a file. */
function positionOf(path: string, leafIndex: number): number {
  return readFileSync(path).indexOf(leafOf(leafIndex))
}

function walFile(directory: TestDirectory): string {
  return join(
    directory.path,
    'wal',
    readdirSync(join(directory.path, 'wal')).findLast((name) => name.endsWith('.wal'))!,
  )
}

test('a whole log has no findings, while it grows and after a restart', async () => {
  using directory = new TestDirectory()
  {
    await using log = await directory.open()
    for (let round = 0; round < 6; round += 1) {
      const growing = appendMany(log, 300)
      expect(await findings(log)).toEqual([])
      await growing
    }
    await log.append(leafOf(log.size), Buffer.from('a secret')).durable
    await log.eraseDisclosures(new Map([[log.size - 1, undefined]]))
    await log.flush()
    expect(await findings(log)).toEqual([])
  }
  await using log = await directory.open()
  expect(await findings(log)).toEqual([])
})

test('one byte changed in the write-ahead log: the leaf is named, not given out, and put back', async () => {
  using directory = new TestDirectory()
  await using log = await directory.open({ publishIntervalMs: 100_000 })
  await appendMany(log, 100)
  change(walFile(directory), positionOf(walFile(directory), 42) + 5)
  expect((await findings(log)).map(({ leafIndex, file }) => [leafIndex, file])).toEqual([[42, walFile(directory)]])
  await expect(log.leaf(42)).rejects.toThrow('leaf 42 was changed')
  await expect(log.repair(42, leafOf(43))).rejects.toMatchObject({ code: 'damaged' })
  await log.repair(42, leafOf(42))
  expect(await findings(log)).toEqual([])
  expect(Buffer.from(await log.leaf(42))).toEqual(leafOf(42))
})

test('one byte changed in a sealed bundle: the leaf is named and put back', async () => {
  using directory = new TestDirectory()
  {
    await using log = await directory.open()
    await appendMany(log, 600)
  }
  await using log = await directory.open()
  const file = join(directory.path, 'public/tile/entries/001')
  change(file, positionOf(file, 300) + 3)
  expect(await findings(log)).toEqual([
    { leafIndex: 300, file, offset: positionOf(file, 299) + 40, problem: `leaf 300 was changed in ${file}` },
  ])
  await expect(log.leaf(301)).rejects.toThrow('leaf 300 was changed')
  await log.repair(300, leafOf(300))
  expect(await findings(log)).toEqual([])
  expect(Buffer.from(await log.leaf(300))).toEqual(leafOf(300))
})

test('every byte of a sealed bundle and its hashes is watched, and any one can be put back', async () => {
  using directory = new TestDirectory()
  await using log = await directory.open()
  await appendMany(log, 300)
  await log.flush()
  const files = ['public/tile/entries/000', 'public/tile/0/000'].map((path) => join(directory.path, path))
  const sizes = files.map((file) => readFileSync(file).length)
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(0, 1), fc.nat(), fc.integer({ min: 1, max: 255 }), async (which, pick, mask) => {
      change(files[which]!, pick % sizes[which]!, mask)
      const [first] = await findings(log)
      expect(first?.file).toBe(files[which])
      await log.repair(first!.leafIndex, leafOf(first!.leafIndex))
      expect(await findings(log)).toEqual([])
    }),
    { numRuns: 60 },
  )
})

test('every byte of the write-ahead log is watched, signed checkpoints between leaves included', async () => {
  using directory = new TestDirectory()
  await using log = await directory.open()
  for (let i = 0; i < 20; i += 1) await log.append(leafOf(i)).durable
  await log.flush()
  const file = walFile(directory)
  const length = readFileSync(file).findLastIndex((byte) => byte !== 0) + 1
  const whole = readFileSync(file)
  await fc.assert(
    fc.asyncProperty(fc.nat(length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
      change(file, at, mask)
      const [first] = await findings(log)
      expect(first?.file).toBe(file)
      await log.repair(first!.leafIndex, leafOf(first!.leafIndex))
      expect(readFileSync(file).equals(whole)).toBe(true)
    }),
    { numRuns: 150 },
  )
  expect(await findings(log)).toEqual([])
})

test('a changed copy for static servers is found and written again', async () => {
  using directory = new TestDirectory()
  await using log = await directory.open()
  await appendMany(log, 100)
  await log.flush()
  for (const path of ['public/tile/entries/000.p/100', 'public/tile/0/000.p/100'].map((name) =>
    join(directory.path, name),
  )) {
    change(path, 50)
    const [first] = await findings(log)
    expect(first?.file).toBe(path)
    await log.repair(first!.leafIndex, leafOf(first!.leafIndex))
    expect(await findings(log)).toEqual([])
  }
})

test('a missing bundle is found; scrubbing goes on until it is told to stop', async () => {
  using directory = new TestDirectory()
  await using log = await directory.open()
  await appendMany(log, 300)
  await log.flush()
  const stop = new AbortController()
  const seen: number[] = []
  const watching = (async () => {
    for await (const { leafIndex } of log.scrub(stop.signal, 5)) {
      seen.push(leafIndex)
      if (seen.length === 2) stop.abort()
    }
  })()
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(seen).toEqual([])
  const file = join(directory.path, 'public/tile/entries/000')
  change(file, positionOf(file, 7))
  await watching
  expect(seen).toEqual([7, 7])
  expect(existsSync(file)).toBe(true)
})

test('two leaves changed in one bundle: each is named, and put back by itself', async () => {
  using directory = new TestDirectory()
  await using log = await directory.open()
  await appendMany(log, 400)
  await log.flush()
  const sealed = join(directory.path, 'public/tile/entries/000')
  for (const [file, pair] of [
    [sealed, [10, 200]],
    [walFile(directory), [300, 310]],
  ] as const) {
    for (const leafIndex of pair) change(file, positionOf(file, leafIndex) + 2)
    expect((await findings(log)).map(({ leafIndex }) => leafIndex)).toEqual(pair)
    await log.repair(pair[1], leafOf(pair[1]))
    expect((await findings(log)).map(({ leafIndex }) => leafIndex)).toEqual([pair[0]])
    await log.repair(pair[0], leafOf(pair[0]))
    expect(await findings(log)).toEqual([])
  }
})

test('a checkpoint that two keys signed, or one, is signed again as it was, while a key takes over and after', async () => {
  using directory = new TestDirectory()
  const next = ed25519Signer(origin, directory.signer.key.type, generateKeyPairSync('ed25519').privateKey)
  await using log = await directory.open({ formerKeys: [next.key] })
  await appendMany(log, 1)
  log.useSigner(directory.signer, next)
  await appendMany(log, 1)
  log.useSigner(directory.signer)
  await appendMany(log, 1)
  const path = walFile(directory)
  const before = readFileSync(path)
  for (const size of [1, 2, 3]) {
    log.useSigner(directory.signer, size === 2 ? next : undefined)
    const at = before.indexOf(`${origin}\n${size}\n`)
    change(path, at + origin.length + 3)
    const [found] = await findings(log)
    expect(found).toBeDefined()
    await log.repair(found!.leafIndex, leafOf(found!.leafIndex))
    expect(readFileSync(path).equals(before)).toBe(true)
  }
  // Two signatures where one stood would run into the next leaf: refused, and nothing is written.
  log.useSigner(next)
  change(path, before.indexOf(`${origin}\n2\n`) + origin.length + 3)
  const [found] = await findings(log)
  await expect(log.repair(found!.leafIndex, leafOf(found!.leafIndex))).rejects.toThrow('cannot be signed again')
})
