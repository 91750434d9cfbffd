import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { run } from '../../src/cli/log-compress.ts'
import { systemCaller } from '../../src/control/handle.ts'
import { Instance } from '../../src/control/instance.ts'
import { copyTiles } from '../../src/control/tile-copy.ts'
import { openTiles } from '../../src/control/tile-source.ts'
import { verifyLog } from '../../src/control/verification.ts'
import { compress, decompress, readBundle } from '../../src/store/bundle.ts'
import { compressRound } from '../../src/store/compress.ts'
import { compressLog } from '../../src/store/compress-stored.ts'
import { diskFiles } from '../../src/store/file.ts'
import type { Finding, Log, LogOptions } from '../../src/store/log.ts'
import { openMirror } from '../../src/store/mirror.ts'
import { openCheckpoint } from '../../src/tlog/checkpoint.ts'
import { hashText, leafHash } from '../../src/tlog/hash.ts'
import { decodeBundle, formatTilePath, MAX_BUNDLE_BYTES } from '../../src/tlog/tile.ts'
import { Tree } from '../../src/tlog/tree.ts'
import { verifyInclusion } from '../../src/tlog/verify.ts'
import { listening } from '../verify/world.ts'
import { FaultyFiles } from './faulty.ts'
import { PowerCut } from './power-cut.ts'
import { appendMany, leafOf, origin, TestDirectory } from './world.ts'

const LEAVES = 2000
const POLICIES = join(import.meta.dirname, '../../policies')
const FULL = Math.floor(LEAVES / 256)

async function findings(log: Log): Promise<Finding[]> {
  const found: Finding[] = []
  for await (const finding of log.scrubOnce()) found.push(finding)
  return found
}

function bundle(directory: TestDirectory, index: number): string {
  return join(directory.path, 'public', formatTilePath({ level: 'entries', index, width: 256 }))
}

const bundles = (directory: TestDirectory) =>
  readdirSync(join(directory.path, 'public/tile/entries')).filter((name) => !name.endsWith('.p'))

function overwrite(file: string, bytes: Uint8Array): void {
  chmodSync(file, 0o644)
  writeFileSync(file, bytes)
}

function change(file: string, at: number): void {
  const bytes = readFileSync(file)
  bytes[at]! ^= 4
  overwrite(file, bytes)
}

async function grow(directory: TestDirectory, options: Partial<LogOptions> = {}): Promise<void> {
  await using log = await directory.open(options)
  await appendMany(log, LEAVES, 120)
}

/** A log whose bundles are raw, compressed, or some of each. */
async function grown(form: 'raw' | 'compressed' | 'mixed'): Promise<TestDirectory> {
  const directory = new TestDirectory()
  await grow(directory)
  if (form === 'compressed') await compressLog(directory.path)
  if (form === 'mixed') {
    const log = join(directory.path, 'public')
    const hashes = (index: number) => diskFiles.read(join(log, `tile/0/00${index}`)) as Promise<Uint8Array>
    const sources = { files: diskFiles, publicDirectory: log, hashes, inTurn: <T>(work: () => Promise<T>) => work() }
    await compressRound(sources, 1, 3)
    await compressRound(sources, 5, 6)
    // A crash between the two names leaves both.
    writeFileSync(`${bundle(directory, 0)}.gz`, await compress(readFileSync(bundle(directory, 0))))
  }
  return directory
}

test('a gzip file is read back, by us and by gzip; of other bytes none comes out as a bundle', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 3000 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      async (bytes, at, mask) => {
        const gzip = await compress(bytes)
        expect(gunzipSync(gzip)).toEqual(Buffer.from(bytes))
        expect(await decompress(gzip)).toEqual(Buffer.from(bytes))
        const changed = Buffer.from(gzip)
        changed[at % gzip.length]! ^= mask
        // Bits between the end of the deflated bits and the trailer mean nothing.
        const read = await decompress(changed)
        expect(read === undefined || read.equals(bytes)).toBe(true)
        for (const other of [
          gzip.subarray(1),
          gzip.subarray(0, -1),
          Buffer.concat([gzip, gzip]),
          Buffer.concat([gzip, Buffer.alloc(1)]),
        ])
          expect(await decompress(other)).toBeUndefined()
      },
    ),
    { numRuns: 60 },
  )
})

test('a gzip file that would be longer than any bundle is refused before it is unpacked', async () => {
  expect(await decompress(await compress(Buffer.alloc(MAX_BUNDLE_BYTES)))).toHaveLength(MAX_BUNDLE_BYTES)
  expect(await decompress(await compress(Buffer.alloc(MAX_BUNDLE_BYTES + 1)))).toBeUndefined()
  const bomb = await compress(Buffer.alloc(100_000_000))
  expect(await decompress(bomb)).toBeUndefined()
  using directory = await grown('compressed')
  overwrite(`${bundle(directory, 3)}.gz`, bomb)
  await using log = await directory.open()
  await expect(log.leaf(3 * 256 + 7)).rejects.toThrow(/leaf 768 was changed in .*003\.gz/)
  expect((await findings(log)).map(({ leafIndex }) => leafIndex)).toContain(768)
})

test.each(['raw', 'compressed', 'mixed'] as const)('a %s log is one log, to every reader', async (form) => {
  using directory = await grown(form)
  const raw = bundles(directory).filter((name) => !name.endsWith('.gz')).length
  expect(raw).toBe({ raw: FULL, compressed: 0, mixed: FULL - 3 }[form])
  {
    await using log = await directory.open()
    expect(await findings(log)).toEqual([])
    for await (const { leafIndex, leaf } of log.leaves(0, LEAVES))
      expect(Buffer.from(leaf)).toEqual(leafOf(leafIndex, 120))
    const proof = await log.inclusionProof(700, LEAVES)
    expect(verifyInclusion(700, LEAVES, leafHash(await log.leaf(700)), proof, log.head.rootHash)).toBe(true)
    const resource = await log.resource('tile/entries/002')
    expect(decodeBundle(resource!, 256).map(Buffer.from)).toEqual(
      Array.from({ length: 256 }, (_, i) => leafOf(512 + i, 120)),
    )
    const gzip = await log.gzipped('tile/entries/002')
    expect(gzip && gunzipSync(gzip)).toEqual(form === 'raw' ? undefined : Buffer.from(resource!))
    for (const none of ['tile/entries/002.p/7', 'tile/0/002', 'tile/entries/007', 'tile/entries/../002', 'checkpoint'])
      expect(await log.gzipped(none)).toBeUndefined()
    // It goes on growing.
    await appendMany(log, 300, 120)
  }
  const verified = await verifyLog({ path: directory.path, logKeys: [directory.signer.key] })
  expect(verified.treeSize).toBe(LEAVES + 300)
  const problems = verified.findings.map(({ problem }) => problem)
  // These leaves are no JSON of ours; nothing else may be found.
  expect(problems.filter((problem) => /hash|missing|changed|checkpoint|gzip/.test(problem))).toEqual([])
})

test.each(['raw', 'compressed', 'mixed'] as const)(
  'a copy of a %s log is made, compressed, extended and verified',
  async (form) => {
    using directory = await grown(form)
    const to = join(directory.path, 'copy')
    const copy = async () => copyTiles({ source: await openTiles(directory.path), to, keys: [directory.signer.key] })
    expect(await copy()).toMatchObject({ treeSize: LEAVES, bundlesFetched: FULL + 1 })
    expect(await compressLog(to)).toEqual({ bundles: FULL, compressed: FULL, changed: 0 })
    expect(await compressLog(to)).toEqual({ bundles: FULL, compressed: 0, changed: 0 })
    {
      await using log = await directory.open()
      await appendMany(log, 300, 120)
    }
    // What is here compressed is not fetched again.
    expect(await copy()).toMatchObject({ treeSize: LEAVES + 300, bundlesFetched: 2 })
    const again = join(directory.path, 'again')
    await copyTiles({ source: await openTiles(to), to: again, keys: [directory.signer.key] })
    expect(readFileSync(join(again, 'tile/entries/004'))).toEqual(
      gunzipSync(readFileSync(join(to, 'tile/entries/004.gz'))),
    )
  },
)

test('a witness’s copy gives out what it has compressed', async () => {
  using directory = new TestDirectory()
  const leaves = Array.from({ length: 600 }, (_, i) => leafOf(i))
  const path = join(directory.path, 'mirror')
  expect(await (await openMirror(path, origin)).extend(0, leaves, () => true)).toMatchObject({ outcome: 'extended' })
  expect(await compressLog(path)).toMatchObject({ bundles: 2, compressed: 2 })
  const mirror = await openMirror(path, origin)
  for (const [resource, from, to] of [
    ['tile/entries/001', 256, 512],
    ['tile/entries/001.p/9', 256, 265],
    ['tile/entries/002.p/88', 512, 600],
  ] as const)
    expect(decodeBundle((await mirror.resource(resource))!, to - from)).toEqual(leaves.slice(from, to))
  expect(await mirror.extend(600, [leafOf(600)], () => true)).toMatchObject({ outcome: 'extended', size: 601 })
})

test('a running log compresses behind itself, all but the newest, and is read all the while', async () => {
  using directory = new TestDirectory()
  {
    await using log = await directory.open({ compressBehind: 512, publishIntervalMs: 1 })
    const growing = appendMany(log, LEAVES, 120)
    while (log.head.size < LEAVES) {
      const leafIndex = Math.floor(Math.random() * log.head.size)
      if (log.head.size > 0) expect(Buffer.from(await log.leaf(leafIndex))).toEqual(leafOf(leafIndex, 120))
      else await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await growing
    await expect.poll(() => bundles(directory).filter((name) => name.endsWith('.gz')).length).toBe(FULL - 2)
    // The raw one goes after its compressed one is there.
    const raw = () => bundles(directory).filter((name) => !name.endsWith('.gz'))
    await expect.poll(raw).toEqual(['005', '006'])
    expect(await findings(log)).toEqual([])
  }
  // A restart goes on where it stopped; without the option, what is compressed stays so.
  for (const options of [{ compressBehind: 0 }, {}]) {
    await using log = await directory.open(options)
    await expect.poll(() => bundles(directory).every((name) => name.endsWith('.gz'))).toBe(true)
    expect(Buffer.from(await log.leaf(1500))).toEqual(leafOf(1500, 120))
    expect(await findings(log)).toEqual([])
  }
})

test('an instance that is told to compresses its own leaves, and its log verifies', async () => {
  using directory = new TestDirectory()
  const options = {
    publicUrl: 'http://localhost:7443',
    origin: 'log.localhost',
    policyDirectory: POLICIES,
    version: '0',
  }
  {
    await using instance = await Instance.open({ ...options, directory: directory.path, compressSealed: true })
    const command = { type: 'summarise noise' as const, refused: [{ code: 'bad_token', count: 1 }] }
    while (instance.log.size < 4096 + 600)
      await Promise.all(Array.from({ length: 256 }, () => instance.handle({ command, caller: systemCaller('noise') })))
    await instance.log.flush()
    const entries = join(directory.path, 'log/public/tile/entries')
    const gzipped = () => readdirSync(entries).filter((name) => name.endsWith('.gz'))
    await expect.poll(() => gzipped().length).toBe(Math.floor(instance.log.size / 256) - 16)
  }
  expect((await verifyLog({ path: directory.path })).findings).toEqual([])
})

test('the power is cut at each operation of a compression: one whole copy of each bundle is always there, and it goes on', async () => {
  using directory = new TestDirectory()
  await grow(directory)
  const whole = Array.from({ length: FULL }, (_, index) => readFileSync(bundle(directory, index)))
  let cuts = 0
  for (let isCut = true; isCut;) {
    using copy = new TestDirectory()
    cpSync(join(directory.path, 'public'), join(copy.path, 'public'), { recursive: true })
    const disk = new PowerCut(Math.random, (cuts += 1))
    const publicDirectory = join(copy.path, 'public')
    const hashes = (index: number) => diskFiles.read(join(publicDirectory, `tile/0/00${index}`)) as Promise<Uint8Array>
    const sources = { files: disk.files, publicDirectory, hashes, inTurn: <T>(work: () => Promise<T>) => work() }
    isCut = await compressRound(sources, 0, FULL).then(
      () => false,
      () => true,
    )
    await disk.settle()
    for (const [index, bytes] of whole.entries()) {
      const stored = await readBundle(diskFiles, bundle(copy, index))
      expect([cuts, index, stored?.isWhole, stored?.bytes.equals(bytes)]).toEqual([cuts, index, true, true])
    }
    expect(await compressLog(copy.path)).toMatchObject({ bundles: FULL, changed: 0 })
    expect(bundles(copy).filter((name) => !name.endsWith('.gz'))).toEqual([])
  }
  // Each bundle is written and removed, with two syncs around.
  expect(cuts).toBeGreaterThan(2 * FULL)
})

test('a full disk while compressing costs nothing: what is raw stays raw, appending goes on', async () => {
  using directory = new TestDirectory()
  await grow(directory)
  const disk = new FaultyFiles()
  disk.where = '.gz'
  disk.fault = 'ENOSPC'
  await using log = await directory.open({ compressBehind: 0, files: disk.files })
  await appendMany(log, 300, 120)
  await log.flush()
  expect(log.trouble).toBeUndefined()
  expect(bundles(directory).filter((name) => name.endsWith('.gz'))).toEqual([])
  disk.fault = undefined
  await appendMany(log, 300, 120)
  await log.flush()
  await expect.poll(() => bundles(directory).filter((name) => !name.endsWith('.gz'))).toEqual([])
  expect(await findings(log)).toEqual([])
})

test('a bundle that was changed is not compressed, and is named', async () => {
  using directory = new TestDirectory()
  await grow(directory)
  const file = bundle(directory, 2)
  change(file, readFileSync(file).indexOf(leafOf(600, 120)) + 3)
  expect(await compressLog(directory.path)).toEqual({ bundles: FULL, compressed: FULL - 1, changed: 1 })
  expect(existsSync(file)).toBe(true)
  await using log = await directory.open()
  expect((await findings(log)).map(({ leafIndex }) => leafIndex)).toEqual([600])
  await log.repair(600, leafOf(600, 120))
  expect(await findings(log)).toEqual([])
})

test('log compress, as somebody types it: says what it did, and exits 5 when something was changed', async () => {
  using directory = await grown('mixed')
  const first = listening('text')
  expect(await run({ directory: directory.path }, first.terminal)).toBe(0)
  expect(first.text()).toContain(`✓ ${FULL - 3} bundles of 256 leaves are gzipped now; 3 were before`)
  const second = listening()
  expect(await run({ directory: directory.path }, second.terminal)).toBe(0)
  expect(second.json()).toMatchObject({ ok: true, bundles: FULL, compressed: 0, changed: 0 })
  const file = bundle(directory, 1)
  writeFileSync(file, gunzipSync(readFileSync(`${file}.gz`)).fill(0, 20, 30))
  const third = listening('text')
  expect(await run({ directory: directory.path }, third.terminal)).toBe(5)
  expect(third.text()).toContain('1 bundle is not as signed')
  await expect(run({ directory: join(directory.path, 'wal') }, third.terminal)).rejects.toMatchObject({
    code: 'absent',
  })
})

test('a log that a server owns is not compressed from outside', async () => {
  using directory = new TestDirectory()
  await grow(directory)
  await using _log = await directory.open()
  await expect(compressLog(directory.path)).rejects.toMatchObject({ code: 'locked' })
})

test('any byte changed in a compressed bundle is found, names a leaf, and one whole bundle puts everything back', async () => {
  using directory = await grown('compressed')
  const file = `${bundle(directory, 2)}.gz`
  const whole = readFileSync(file)
  const leaves = Array.from({ length: 256 }, (_, i) => leafOf(512 + i, 120))
  const places = [0, 3, 9, 10, 40, Math.floor(whole.length / 2), whole.length - 9, whole.length - 8, whole.length - 1]
  for (const at of places) {
    await using log = await directory.open()
    change(file, at)
    const found = await findings(log)
    // What is left of the last byte of the deflated bits may mean nothing; header and trailer always do.
    if (at >= 10 && at < whole.length - 8 && found.length === 0)
      expect(gunzipSync(readFileSync(file))).toEqual(gunzipSync(whole))
    else expect(found).not.toEqual([])
    for (const { leafIndex, problem } of found) {
      expect([leafIndex >= 512 && leafIndex < 768, problem]).toEqual([true, expect.stringContaining('002.gz')])
      await expect(log.leaf(leafIndex)).rejects.toMatchObject({ code: 'damaged' })
    }
    if (found[0]) {
      await expect(log.repair(found[0].leafIndex, leafOf(1, 120), leaves)).rejects.toMatchObject({ code: 'damaged' })
      await log.repair(found[0].leafIndex, leafOf(found[0].leafIndex, 120), leaves)
    }
    expect(await findings(log)).toEqual([])
    expect([existsSync(file), existsSync(bundle(directory, 2))]).toEqual([true, false])
    expect(Buffer.from(await log.leaf(700))).toEqual(leafOf(700, 120))
    overwrite(file, whole)
  }
})

test('a gzip file that was changed around its leaves is named offline, too', async () => {
  using directory = await grown('compressed')
  change(`${bundle(directory, 4)}.gz`, 9)
  const { findings: found } = await verifyLog({ path: directory.path, logKeys: [directory.signer.key] })
  const file = 'public/tile/entries/004.gz'
  expect(found).toContainEqual({ leafIndex: 1024, file, problem: 'the gzip file of a bundle was changed' })
})

test('a compressed bundle that is gone is found, and put back', async () => {
  using directory = await grown('compressed')
  await using log = await directory.open()
  await rm(`${bundle(directory, 1)}.gz`)
  const [finding] = await findings(log)
  expect(finding).toMatchObject({ leafIndex: 256 })
  await log.repair(
    256,
    leafOf(256, 120),
    Array.from({ length: 256 }, (_, i) => leafOf(256 + i, 120)),
  )
  expect(await findings(log)).toEqual([])
})

/** What nginx does with `gzip_static always`: no negotiation, the `.gz` file where there is one. */
async function serveStatic(root: string) {
  const server = createServer((request, response) => {
    const path = join(root, request.url!)
    const [file, encoding] = existsSync(`${path}.gz`) ? [`${path}.gz`, 'gzip'] : [path, undefined]
    if (!existsSync(file)) return void response.writeHead(404).end()
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      ...(encoding && { 'content-encoding': encoding }),
    })
    response.end(readFileSync(file))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, [Symbol.dispose]: () => server.close() }
}

test('a static server gives out a compressed log, to a client that knows tlog-tiles and HTTP alone, and to ours', async () => {
  using directory = await grown('mixed')
  using server = await serveStatic(join(directory.path, 'public'))
  const get = async (path: string) => new Uint8Array(await (await fetch(`${server.url}/${path}`)).arrayBuffer())
  const { size, rootHash } = openCheckpoint(await get('checkpoint'), origin, [directory.signer.key])
  const tree = new Tree()
  for (let index = 0; index * 256 < size; index += 1) {
    const width = Math.min(256, size - index * 256)
    const bytes = await get(formatTilePath({ level: 'entries', index, width }))
    for (const leaf of decodeBundle(bytes, width)) tree.push(hashText(leafHash(leaf)))
  }
  expect(tree.root()).toEqual(rootHash)
  const to = join(directory.path, 'copy')
  const copied = await copyTiles({ source: await openTiles(server.url), to, keys: [directory.signer.key] })
  expect(copied).toMatchObject({ treeSize: LEAVES, bundlesFetched: FULL + 1 })
})

test('a hostile server’s bomb is cut off', async () => {
  const bomb = gzipSync(Buffer.alloc(100_000_000))
  const server = createServer((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const source = await openTiles(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await expect(source.tile('entries', 0, 256)).rejects.toMatchObject({ code: 'size' })
  server.close()
})
