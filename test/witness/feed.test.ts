/** A log and its witnesses: cosigned behind the answers, mirrored, found out when it shows another past, repaired from the copy. */

import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openRepair } from '../../src/control/repair.ts'
import { startScrub, type Damage } from '../../src/control/scrub.ts'
import { openWitnesses, type WitnessesOptions } from '../../src/control/witnesses.ts'
import { compressRound } from '../../src/store/compress.ts'
import { diskFiles } from '../../src/store/file.ts'
import { openLog, type Finding, type Log } from '../../src/store/log.ts'
import { originHash } from '../../src/store/witness.ts'
import { verifyCosignatures } from '../../src/tlog/cosignature.ts'
import { openCheckpoint } from '../../src/tlog/checkpoint.ts'
import type { Signer } from '../../src/tlog/key.ts'
import { signRequest } from '../../src/wire/http-signature.ts'
import { Folder, freshSigner, origin, startWitness, type RunningWitness } from './world.ts'

class Scene implements AsyncDisposable {
  readonly folder = new Folder()
  readonly signer: Signer = freshSigner()
  readonly directory = join(this.folder.path, 'log')
  log!: Log
  witness!: RunningWitness

  static async open(leaves: number): Promise<Scene> {
    const scene = new Scene()
    scene.log = await scene.openLog()
    await scene.append(leaves)
    scene.witness = await startWitness(join(scene.folder.path, 'witness'), [scene.signer.key], { mirror: true })
    return scene
  }

  openLog(directory = this.directory): Promise<Log> {
    return openLog({ directory, origin, signer: this.signer, segmentBytes: 1 << 19, publishIntervalMs: 20 })
  }

  async append(count: number): Promise<void> {
    const leaf = () => Buffer.from(JSON.stringify({ leaf: this.log.size, text: 'x'.repeat(this.log.size % 50) }))
    for (let done = 0; done < count; done += 1000)
      await Promise.all(Array.from({ length: Math.min(1000, count - done) }, () => this.log.append(leaf()).durable))
  }

  get options(): WitnessesOptions {
    const witness = { name: 'w1', url: this.witness.url, key: this.witness.key, mirror: true }
    return { log: this.log, keys: [this.signer.key], witnesses: [witness], intervalMs: 20 }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.witness[Symbol.asyncDispose]()
    await this.log.close()
    this.folder[Symbol.dispose]()
  }
}

test('each new checkpoint comes back cosigned, and is what the log serves', async () => {
  await using scene = await Scene.open(5)
  await using witnesses = await openWitnesses(scene.options)
  expect(witnesses.status()).toMatchObject([{ name: 'w1', lag: 5 }])
  for (const size of [5, 12, 700]) {
    await scene.append(size - scene.log.size)
    await expect.poll(() => witnesses.status()[0], { timeout: 5_000 }).toMatchObject({ cosignedSize: size, lag: 0 })
  }
  expect(witnesses.status()[0]!.trouble).toBeUndefined()
  const served = openCheckpoint((await scene.log.resource('checkpoint'))!, origin, [scene.signer.key])
  expect(served.size).toBe(700)
  expect(verifyCosignatures(served.note, [scene.witness.key])).toHaveLength(1)
})

test('the copy of the witness is the log, byte for byte, and is shown to the log alone', async () => {
  await using scene = await Scene.open(5_000)
  await using witnesses = await openWitnesses(scene.options)
  await witnesses.settle()
  const base = `${scene.witness.url}/${originHash(origin)}`
  for (const path of ['tile/0/003', 'tile/0/019.p/136', 'tile/1/000.p/19']) {
    const mirrored = await (await fetch(`${base}/${path}`)).bytes()
    expect(Buffer.from(mirrored).equals((await scene.log.resource(path))!), path).toBe(true)
  }

  const target = `${base}/tile/entries/019.p/100`
  const read = async (signer: Signer, created: number, url = target) => {
    const keyId = `${signer.key.name}+${signer.key.keyId}`
    const headers = signRequest({ method: 'GET', targetUri: target, created, keyId }, (bytes) => signer.sign(bytes))
    return (await fetch(url, { headers: { ...headers } })).status
  }
  const now = Math.floor(Date.now() / 1000)
  expect((await fetch(target)).status).toBe(401)
  expect(await read(freshSigner(), now)).toBe(401)
  expect(await read(scene.signer, now - 120)).toBe(401)
  expect(await read(scene.signer, now + 120)).toBe(401)
  expect(await read(scene.signer, now, target.replace('100', '101'))).toBe(401)
  expect(await read(scene.signer, now)).toBe(200)
})

test('a mirror takes no leaf that is not under a signed checkpoint', async () => {
  await using scene = await Scene.open(300)
  await using honest = await openWitnesses(scene.options)
  await honest.settle()
  const forged: Log = Object.create(scene.log, {
    leaves: {
      value: async function* (from: number, to: number) {
        for await (const { leafIndex, leaf } of scene.log.leaves(from, to))
          yield { leafIndex, leaf: leafIndex === 305 ? Buffer.from('forged') : leaf }
      },
    },
    head: { get: () => scene.log.head },
    addCosignatures: { value: scene.log.addCosignatures.bind(scene.log) },
    consistencyProof: { value: scene.log.consistencyProof.bind(scene.log) },
    rootAt: { value: scene.log.rootAt.bind(scene.log) },
  }) as Log
  await honest[Symbol.asyncDispose]()
  await scene.append(10)
  await using lying = await openWitnesses({ ...scene.options, log: forged })
  await lying.settle()
  expect(lying.status()[0]).toMatchObject({ cosignedSize: 310, trouble: expect.stringContaining('it answered 422') })
})

test('a witness that was away is fed when it is back, and keeps its copy over a restart', async () => {
  await using scene = await Scene.open(300)
  const port = Number(new URL(scene.witness.url).port)
  await using witnesses = await openWitnesses(scene.options)
  await witnesses.settle()
  await scene.witness.kill()
  await scene.append(400)
  await witnesses.settle()
  expect(witnesses.status()[0]).toMatchObject({
    cosignedSize: 300,
    lag: 400,
    trouble: expect.stringContaining('ECONNREFUSED'),
  })
  scene.witness = await startWitness(join(scene.folder.path, 'witness'), [scene.signer.key], { mirror: true, port })
  await expect.poll(() => witnesses.status()[0]!.trouble, { timeout: 10_000 }).toBeUndefined()
  expect(witnesses.status()[0]).toMatchObject({ cosignedSize: 700, lag: 0 })
})

test('a log restored from an old copy, or with another past, does not start', async () => {
  await using scene = await Scene.open(20)
  await scene.log.close()
  const old = join(scene.folder.path, 'old')
  cpSync(scene.directory, old, { recursive: true })
  scene.log = await scene.openLog()
  await scene.append(20)
  {
    await using witnesses = await openWitnesses(scene.options)
    await witnesses.settle()
  }
  const restored = await scene.openLog(old)
  await expect(openWitnesses({ ...scene.options, log: restored })).rejects.toThrow('has seen 40 leaves')
  await Promise.all(Array.from({ length: 30 }, (_, i) => restored.append(Buffer.from(`other ${i}`)).durable))
  await expect(openWitnesses({ ...scene.options, log: restored })).rejects.toMatchObject({
    code: 'rolled_back',
    message: expect.stringContaining('another tree of log.example at 40 leaves'),
  })
  await restored.close()
})

test('a log that forks while it runs gets no cosignature, and says why', async () => {
  await using scene = await Scene.open(20)
  await using witnesses = await openWitnesses({ ...scene.options, intervalMs: 60_000 })
  const other = await scene.openLog(join(scene.folder.path, 'other'))
  await Promise.all(Array.from({ length: 25 }, (_, i) => other.append(Buffer.from(`other ${i}`)).durable))
  {
    await using theirs = await openWitnesses({ ...scene.options, log: other })
    await theirs.settle()
  }
  await witnesses.settle()
  expect(witnesses.status()[0]!.trouble).toContain('somebody else signs with the key of this log')
  await scene.append(20)
  await witnesses.settle()
  expect(witnesses.status()[0]!.trouble).toContain('it answered 422')
  await other.close()
})

/** Flips one bit of the needle's last byte wherever it stands in the file. */
function flip(file: string, needle: string): void {
  const bytes = readFileSync(file)
  const at = bytes.lastIndexOf(needle)
  expect(at).toBeGreaterThan(0)
  bytes[at + needle.length - 1]! ^= 1
  chmodSync(file, 0o600)
  writeFileSync(file, bytes)
}

test.each([
  ['the write-ahead log', 290, 'wal/00000000000000000000.wal'],
  ['a sealed bundle', 17, 'public/tile/entries/000'],
])('a byte changed in %s is found within two seconds, and repaired from the copy', async (_, leafIndex, file) => {
  await using scene = await Scene.open(300)
  await using witnesses = await openWitnesses(scene.options)
  await witnesses.settle()
  await scene.log.flush()
  const found: Damage[] = []
  await using scrub = startScrub({
    log: scene.log,
    directory: scene.directory,
    onDamage: (damage) => void found.push(damage),
  })
  await scrub.pass()
  expect(found).toEqual([])

  const startedAt = performance.now()
  flip(join(scene.directory, file), `{"leaf":${leafIndex},"text":`)
  await expect.poll(() => found.length, { timeout: 4_000, interval: 20 }).toBe(1)
  expect(performance.now() - startedAt).toBeLessThan(2_000)
  expect(found[0]).toMatchObject({ leafIndex, file })
  expect(found[0]!.problem.length).toBeLessThanOrEqual(64)
  await scrub.pass()
  expect(found).toHaveLength(1)
  expect(scrub.damaged).toEqual([leafIndex])

  const repair = openRepair({ log: scene.log, signer: () => scene.signer, witnesses: scene.options.witnesses })
  expect((await repair.fetchFromWitness(leafIndex)).from).toBe('w1')
  expect(await repair.repair([leafIndex])).toEqual({ repaired: [leafIndex], from: ['w1'], failed: [] })
  await scrub.pass()
  expect(scrub.damaged).toEqual([])
})

async function findings(log: Log): Promise<Finding[]> {
  const found: Finding[] = []
  for await (const finding of log.scrubOnce()) found.push(finding)
  return found
}

test('a compressed bundle of which nothing is left behind the changed byte is repaired from the copy, whole', async () => {
  await using scene = await Scene.open(300)
  await using witnesses = await openWitnesses(scene.options)
  await witnesses.settle()
  await scene.log.flush()
  const publicDirectory = join(scene.directory, 'public')
  const hashes = async () => (await scene.log.resource('tile/0/000'))!
  const inTurn = <T>(work: () => Promise<T>) => work()
  await compressRound({ files: diskFiles, publicDirectory, hashes, inTurn }, 0, 1)
  const file = join(publicDirectory, 'tile/entries/000.gz')
  chmodSync(file, 0o600)
  const gzip = readFileSync(file)
  writeFileSync(file, gzip.subarray(0, gzip.length / 2))

  const [finding, ...rest] = await findings(scene.log)
  expect([finding?.file, rest]).toEqual([file, []])
  const { leafIndex } = finding!
  const repair = openRepair({ log: scene.log, signer: () => scene.signer, witnesses: scene.options.witnesses })
  expect(await repair.repair([leafIndex])).toEqual({ repaired: [leafIndex], from: ['w1'], failed: [] })
  expect(await findings(scene.log)).toEqual([])
  expect(readFileSync(file)).toEqual(gzip)
})

test('a witness whose copy is gone repairs nothing, and that is said', async () => {
  await using scene = await Scene.open(30)
  {
    await using witnesses = await openWitnesses(scene.options)
    await witnesses.settle()
  }
  rmSync(join(scene.folder.path, 'witness/logs', originHash(origin), 'mirror/tile'), { recursive: true })
  const repair = openRepair({ log: scene.log, signer: () => scene.signer, witnesses: scene.options.witnesses })
  expect((await repair.repair([3])).failed[0]!.because).toMatch(/leaf 3 can't be fetched: w1: it answered 503/)
  const nobody = openRepair({ log: scene.log, signer: () => scene.signer, witnesses: [] })
  await expect(nobody.fetchFromWitness(3)).rejects.toThrow('no witness keeps a copy of this log')
})
