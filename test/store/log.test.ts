import { readFileSync, statSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openCheckpoint } from '../../src/tlog/checkpoint.ts'
import { cosign } from '../../src/tlog/cosignature.ts'
import { leafHash, hashText } from '../../src/tlog/hash.ts'
import { COSIGNATURE, ed25519Signer } from '../../src/tlog/key.ts'
import { parseNote } from '../../src/tlog/note.ts'
import { decodeBundle, formatTilePath, partialTiles, TILE_WIDTH } from '../../src/tlog/tile.ts'
import { Tree } from '../../src/tlog/tree.ts'
import { verifyConsistency, verifyInclusion } from '../../src/tlog/verify.ts'
import type { StoreError } from '../../src/store/error.ts'
import type { Log } from '../../src/store/log.ts'
import { generateKeyPairSync } from 'node:crypto'
import { appendMany, leafOf, origin, TestDirectory } from './world.ts'

const codeOf = (act: () => unknown) => {
  try {
    act()
  } catch (error) {
    return (error as StoreError).code
  }
  return undefined
}

async function allLeaves(log: Log): Promise<Uint8Array[]> {
  const leaves: Uint8Array[] = []
  for await (const { leafIndex, leaf } of log.leaves(0, Infinity)) {
    expect(leafIndex).toBe(leaves.length)
    leaves.push(leaf)
  }
  return leaves
}

test('a new log is empty, and its head is signed', async () => {
  using directory = new TestDirectory()
  await using log = await directory.open()
  expect([log.size, log.head.size, log.trouble]).toEqual([0, 0, undefined])
  expect(openCheckpoint(log.head.note, origin, [directory.signer.key]).rootHash).toEqual(new Tree().root())
})

test('leaves get indices in call order, and become durable under a head that covers them', async () => {
  using directory = new TestDirectory()
  await using log = await directory.open()
  const appended = [0, 1, 2].map((i) => log.append(leafOf(i)))
  expect(appended.map(({ leafIndex }) => leafIndex)).toEqual([0, 1, 2])
  expect([log.size, log.head.size]).toEqual([3, 0])
  const heads = await Promise.all(appended.map(({ durable }) => durable))
  expect(heads.map(({ size }) => size)).toEqual([3, 3, 3])
  expect(log.head).toEqual(heads[0])
  expect(Buffer.from(await log.leaf(1))).toEqual(leafOf(1))
  await expect(log.leaf(3)).rejects.toMatchObject({ code: 'absent' })
})

test('every leaf is provable in every later tree, across bundles, restarts and sealing', async () => {
  using directory = new TestDirectory()
  const tree = new Tree()
  const roots = [tree.root()]
  for (let i = 0; i < 700; i += 1) {
    tree.push(hashText(leafHash(leafOf(i))))
    roots.push(tree.root())
  }
  const check = async (log: Log) => {
    expect(log.head.rootHash).toEqual(roots[log.head.size])
    expect((await allLeaves(log)).map(String)).toEqual(
      Array.from({ length: log.head.size }, (_, i) => leafOf(i).toString()),
    )
    for (const [leafIndex, size] of [
      [0, 1],
      [0, log.head.size],
      [255, 256],
      [256, 300],
      [log.head.size - 1, log.head.size],
      [17, 299],
    ] as const) {
      const proof = await log.inclusionProof(leafIndex, size)
      expect(verifyInclusion(leafIndex, size, leafHash(leafOf(leafIndex)), proof, roots[size]!)).toBe(true)
    }
    for (const oldSize of [0, 1, 255, 256, 257, log.head.size]) {
      const proof = await log.consistencyProof(oldSize, log.head.size)
      expect(verifyConsistency(oldSize, log.head.size, roots[oldSize]!, log.head.rootHash, proof)).toBe(true)
      expect(await log.rootAt(oldSize)).toEqual(roots[oldSize])
    }
    const newest = log.head.size - 1
    expect(log.inclusionProofNow(newest, log.head.size)).toEqual(await log.inclusionProof(newest, log.head.size))
  }
  for (const size of [300, 511, 513, 700]) {
    await using log = await directory.open()
    await appendMany(log, size - log.size)
    await check(log)
    await log.flush()
    await check(log)
  }
  await using log = await directory.open()
  await check(log)
})

test('segments rotate and are used again, and a restart reads only what is not sealed', async () => {
  using directory = new TestDirectory()
  {
    await using log = await directory.open()
    await appendMany(log, 6000, 700)
  }
  expect(readdirSync(join(directory.path, 'wal')).filter((name) => name.endsWith('.wal')).length).toBeLessThan(4)
  await using log = await directory.open()
  expect(log.size).toBe(6000)
  expect(Buffer.from(await log.leaf(5))).toEqual(leafOf(5, 700))
  await appendMany(log, 1000, 700)
  expect(Buffer.from(await log.leaf(6999))).toEqual(leafOf(6999, 700))
})

test('a static server of the public directory shows a complete log', async () => {
  using directory = new TestDirectory()
  await using log = await directory.open()
  await appendMany(log, 600)
  await log.flush()
  const at = (path: string) => join(directory.path, 'public', path)
  const { size, rootHash } = openCheckpoint(readFileSync(at('checkpoint')), origin, [directory.signer.key])
  expect(size).toBe(600)
  const tree = new Tree()
  for (const [index, width] of [
    [0, 256],
    [1, 256],
    [2, 88],
  ] as const) {
    const entries = decodeBundle(readFileSync(at(formatTilePath({ level: 'entries', index, width }))), width)
    const hashes = readFileSync(at(formatTilePath({ level: 0, index, width })))
    for (const [i, entry] of entries.entries()) {
      expect(leafHash(entry)).toEqual(hashes.subarray(i * 32, i * 32 + 32))
      tree.push(hashText(leafHash(entry)))
    }
  }
  expect(tree.root()).toEqual(rootHash)
  for (const tile of partialTiles(600)) expect(readFileSync(at(formatTilePath(tile)))).toHaveLength(tile.width * 32)
  expect(statSync(at('tile/entries/000')).mode & 0o777).toBe(0o444)
  for (const hidden of ['wal', 'lock', 'cosigned', 'disclosures']) expect(existsSync(at(hidden))).toBe(false)
})

test('resources are served to every width that a checkpoint had, and no other path', async () => {
  using directory = new TestDirectory()
  await using log = await directory.open()
  await appendMany(log, 300)
  expect(decodeBundle((await log.resource('tile/entries/001.p/44'))!, 44)).toHaveLength(44)
  expect(decodeBundle((await log.resource('tile/entries/000'))!, 256)).toHaveLength(256)
  expect(await log.resource('tile/0/000.p/5')).toHaveLength(160)
  expect(await log.resource('tile/1/000.p/1')).toHaveLength(32)
  expect(String(await log.resource('checkpoint'))).toBe(log.head.note)
  for (const absent of [
    'tile/0/001',
    'tile/0/001.p/45',
    'tile/1/000',
    'tile/2/000.p/1',
    'tile/0/999',
    'meta.json',
    '../wal',
    'tile/0/000/../000',
    '',
  ]) {
    expect(await log.resource(absent)).toBeUndefined()
  }
  await log.flush()
  expect(await log.resource('tile/0/000.p/5')).toHaveLength(160)
})

test('leaves of other sizes are refused, and so is everything after the end', async () => {
  using directory = new TestDirectory()
  const log = await directory.open()
  expect(codeOf(() => log.append(new Uint8Array(0)))).toBe('size')
  expect(codeOf(() => log.append(new Uint8Array(65_536)))).toBe('size')
  expect(codeOf(() => log.append(leafOf(0), new Uint8Array((1 << 18) + 1)))).toBe('size')
  const { durable } = log.append(new Uint8Array(65_535), new Uint8Array(1 << 18))
  await log.close()
  expect((await durable).size).toBe(1)
  expect(codeOf(() => log.append(leafOf(1)))).toBe('closed')
})

test('a full queue says busy at once, and what was taken is kept', async () => {
  using directory = new TestDirectory()
  await using log = await directory.open()
  const taken = Array.from({ length: 8192 }, (_, i) => log.append(leafOf(i)).durable)
  expect(codeOf(() => log.append(leafOf(8192)))).toBe('busy')
  await Promise.all(taken)
  expect(log.head.size).toBe(8192)
  await log.append(leafOf(8192)).durable
})

test('disclosures are kept beside the leaf, sealed with it, and can be erased without touching it', async () => {
  using directory = new TestDirectory()
  const secret = (i: number) => Buffer.from(`name of person ${i}`)
  {
    await using log = await directory.open()
    await Promise.all(
      Array.from({ length: 300 }, (_, i) => log.append(leafOf(i), i % 2 ? secret(i) : undefined).durable),
    )
    expect(Buffer.from((await log.disclosures(299))!)).toEqual(secret(299))
    await log.eraseDisclosures(new Map([[299, undefined]]))
    expect(await log.disclosures(299)).toBeUndefined()
    await log.flush()
    await log.eraseDisclosures(new Map([[101, undefined]]))
  }
  await using log = await directory.open()
  for (let i = 0; i < 300; i += 1) {
    expect(await log.disclosures(i)).toEqual(i % 2 && i !== 101 && i !== 299 ? secret(i) : undefined)
  }
  expect(Buffer.from(await log.leaf(101))).toEqual(leafOf(101))
  const stored = readdirSync(directory.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const holds = (text: Buffer) =>
    stored.some((entry) =>
      readFileSync(join(entry.parentPath, entry.name)).includes(Buffer.concat([text, Buffer.of(0)])),
    )
  const anywhere = (i: number) =>
    stored.some((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(secret(i)))
  expect([anywhere(103), anywhere(101), anywhere(299), holds(secret(299))]).toEqual([true, false, false, false])
})

test('the latest cosigned checkpoint is kept and served', async () => {
  using directory = new TestDirectory()
  const witnesses = ['w1', 'w2'].map((name) =>
    ed25519Signer(name, COSIGNATURE, generateKeyPairSync('ed25519').privateKey),
  )
  {
    await using log = await directory.open()
    await appendMany(log, 5)
    const { note } = log.head
    for (const witness of witnesses)
      await log.addCosignatures(note, cosign(parseNote(note).text, witness, 1_800_000_000))
    await appendMany(log, 5)
    const served = parseNote((await log.resource('checkpoint'))!)
    expect(served.signatures.map(({ name }) => name)).toEqual([origin, 'w1', 'w2'])
    expect(log.head.size).toBe(10)
    await expect(log.addCosignatures(note.replace('\n5\n', '\n4\n'), cosign('x\n', witnesses[0]!, 1))).rejects.toThrow(
      'verify',
    )
  }
  await using log = await directory.open()
  expect(parseNote(log.cosigned!).signatures).toHaveLength(3)
  expect(readFileSync(join(directory.path, 'public/checkpoint'), 'utf8')).toBe(log.cosigned)
})

test('a new key signs from then on, and the old one is still believed', async () => {
  using directory = new TestDirectory()
  const next = ed25519Signer(origin, directory.signer.key.type, generateKeyPairSync('ed25519').privateKey)
  {
    await using log = await directory.open()
    await appendMany(log, 3)
    log.useSigner(next)
    await appendMany(log, 1)
    expect(openCheckpoint(log.head.note, origin, [next.key]).size).toBe(4)
  }
  await expect(directory.open({ signer: next })).rejects.toMatchObject({ code: 'damaged' })
  await using log = await directory.open({ signer: next, formerKeys: [directory.signer.key] })
  expect(log.size).toBe(4)
  expect(TILE_WIDTH).toBe(256)
})
