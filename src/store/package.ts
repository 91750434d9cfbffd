/**
 * An evidence package on its way to the disk: members come in any order and grow side by side, the archive has them in the order of
 * their names. It blocks while it writes, so it belongs into a thread of its own.
 */

import { createHash, type Hash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { formatDigest, type DigestText } from '../bytes/digest.ts'
import {
  compareNames,
  formatDirectory,
  formatLocalHeader,
  isMemberName,
  MAX_ARCHIVE_BYTES,
  MAX_MEMBER_BYTES,
  MAX_MEMBERS,
  type Source,
  type ZipEntry,
} from '../bytes/zip.ts'
import { MAX_PACKAGE_BYTES } from '../domain/package/layout.ts'
import type { Member } from '../domain/package/manifest.ts'
import { StoreError } from './error.ts'

export type Written = { readonly digest: DigestText; readonly sizeBytes: number }

/** Where bytes of a member wait in the file of parts. */
type Extent = { readonly at: number; size: number }
type Part = {
  readonly name: string
  readonly hash: Hash
  readonly extents: Extent[]
  size: number
  crc: number
}

const COPY_BYTES = 1 << 20

/** Members wait in a file beside the archive, so that memory does not grow with the package. */
export class PackageWriter implements Source, Disposable {
  readonly #path: string
  readonly #spool: number
  readonly #parts = new Map<string, Part>()
  readonly #scratch = new Scratch()
  #size = 0

  /** Creates the file of parts; throws the system's error when that is not possible. */
  constructor(path: string) {
    this.#path = path
    this.#spool = openSync(`${path}.parts`, 'wx+', 0o600)
  }

  /** A StoreError `size` for what no archive of ours may hold. */
  add(name: string, bytes: Uint8Array): void {
    if (this.#parts.has(name)) throw new StoreError('size', `no second member ${name}`)
    this.append(name, bytes)
  }

  /** Adds to the end of a member, which begins to be there. Answers where the bytes stand, for `read`. */
  append(name: string, bytes: Uint8Array): number {
    const part = this.#parts.get(name) ?? this.#begin(name)
    if (part.size + bytes.length > MAX_MEMBER_BYTES || this.#size + bytes.length > MAX_PACKAGE_BYTES)
      throw new StoreError('size', `a package has at most ${MAX_PACKAGE_BYTES} bytes; choose a shorter period`)
    const at = this.#size
    writeAll(this.#spool, bytes, at)
    this.#size += bytes.length
    part.hash.update(bytes)
    part.crc = crc32(bytes, part.crc)
    part.size += bytes.length
    const last = part.extents.at(-1)
    if (last && last.at + last.size === at) last.size += bytes.length
    else part.extents.push({ at, size: bytes.length })
    return at
  }

  /** The same for lines, each of which gets its newline. */
  appendLines(name: string, lines: readonly (string | Uint8Array)[]): number {
    return this.append(name, this.#scratch.lines(lines))
  }

  get size(): number {
    return this.#size
  }

  /** What was added so far, where `append` said. */
  read(at: number, length: number): Promise<Uint8Array> {
    return Promise.resolve(readAll(this.#spool, Buffer.allocUnsafe(length), at))
  }

  /** All members so far, in the order of their names; nothing can be added to them any more. */
  members(): Member[] {
    return this.#sorted().map(({ name, hash }) => ({ name, sha256: hash.copy().digest('hex') }))
  }

  /** Writes the archive; durable when it returns. */
  finish(): Written {
    const archive = new Archive(openSync(this.#path, 'wx', 0o600))
    try {
      const entries: ZipEntry[] = []
      const block = Buffer.allocUnsafe(COPY_BYTES)
      for (const part of this.#sorted()) {
        const { name, size, crc } = part
        entries.push({ name, size, crc, offset: archive.size })
        archive.write(formatLocalHeader(part))
        this.#copy(part, archive, block)
      }
      if (archive.size > MAX_ARCHIVE_BYTES) throw new StoreError('size', 'the package is too large for one archive')
      archive.write(formatDirectory(entries, archive.size))
      return archive.finish()
    } finally {
      archive[Symbol.dispose]()
    }
  }

  #begin(name: string): Part {
    if (!isMemberName(name)) throw new StoreError('size', `no strange member ${name}`)
    if (this.#parts.size >= MAX_MEMBERS - 1)
      throw new StoreError('size', `a package has at most ${MAX_MEMBERS} members; choose fewer samples`)
    const part = { name, hash: createHash('sha256'), extents: [], size: 0, crc: 0 }
    this.#parts.set(name, part)
    return part
  }

  #copy({ extents }: Part, archive: Archive, block: Buffer): void {
    for (const { at, size } of extents)
      for (let done = 0; done < size; done += COPY_BYTES)
        archive.write(readAll(this.#spool, block.subarray(0, Math.min(COPY_BYTES, size - done)), at + done))
  }

  #sorted(): Part[] {
    return [...this.#parts.values()].sort((a, b) => compareNames(a.name, b.name))
  }

  [Symbol.dispose](): void {
    closeSync(this.#spool)
    rmSync(`${this.#path}.parts`, { force: true })
  }
}

/** One piece of memory for whatever is written next, since pieces that come and go by the thousand are slow to be given back. */
class Scratch {
  #bytes = Buffer.allocUnsafe(1 << 20)

  /** Good until the next call. */
  lines(lines: readonly (string | Uint8Array)[]): Uint8Array {
    const sizes = lines.map((line) => (typeof line === 'string' ? Buffer.byteLength(line) : line.length))
    const size = sizes.reduce((sum, each) => sum + each + 1, 0)
    if (size > this.#bytes.length) this.#bytes = Buffer.allocUnsafe(size)
    let at = 0
    for (const [index, line] of lines.entries()) {
      if (typeof line === 'string') this.#bytes.write(line, at)
      else this.#bytes.set(line, at)
      at += sizes[index]!
      this.#bytes[at] = 0x0a
      at += 1
    }
    return this.#bytes.subarray(0, size)
  }
}

class Archive implements Disposable {
  readonly #out: number
  readonly #hash: Hash = createHash('sha256')
  size = 0

  constructor(out: number) {
    this.#out = out
  }

  write(bytes: Uint8Array): void {
    this.#hash.update(bytes)
    writeAll(this.#out, bytes, this.size)
    this.size += bytes.length
  }

  finish(): Written {
    fsyncSync(this.#out)
    return { digest: formatDigest(this.#hash.digest()), sizeBytes: this.size }
  }

  [Symbol.dispose](): void {
    closeSync(this.#out)
  }
}

function writeAll(file: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done, at + done)
}

function readAll(file: number, bytes: Buffer, at: number): Buffer {
  for (let done = 0; done < bytes.length;) {
    const read = readSync(file, bytes, done, bytes.length - done, at + done)
    if (read === 0) throw new StoreError('damaged', 'the parts of the package were cut short while it was made')
    done += read
  }
  return bytes
}

/** A package to read from. A StoreError: `absent`, or `size` for one that is larger than any that we make. */
export async function openPackage(path: string): Promise<Source & AsyncDisposable> {
  const file = await open(path, 'r').catch(() => undefined)
  const found = await file?.stat()
  if (!file || !found?.isFile()) {
    await file?.close()
    throw new StoreError('absent', `there is no package ${path}`)
  }
  if (found.size > MAX_PACKAGE_BYTES + (64 << 20)) {
    await file.close()
    throw new StoreError('size', `${path} has ${found.size} bytes, and a package at most ${MAX_PACKAGE_BYTES}`)
  }
  return {
    size: found.size,
    // Nobody else waits in a program that reads a package: blocking is a third of the work of asking a thread.
    read: (at, length) => Promise.resolve(readAll(file.fd, Buffer.allocUnsafe(length), at)),
    [Symbol.asyncDispose]: () => file.close(),
  }
}
