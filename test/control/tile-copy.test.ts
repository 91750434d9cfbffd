/** A second copy of a log: it holds what was signed, goes on where it was interrupted, and refuses a second history. */

import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { copyTiles } from '../../src/control/tile-copy.ts'
import { openTiles, type TileSource } from '../../src/control/tile-source.ts'
import { generateKeyPairSync } from 'node:crypto'
import { ed25519Signer, NOTE_SIGNATURE, type Signer } from '../../src/tlog/key.ts'
import { openLog, type Log } from '../../src/store/log.ts'
import { appendMany, leafOf, origin, TestDirectory } from '../store/world.ts'

class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'countersign-copy-'));
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

const publicOf = (directory: TestDirectory) => join(directory.path, 'public')

/** Every file that is served is what the log itself would serve. */
async function expectCopyOf(log: Log, to: string, every = 1): Promise<void> {
  const files = readdirSync(to, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  for (const { parentPath, name } of files.filter((_, index) => index % every === 0)) {
    const path = relative(to, join(parentPath, name))
    expect(readFileSync(join(to, path)).equals(Buffer.from((await log.resource(path))!)), path).toBe(true)
  }
  expect(files.length).toBeGreaterThan(1)
}

test('it grows with the log: every tile is what the log serves, partial ones of the newest size too', async () => {
  using directory = new TestDirectory()
  using folder = new Folder()
  const to = join(folder.path, 'copy')
  await using log = await directory.open()
  let size = 0
  for (const count of [1, 99, 156, 1, 400, 1500, 67_000]) {
    await appendMany(log, count)
    await log.flush()
    const copied = await copyTiles({ source: await openTiles(publicOf(directory)), to, keys: [directory.signer.key] })
    expect(copied).toMatchObject({ origin, previousSize: size, treeSize: size + count })
    size += count
    await expectCopyOf(log, to, count > 60_000 ? 17 : 1)
  }
  expect(existsSync(join(to, 'tile/1/000'))).toBe(true)
  const again = await copyTiles({ source: await openTiles(publicOf(directory)), to, keys: [directory.signer.key] })
  expect([again.bundlesFetched, again.treeSize]).toEqual([0, size])
  // The copy is itself a source.
  using second = new Folder()
  const copied = await copyTiles({ source: await openTiles(to), to: second.path, keys: [directory.signer.key] })
  expect(copied.treeSize).toBe(size)
})

/** The source with something changed in what it gives out. */
function changed(source: TileSource, change: (path: string, bytes: Uint8Array) => Uint8Array | undefined): TileSource {
  return {
    file: (path) => source.file(path),
    checkpoint: async () => change('checkpoint', await source.checkpoint())!,
    tile: async (level, index, width) => {
      const bytes = await source.tile(level, index, width)
      return bytes && change(`${level}/${index}`, Buffer.from(bytes))
    },
  }
}

const flipped = (bytes: Uint8Array) => {
  bytes[40]! ^= 1
  return bytes
}

test('what was interrupted goes on, and does not fetch again what fits', async () => {
  using directory = new TestDirectory()
  using folder = new Folder()
  await using log = await directory.open()
  await appendMany(log, 3000)
  await log.flush()
  const options = { to: folder.path, keys: [directory.signer.key] }
  const source = await openTiles(publicOf(directory))
  for (const last of ['0/5', 'entries/7'])
    await expect(
      copyTiles({ ...options, source: changed(source, (path, bytes) => (path === last ? undefined : bytes)) }),
    ).rejects.toMatchObject({ code: 'absent' })
  expect(existsSync(join(folder.path, 'checkpoint'))).toBe(false)
  const copied = await copyTiles({ ...options, source })
  expect(copied.bundlesFetched).toBeLessThan(12)
  await expectCopyOf(log, folder.path)
})

test('leaves and hashes that were not signed never get in, also not as leftovers', async () => {
  using directory = new TestDirectory()
  using folder = new Folder()
  await using log = await directory.open()
  await appendMany(log, 700)
  await log.flush()
  const options = { to: folder.path, keys: [directory.signer.key] }
  const source = await openTiles(publicOf(directory))
  for (const where of ['0/1', '0/2', 'entries/1'])
    await expect(
      copyTiles({ ...options, source: changed(source, (path, bytes) => (path === where ? flipped(bytes) : bytes)) }),
    ).rejects.toMatchObject({ code: 'damaged' })
  const edited = changed(source, (path, bytes) => (path === 'checkpoint' ? flipped(bytes) : bytes))
  await expect(copyTiles({ ...options, source: edited })).rejects.toMatchObject({ code: 'damaged' })
  const stranger = ed25519Signer(origin, NOTE_SIGNATURE, generateKeyPairSync('ed25519').privateKey)
  await expect(copyTiles({ ...options, source, keys: [stranger.key] })).rejects.toMatchObject({ code: 'damaged' })
  await copyTiles({ ...options, source })
  await expectCopyOf(log, folder.path)
})

async function otherLog(signer: Signer, path: string, size: number): Promise<void> {
  await using log = await openLog({ directory: path, origin, signer })
  for (let i = 0; i < size; i += 1) void log.append(leafOf(i === 3 ? 33 : i)).durable
  await log.flush()
}

test('a second history is refused at any size, and what proves it is kept; an older state of the same one is not', async () => {
  using directory = new TestDirectory()
  using folder = new Folder()
  const to = join(folder.path, 'copy')
  const options = { to, keys: [directory.signer.key] }
  await using log = await directory.open()
  await appendMany(log, 300)
  await log.flush()
  await copyTiles({ ...options, source: await openTiles(publicOf(directory)) })
  const note = readFileSync(join(to, 'checkpoint'))
  for (const size of [290, 300, 310, 600]) {
    const path = join(folder.path, String(size))
    await otherLog(directory.signer, path, size)
    const source = await openTiles(join(path, 'public'))
    await expect(copyTiles({ ...options, source }), String(size)).rejects.toMatchObject({ code: 'rolled_back' })
    expect(readFileSync(join(to, 'fork'))).toEqual(readFileSync(join(path, 'public/checkpoint')))
    expect(readFileSync(join(to, 'checkpoint'))).toEqual(note)
    rmSync(join(to, 'fork'))
    await expectCopyOf(log, to)
  }
  await appendMany(log, 100)
  await log.flush()
  using ahead = new Folder()
  await copyTiles({ source: await openTiles(publicOf(directory)), to: ahead.path, keys: options.keys })
  const behind = await copyTiles({ source: await openTiles(to), to: ahead.path, keys: options.keys })
  expect([behind.treeSize, behind.previousSize]).toEqual([400, 400])
})

test('over HTTP, with a login where the leaves need one', async () => {
  using directory = new TestDirectory()
  using folder = new Folder()
  await using log = await directory.open()
  await appendMany(log, 300)
  const server = createServer((request, response) => {
    const path = request.url!.slice('/log/'.length)
    if (path.startsWith('tile/entries') && request.headers.authorization !== 'Bearer cs_x')
      return void response.writeHead(401).end()
    void log.resource(path).then((bytes) => response.writeHead(bytes ? 200 : 404).end(bytes))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/log/`
    const options = { to: folder.path, keys: [directory.signer.key] }
    const refused = copyTiles({ ...options, source: await openTiles(url) })
    await expect(refused).rejects.toThrow(/answers 401; leaves need a login/)
    expect(await copyTiles({ ...options, source: await openTiles(url, 'cs_x') })).toMatchObject({ treeSize: 300 })
    await expectCopyOf(log, folder.path)
  } finally {
    server.close()
  }
})
