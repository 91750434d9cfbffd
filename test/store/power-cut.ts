/**
 * A disk whose power is cut at one moment: the write under way arrives as any set of its sectors, names that were not synced may be
 * the old ones again, and nothing after it happens. One round is a log that works on such a disk, dies, and is looked at again.
 */

import { dirname, join } from 'node:path'
import { diskFiles, type Files, type RandomAccessFile } from '../../src/store/file.ts'
import { openLog, type Log } from '../../src/store/log.ts'
import { parseCheckpoint } from '../../src/tlog/checkpoint.ts'
import type { Signer } from '../../src/tlog/key.ts'
import { parseNote } from '../../src/tlog/note.ts'

const SECTOR = 512
/** Older leaves were looked at in earlier rounds, and the scrub looks at all. */
const NEWEST = 600

export class PowerCut {
  readonly #random: () => number
  /** What puts the names of a directory back, newest last, until it is synced. */
  readonly #unsynced = new Map<string, (() => Promise<void>)[]>()
  #left: number
  /** What was done last, for a failed test to say. */
  last = ''

  constructor(random: () => number, operations: number) {
    this.#random = random
    this.#left = operations
  }

  get isOver(): boolean {
    return this.#left <= 0
  }

  readonly files: Files = {
    ...diskFiles,
    open: async (path) => this.#handle(path, await diskFiles.open(path)),
    createZeroed: async (path, sizeBytes) => {
      if (!this.#tick(`zero ${path}`)) {
        if (this.#random() < 0.5)
          await diskFiles.createZeroed(path, Math.floor((this.#random() * sizeBytes) / SECTOR) * SECTOR)
        throw cut()
      }
      await diskFiles.createZeroed(path, sizeBytes)
    },
    replace: (path, bytes, mode) => this.#replace([{ path, bytes, mode }]),
    replaceAll: (files) => this.#replace(files),
    syncDirectory: async (path) => {
      if (!this.#tick(`sync ${path}`)) throw cut()
      await diskFiles.syncDirectory(path)
      this.#unsynced.delete(path)
    },
    makeDirectory: async (path, mode) => {
      if (!this.#tick(`make ${path}`)) throw cut()
      await diskFiles.makeDirectory(path, mode)
    },
    rename: async (from, to) => {
      if (!this.#tick(`rename ${to}`)) throw cut()
      await diskFiles.rename(from, to)
      this.#remember(to, () => diskFiles.rename(to, from))
    },
    remove: async (path) => {
      if (!this.#tick(`remove ${path}`)) throw cut()
      const bytes = await diskFiles.read(path).catch(() => undefined)
      await diskFiles.remove(path)
      if (bytes) this.#remember(path, () => diskFiles.replace(path, bytes, 0o600))
    },
  }

  /** Once whoever used the disk is gone: of the names that were not synced, the newest may be lost. */
  async settle(): Promise<void> {
    for (const undo of this.#unsynced.values()) {
      const lost = Math.floor(this.#random() * (undo.length + 1))
      for (const each of undo.slice(undo.length - lost).reverse()) await each().catch(() => {})
    }
  }

  #tick(what: string): boolean {
    if (this.#left > 0) this.last = what
    this.#left -= 1
    return this.#left > 0
  }

  #handle(path: string, file: RandomAccessFile): RandomAccessFile {
    return {
      read: (position, length) => file.read(position, length),
      close: () => file.close(),
      write: async (bytes, position) => {
        const wasOver = this.isOver
        if (this.#tick(`write ${path}`)) return await file.write(bytes, position)
        if (!wasOver) await this.#tear(file, bytes, position)
        throw cut()
      },
    }
  }

  /** A disk writes sectors in any order. */
  async #tear(file: RandomAccessFile, bytes: Uint8Array, position: number): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, (Math.floor((position + at) / SECTOR) + 1) * SECTOR - position)
      if (this.#random() < 0.5) await file.write(bytes.subarray(at, end), position + at)
      at = end
    }
  }

  async #replace(files: Parameters<Files['replaceAll']>[0]): Promise<void> {
    for (const file of files) {
      if (!this.#tick(`replace ${file.path}`)) throw cut()
      const before = await diskFiles.read(file.path)
      await diskFiles.replaceAll([file])
      this.#remember(file.path, () =>
        before ? diskFiles.replace(file.path, before, file.mode) : diskFiles.remove(file.path),
      )
    }
  }

  #remember(path: string, undo: () => Promise<void>): void {
    const directory = dirname(path)
    this.#unsynced.set(directory, [...(this.#unsynced.get(directory) ?? []), undo])
  }
}

function cut(): Error {
  return Object.assign(new Error('EIO: the power was cut'), { code: 'EIO' })
}

export interface Shown {
  /** Tree size to root, hex: every head that anybody was shown. */
  readonly heads: Map<number, string>
  readonly leaves: Map<number, string>
  /** Leaves whose disclosures were said to be erased. */
  readonly erased: Set<number>
}

export const nothingShown = (): Shown => ({ heads: new Map(), leaves: new Map(), erased: new Set() })

export interface Scene {
  readonly directory: string
  readonly origin: string
  readonly signer: Signer
  readonly random: () => number
  readonly shown: Shown
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const optionsOf = ({ directory, origin, signer }: Scene) => ({
  directory: join(directory, 'log'),
  origin,
  signer,
  segmentBytes: 1 << 17,
  compressBehind: 0,
  publishIntervalMs: 1,
})

/** Works until the power is cut after at most `operations` of the disk. Resolves with what it did last. */
export async function workUntilCut(scene: Scene, operations: number): Promise<string> {
  const disk = new PowerCut(scene.random, operations)
  let log: Log | undefined
  try {
    log = await openLog({ ...optionsOf(scene), files: disk.files })
    if (scene.random() < 0.5) while (!disk.isOver) await eraseLatest(scene, log)
    const jobs = [1, 2, 3].map(() => append(scene, log!, disk))
    await Promise.all([...jobs, keep(scene, log, disk)])
  } catch (error) {
    if (!disk.isOver) throw error
  }
  await log?.close().catch(() => {})
  await disk.settle()
  return disk.last
}

const secretOf = (leafIndex: number) => `secret ${leafIndex}.`.repeat(120)

async function append(scene: Scene, log: Log, disk: PowerCut): Promise<void> {
  while (!disk.isOver) {
    await appendOne(scene, log)
    if (scene.random() < 0.2) await pause()
  }
}

async function appendOne({ shown, random }: Scene, log: Log): Promise<void> {
  const leafIndex = log.size
  const leaf = `leaf ${leafIndex} ${hexOf(Buffer.from([random() * 256]))} `.repeat(1 + Math.floor(random() * 60))
  const head = await log.append(Buffer.from(leaf), Buffer.from(secretOf(leafIndex))).durable
  shown.leaves.set(leafIndex, leaf)
  show(shown, head.size, hexOf(head.rootHash))
}

/** One after the other, so that an erasure is what the cut meets most of the time. */
async function eraseLatest(scene: Scene, log: Log): Promise<void> {
  await Promise.all([1, 2, 3].map(() => appendOne(scene, log)))
  const leafIndex = Math.max(0, Math.floor(log.head.size - 1 - scene.random() * 8))
  await log.eraseDisclosures(new Map([[leafIndex, undefined]]))
  scene.shown.erased.add(leafIndex)
}

/** Publication and erasure go on beside it. */
async function keep(scene: Scene, log: Log, disk: PowerCut) {
  const { shown, random } = scene
  while (!disk.isOver) {
    await pause()
    if (random() < 0.3) await log.flush()
    const leafIndex = Math.floor(log.head.size - 1 - random() * Math.min(40, log.head.size))
    if (random() < 0.7 && leafIndex >= 0) {
      await log.eraseDisclosures(new Map([[leafIndex, undefined]]))
      shown.erased.add(leafIndex)
    }
    const note = await diskFiles.read(join(scene.directory, 'log/public/checkpoint'))
    if (note) {
      const { size, rootHash } = parseCheckpoint(parseNote(note).text)
      show(shown, size, hexOf(rootHash))
    }
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1))
}

function show({ heads }: Shown, size: number, root: string): void {
  if ((heads.get(size) ?? root) !== root) throw new Error(`two roots were shown at ${size} leaves`)
  heads.set(size, root)
}

/** What is wrong after the power came back; none when everything that was shown still holds. */
export async function inspect(scene: Scene): Promise<string[]> {
  const { shown } = scene
  const wrong: string[] = []
  const newest = [...shown.leaves].slice(-NEWEST)
  await using log = await openLog(optionsOf(scene))
  for (const [size, root] of shown.heads)
    if (size > log.size || hexOf(await log.rootAt(size)) !== root)
      wrong.push(`the head at ${size} is not a past of this log`)
  for (const [leafIndex, leaf] of newest)
    if (leafIndex >= log.size || String(await log.leaf(leafIndex)) !== leaf) wrong.push(`leaf ${leafIndex} is lost`)
  for (const [leafIndex] of newest) {
    const beside = await log.disclosures(leafIndex)
    if (shown.erased.has(leafIndex) ? beside !== undefined : beside && String(beside) !== secretOf(leafIndex))
      wrong.push(`what is beside leaf ${leafIndex} is ${String(beside)}`)
  }
  for await (const { problem } of log.scrubOnce()) wrong.push(problem)
  return wrong
}
