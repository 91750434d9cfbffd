/** An evidence package on its way to the disk: members come in any order, the archive has them in the order of their names. */

import { createHash, type Hash } from 'node:crypto'
import { open, readFile, rm, stat, type FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { formatDigest, sha256, type DigestText } from '../bytes/digest.ts'
import { hex } from '../bytes/text.ts'
import {
  compareNames,
  formatDirectory,
  formatLocalHeader,
  isMemberName,
  MAX_ARCHIVE_BYTES,
  MAX_MEMBER_BYTES,
  MAX_MEMBERS,
  type ZipEntry,
} from '../bytes/zip.ts'
import { MAX_PACKAGE_BYTES } from '../domain/package/layout.ts'
import type { Member } from '../domain/package/manifest.ts'
import { StoreError } from './error.ts'

type Part = Member & { readonly size: number; readonly crc: number; readonly at: number }
export type Written = { readonly digest: DigestText; readonly sizeBytes: number }

const COPY_BYTES = 1 << 20

/** Members wait in a file beside the archive, so that memory does not grow with the package. */
export class PackageWriter implements AsyncDisposable {
  readonly #path: string
  readonly #spool: FileHandle
  readonly #parts = new Map<string, Part>()
  #size = 0

  private constructor(path: string, spool: FileHandle) {
    this.#path = path
    this.#spool = spool
  }

  static async create(path: string): Promise<PackageWriter> {
    return new PackageWriter(path, await open(`${path}.parts`, 'wx+', 0o600))
  }

  /** A StoreError `size` for what no archive of ours may hold. The bytes are the caller's again when it resolves. */
  async add(name: string, bytes: Uint8Array): Promise<void> {
    if (!isMemberName(name) || this.#parts.has(name))
      throw new StoreError('size', `no second or strange member ${name}`)
    if (
      bytes.length > MAX_MEMBER_BYTES ||
      this.#size + bytes.length > MAX_PACKAGE_BYTES ||
      this.#parts.size >= MAX_MEMBERS - 1
    )
      throw new StoreError('size', `a package has at most ${MAX_PACKAGE_BYTES} bytes; choose a shorter period`)
    let at = 0
    while (at < bytes.length)
      at += (await this.#spool.write(bytes, at, bytes.length - at, this.#size + at)).bytesWritten
    const part = { name, sha256: hex.encode(sha256(bytes)), size: bytes.length, crc: crc32(bytes), at: this.#size }
    this.#parts.set(name, part)
    this.#size += bytes.length
  }

  /** All members so far, in the order of their names. */
  members(): Member[] {
    return this.#sorted().map(({ name, sha256: digest }) => ({ name, sha256: digest }))
  }

  /** Writes the archive; durable when it resolves. */
  async finish(): Promise<Written> {
    const out = await open(this.#path, 'wx', 0o600)
    try {
      const archive = new Archive(out)
      const entries: ZipEntry[] = []
      for (const part of this.#sorted()) {
        entries.push({ name: part.name, size: part.size, crc: part.crc, offset: archive.size })
        await archive.write(formatLocalHeader(part))
        await this.#copy(part, archive)
      }
      if (archive.size > MAX_ARCHIVE_BYTES) throw new StoreError('size', 'the package is too large for one archive')
      await archive.write(formatDirectory(entries, archive.size))
      await out.sync()
      return { digest: archive.digest(), sizeBytes: archive.size }
    } finally {
      await out.close()
    }
  }

  async #copy({ at, size }: Part, archive: Archive): Promise<void> {
    const block = Buffer.allocUnsafe(Math.min(size, COPY_BYTES))
    for (let done = 0; done < size;) {
      const { bytesRead } = await this.#spool.read(block, 0, Math.min(block.length, size - done), at + done)
      if (bytesRead === 0) throw new StoreError('damaged', 'the parts of the package were cut short while it was made')
      await archive.write(block.subarray(0, bytesRead))
      done += bytesRead
    }
  }

  #sorted(): Part[] {
    return [...this.#parts.values()].sort((a, b) => compareNames(a.name, b.name))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#spool.close()
    await rm(`${this.#path}.parts`, { force: true })
  }
}

class Archive {
  readonly #out: FileHandle
  readonly #hash: Hash = createHash('sha256')
  size = 0

  constructor(out: FileHandle) {
    this.#out = out
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes)
    let at = 0
    while (at < bytes.length) at += (await this.#out.write(bytes, at, bytes.length - at, this.size + at)).bytesWritten
    this.size += bytes.length
  }

  digest(): DigestText {
    return formatDigest(this.#hash.digest())
  }
}

/** The bytes of a package. A StoreError: `absent`, or `size` for one that is larger than any that we make. */
export async function readPackage(path: string): Promise<Uint8Array> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) throw new StoreError('absent', `there is no package ${path}`)
  if (found.size > MAX_PACKAGE_BYTES + (64 << 20))
    throw new StoreError('size', `${path} has ${found.size} bytes, and a package at most ${MAX_PACKAGE_BYTES}`)
  return readFile(path)
}
