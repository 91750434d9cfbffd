/** What decisions rest on, kept under its own digest: what comes out is what went in, or an error that says it was altered. */

import { dirname, join } from 'node:path'
import { digestOf, type DigestText } from '../bytes/digest.ts'
import { StoreError } from './error.ts'
import { diskFiles, type Files } from './file.ts'

export const MAX_EVIDENCE_BYTES = 8 << 20

export interface EvidenceStore {
  /**
   * Durable when it resolves; storing the same bytes again changes nothing. A StoreError `size` beyond 8 MiB; the
   * system's error when the disk fails.
   */
  put(bytes: Uint8Array): Promise<DigestText>
  /** Undefined when absent. A StoreError `damaged` when the stored bytes no longer have this digest. */
  get(digest: DigestText): Promise<Uint8Array | undefined>
  has(digest: DigestText): Promise<boolean>
  /** Gone from the store, durably, when it resolves with true; false when it was not there. */
  erase(digest: DigestText): Promise<boolean>
}

/** Digests known to be on the disk, so that a token that many requests carry is looked at once. */
const MAX_KNOWN = 4096

/** `evidence/ab/cdef...`: the first two hex digits name the folder. */
export async function openEvidence(directory: string, files: Files = diskFiles): Promise<EvidenceStore> {
  await files.makeDirectory(directory, 0o700)
  return new EvidenceDirectory(directory, files)
}

class EvidenceDirectory implements EvidenceStore {
  readonly #directory: string
  readonly #files: Files
  readonly #known = new Set<DigestText>()
  readonly #writing = new Map<DigestText, Promise<void>>()

  constructor(directory: string, files: Files) {
    this.#directory = directory
    this.#files = files
  }

  async put(bytes: Uint8Array): Promise<DigestText> {
    if (bytes.length > MAX_EVIDENCE_BYTES) {
      throw new StoreError('size', `evidence has at most ${MAX_EVIDENCE_BYTES} bytes, not ${bytes.length}`)
    }
    const digest = digestOf(bytes)
    if (this.#known.has(digest)) return digest
    let writing = this.#writing.get(digest)
    if (!writing) {
      writing = this.#write(digest, bytes).finally(() => this.#writing.delete(digest))
      this.#writing.set(digest, writing)
    }
    await writing
    return digest
  }

  async get(digest: DigestText): Promise<Uint8Array | undefined> {
    const bytes = await this.#files.read(this.#path(digest))
    if (bytes && digestOf(bytes) !== digest)
      throw new StoreError('damaged', `the evidence ${digest} was altered on the disk`)
    return bytes
  }

  async has(digest: DigestText): Promise<boolean> {
    return this.#known.has(digest) || (await this.#files.read(this.#path(digest))) !== undefined
  }

  async erase(digest: DigestText): Promise<boolean> {
    await this.#writing.get(digest)
    const path = this.#path(digest)
    const isThere = (await this.#files.read(path)) !== undefined
    this.#known.delete(digest)
    await this.#files.remove(path)
    if (isThere) await this.#files.syncDirectory(dirname(path))
    return isThere
  }

  async #write(digest: DigestText, bytes: Uint8Array): Promise<void> {
    const path = this.#path(digest)
    const stored = await this.#files.read(path)
    if (!stored || digestOf(stored) !== digest) {
      await this.#files.makeDirectory(dirname(path), 0o700)
      await this.#files.replace(path, bytes, 0o400)
    }
    // Also for one that was there: its rename may not have been durable when a process before us died.
    await this.#files.syncDirectory(dirname(path))
    this.#known.add(digest)
    if (this.#known.size > MAX_KNOWN) this.#known.delete(this.#known.values().next().value!)
  }

  #path(digest: DigestText): string {
    const [, hex = ''] = /^sha256:([0-9a-f]{64})$/.exec(digest) ?? []
    // Digests come out of leaves and URLs; nothing else may become a path.
    if (!hex) throw new StoreError('absent', 'that is not a digest of evidence')
    return join(this.#directory, hex.slice(0, 2), hex.slice(2))
  }
}
