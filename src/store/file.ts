/** Files that last: when a promise of this module resolves, the bytes survive a power cut. Tests pass in a disk that fails. */

import { close, constants, fdatasync, fsync, open, read, readFile, write } from 'node:fs'
import { chmod, mkdir, open as openHandle, readdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { codeOf } from './error.ts'

export interface RandomAccessFile {
  /** Up to `length` bytes; fewer at the end of the file. */
  read(position: number, length: number): Promise<Buffer>
  /** Resolves when the bytes are on the disk. After a rejection any part of them may be. */
  write(bytes: Uint8Array, position: number): Promise<void>
  close(): Promise<void>
}

export interface StoredFile {
  readonly path: string
  readonly bytes: Uint8Array
  readonly mode: number
}

/** Every method rejects with the system's error (`code` ENOSPC and so on). */
export interface Files {
  /** Opens an existing file for reading and writing. */
  open(path: string): Promise<RandomAccessFile>
  /**
   * Makes a file of zeroes, so that later writes within it need no space and no change of metadata. A file that exists is
   * overwritten where it stands: nothing that it held remains.
   */
  createZeroed(path: string, sizeBytes: number): Promise<void>
  /** Undefined when absent. */
  read(path: string): Promise<Buffer | undefined>
  /** Writes the whole file aside, syncs it and renames it into place: readers see the old or the new one. */
  replace(path: string, bytes: Uint8Array, mode: number): Promise<void>
  /** The same for many files, synced together: the disk does it in a few goes. All are durable, or it rejects. */
  replaceAll(files: readonly StoredFile[]): Promise<void>
  /** Makes renames, creations and removals in a directory durable. */
  syncDirectory(path: string): Promise<void>
  /** With parents, all of them durable; nothing when it exists. */
  makeDirectory(path: string, mode: number): Promise<void>
  /** Names, sorted; none for a directory that is absent. */
  list(path: string): Promise<string[]>
  rename(from: string, to: string): Promise<void>
  /** Absent is fine, a directory goes with all that it holds. */
  remove(path: string): Promise<void>
}

export const diskFiles: Files = {
  open: openFile,
  createZeroed,
  read: readWhole,
  replace: (path, bytes, mode) => replaceAll([{ path, bytes, mode }]),
  replaceAll,
  syncDirectory,
  makeDirectory,
  list,
  rename,
  remove: (path) => rm(path, { force: true, recursive: true }),
}

// Those of 'node:fs/promises' make a handle for each file, which a collector has to clear away: with many small files that shows.
const openAsync = promisify(open)
const closeAsync = promisify(close)
const fsyncAsync = promisify(fsync)
const readFileAsync = promisify(readFile)

// On Linux one system call writes and syncs (O_DSYNC is "as if each write() was followed by fdatasync()"), which saves a
// thread hop per commit. Elsewhere it may stop at the drive's cache, where fdatasync as Node calls it does not.
const SYNCS_ON_WRITE = process.platform === 'linux'

async function openFile(path: string): Promise<RandomAccessFile> {
  return new OpenFile(await openAsync(path, constants.O_RDWR | (SYNCS_ON_WRITE ? constants.O_DSYNC : 0)))
}

/** Closes once, and only when nothing is under way: the system gives a closed descriptor's number to the next file. */
class OpenFile implements RandomAccessFile {
  readonly #descriptor: number
  readonly #underWay = new Set<Promise<unknown>>()
  #closed: Promise<void> | undefined

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  read(position: number, length: number): Promise<Buffer> {
    return this.#track(() => readAt(this.#descriptor, position, length))
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    return this.#track(() => writeAt(this.#descriptor, bytes, position))
  }

  close(): Promise<void> {
    this.#closed ??= Promise.allSettled(this.#underWay).then(() => closeAsync(this.#descriptor))
    return this.#closed
  }

  #track<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new Error('the file is closed'))
    const operation = work()
    this.#underWay.add(operation)
    void operation.catch(() => {}).then(() => this.#underWay.delete(operation))
    return operation
  }
}

function writeAt(descriptor: number, bytes: Uint8Array, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (error: Error | null) => (error ? reject(error) : resolve())
    const next = (done: number) => {
      write(descriptor, bytes, done, bytes.length - done, position + done, (error, written) => {
        if (error) return reject(error)
        if (written === 0) return reject(nothingWritten())
        if (done + written < bytes.length) return next(done + written)
        if (SYNCS_ON_WRITE) return resolve()
        fdatasync(descriptor, finish)
      })
    }
    next(0)
  })
}

async function readAt(descriptor: number, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  let done = 0
  while (done < length) {
    const got = await readSome(descriptor, bytes, done, position + done)
    if (got === 0) break
    done += got
  }
  return bytes.subarray(0, done)
}

function readSome(descriptor: number, bytes: Buffer, offset: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(descriptor, bytes, offset, bytes.length - offset, position, (error, got) =>
      error ? reject(error) : resolve(got),
    )
  })
}

const ZEROES = Buffer.alloc(1 << 20)

async function createZeroed(path: string, sizeBytes: number): Promise<void> {
  await using handle = await openHandle(path, constants.O_WRONLY | constants.O_CREAT, 0o600)
  for (let done = 0; done < sizeBytes; done += ZEROES.length) {
    await handle.writeFile(ZEROES.subarray(0, Math.min(ZEROES.length, sizeBytes - done)))
  }
  await handle.sync()
}

async function readWhole(path: string): Promise<Buffer | undefined> {
  try {
    return await readFileAsync(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}

async function replaceAll(files: readonly StoredFile[]): Promise<void> {
  const descriptors: number[] = []
  try {
    for (const { path, bytes, mode } of files) {
      const descriptor = await openNew(`${path}.new`, mode)
      descriptors.push(descriptor)
      for (let done = 0; done < bytes.length;) done += await writeSome(descriptor, bytes, done)
    }
    // The first sync takes most of the others' bytes along.
    for (const descriptor of descriptors) await fsyncAsync(descriptor)
  } finally {
    for (const descriptor of descriptors) await closeAsync(descriptor)
  }
  for (const { path } of files) await rename(`${path}.new`, path)
}

/** What an earlier attempt left is made anew, so that nothing of it remains. */
async function openNew(path: string, mode: number): Promise<number> {
  try {
    return await openAsync(path, 'wx', mode)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    await rm(path, { force: true })
    return openAsync(path, 'wx', mode)
  }
}

function writeSome(descriptor: number, bytes: Uint8Array, done: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, done, bytes.length - done, done, (error, written) => {
      if (!error && written === 0) return reject(nothingWritten())
      return error ? reject(error) : resolve(written)
    })
  })
}

function nothingWritten(): Error {
  return Object.assign(new Error('nothing was written'), { code: 'ENOSPC' })
}

async function syncDirectory(path: string): Promise<void> {
  await using handle = await openHandle(path, 'r')
  await handle.sync()
}

async function makeDirectory(path: string, mode: number): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode })
  if (first === undefined) return
  await chmod(path, mode)
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made))
}

async function list(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}
