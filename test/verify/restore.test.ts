/** A log that was damaged while its server was down is put together again, and only as a tree that it signed. */

import { cpSync, existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { run } from '../../src/cli/restore.ts'
import { replayLog } from '../../src/control/replay.ts'
import { verifyLog } from '../../src/control/verification.ts'
import { checkWitnesses, openWitnesses } from '../../src/control/witnesses.ts'
import { readWal } from '../../src/store/stored-wal.ts'
import { locateLog } from '../../src/store/stored.ts'
import { Company } from '../world/company.ts'
import { Folder, startWitness, type RunningWitness } from '../witness/world.ts'
import { edit, listening } from './world.ts'

class Scene implements AsyncDisposable {
  readonly folder = new Folder()
  readonly company: Company
  witness!: RunningWitness

  private constructor(company: Company) {
    this.company = company
  }

  static async open(): Promise<Scene> {
    const scene = new Scene(await Company.open())
    const admin = await scene.company.firstAdmin()
    await scene.company.person(admin, 'mara', ['approver'])
    const keys = await scene.company.instance.verifierKeys()
    scene.witness = await startWitness(scene.folder.path, keys, { mirror: true })
    return scene
  }

  async options() {
    const { instance } = this.company
    const witness = { name: 'w1', url: this.witness.url, key: this.witness.key, mirror: true }
    return { log: instance.log, keys: await instance.verifierKeys(), witnesses: [witness] }
  }

  async feed(): Promise<void> {
    await using witnesses = await openWitnesses(await this.options())
    await witnesses.settle()
    const [status] = witnesses.status()
    if (status?.lag !== 0) throw new Error(status?.trouble)
  }

  /** What the disk holds when the server is down. */
  async copy(): Promise<string> {
    await this.company.instance.log.flush()
    const directory = join(this.folder.path, `data-${Math.round(performance.now() * 1000)}`)
    cpSync(this.company.directory, directory, { recursive: true })
    return directory
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.witness[Symbol.asyncDispose]()
    await this.company[Symbol.asyncDispose]()
    this.folder[Symbol.dispose]()
  }
}

async function restore(data: string, from: string, more: object = {}) {
  const { terminal, json } = listening()
  const code = await run({ data, from, ...more }, terminal)
  return { code, ...json<{ treeSize: number; fetched: number[]; discarded: number; kept?: string }>() }
}

/** Both stored copies of a leaf changed. */
async function damage(directory: string, leafIndex: number): Promise<void> {
  const log = await locateLog(directory)
  const { leaves } = await readWal(log, log.origin!)
  const { file, offset } = leaves.get(leafIndex)!
  edit(file, (bytes) => void (bytes[offset + 50]! ^= 1))
  rmSync(join(directory, 'log/public/tile/entries'), { recursive: true })
}

test('changed leaves come back from the witness, or from a copy of its directory', async () => {
  await using scene = await Scene.open()
  await scene.feed()
  const before = await verifyLog({ path: await scene.copy() })
  expect(before.findings).toEqual([])
  for (const from of [scene.witness.url, scene.folder.path]) {
    const data = await scene.copy()
    await damage(data, 4)
    expect((await verifyLog({ path: data })).findings.length).toBeGreaterThan(0)
    const restored = await restore(data, from)
    expect(restored).toMatchObject({ code: 0, treeSize: before.treeSize, fetched: [4], discarded: 0 })
    expect(existsSync(restored.kept!)).toBe(true)
    const after = await verifyLog({ path: data })
    expect(after).toMatchObject({ treeSize: before.treeSize, rootHash: before.rootHash, findings: [] })
    expect(after.counts.disclosures.checked).toBe(before.counts.disclosures.checked)
    expect((await replayLog({ path: data })).different).toEqual([])
    expect(await restore(data, from)).toMatchObject({ code: 0, fetched: [] })
  }
})

test('a log whose directory is gone is fetched whole', async () => {
  await using scene = await Scene.open()
  await scene.feed()
  const data = await scene.copy()
  rmSync(join(data, 'log'), { recursive: true })
  await expect(restore(data, scene.witness.url)).rejects.toMatchObject({ exit: 'usage' })
  const { treeSize, fetched } = await restore(data, scene.witness.url, { origin: 'log.example' })
  expect(fetched).toHaveLength(treeSize)
  expect((await verifyLog({ path: data })).findings).toEqual([])
})

test('an old backup gets its newest leaves back, before it signs anything', async () => {
  await using scene = await Scene.open()
  const old = await scene.copy()
  const admin = scene.company.instance.ledger.state.people.size
  await scene.company.reopen()
  await scene.feed()
  expect(admin).toBe(2)
  const { treeSize, fetched } = await restore(old, scene.witness.url)
  expect(treeSize).toBe(scene.company.instance.log.size)
  expect(fetched).toEqual([treeSize - 1])
})

test('of two signed histories the known one is kept, and only on request', async () => {
  await using scene = await Scene.open()
  const old = await scene.copy()
  await scene.company.reopen()
  await scene.feed()
  // The backup goes on by itself: another leaf where the witness saw one already.
  const forked = new URL(`file://${old}`).pathname
  renameSync(join(scene.company.directory, 'log'), join(scene.company.directory, 'log.good'))
  cpSync(join(forked, 'log'), join(scene.company.directory, 'log'), { recursive: true })
  await scene.company.reopen()
  await expect(checkWitnesses(await scene.options())).rejects.toMatchObject({ code: 'rolled_back' })
  const data = await scene.copy()
  await expect(restore(data, scene.witness.url)).rejects.toThrow('allow leaving them out with --discard-local')
  expect(await restore(data, scene.witness.url, { discardLocal: true })).toMatchObject({ discarded: 1 })
  expect((await replayLog({ path: data })).different).toEqual([])
})

test('nothing is put in place that the log did not sign, and nothing while it runs', async () => {
  await using scene = await Scene.open()
  await scene.feed()
  await expect(restore(scene.company.directory, scene.witness.url)).rejects.toMatchObject({ code: 'locked' })
  const data = await scene.copy()
  await damage(data, 3)
  const stranger = await scene.copy()
  await damage(stranger, 3)
  await expect(restore(data, stranger)).rejects.toMatchObject({ code: 'damaged', exit: 'unverified' })
  await expect(restore(data, 'http://127.0.0.1:1')).rejects.toThrow('the copy cannot be read')
  expect(existsSync(join(data, 'log.restored'))).toBe(false)
  expect((await verifyLog({ path: data })).findings.length).toBeGreaterThan(0)
})
