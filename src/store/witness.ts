/**
 * What a witness remembers: for each log the latest checkpoint that it cosigned. It is on the disk before anyone is answered, and a
 * witness whose memory is unreadable does not start, for one that forgets can be made to sign two histories.
 *
 *     lock, owner            one process
 *     keys/witness.pem       its key, mode 0600
 *     logs/<hex SHA-256 of the origin>/checkpoint
 */

import { join } from 'node:path'
import { sha256, type Digest } from '../bytes/digest.ts'
import { hex, utf8 } from '../bytes/text.ts'
import { parseCheckpoint } from '../tlog/checkpoint.ts'
import { parseNote } from '../tlog/note.ts'
import { StoreError } from './error.ts'
import { diskFiles, type Files } from './file.ts'
import { lockDirectory } from './lock.ts'

export interface Witnessed {
  readonly size: number
  readonly rootHash: Digest
  /** The signed note with our cosignature. */
  readonly note: string
}

export interface Change<T> {
  readonly answer: T
  /** What to remember from now on; what was there stays when absent. */
  readonly next?: Witnessed
}

export interface WitnessStore extends Disposable {
  latest(origin: string): Witnessed | undefined
  /**
   * Shows `decide` the present and makes what it returns durable, before it resolves with the answer; one at a time for a
   * log, so nothing happens between look and leap. Rejects with the disk's error, and then nothing changed.
   */
  update<T>(origin: string, decide: (present: Witnessed | undefined) => Change<T>): Promise<T>
}

/** The name under which a witness keeps and serves a log (C2SP tlog-witness): hex of SHA-256 of the origin. */
export function originHash(origin: string): string {
  return hex.encode(sha256(utf8.encode(origin)))
}

export function logDirectory(directory: string, origin: string): string {
  return join(directory, 'logs', originHash(origin))
}

/** A StoreError: `locked` by another process, `damaged` when a remembered checkpoint cannot be read. */
export async function openWitness(
  directory: string,
  origins: readonly string[],
  files: Files = diskFiles,
): Promise<WitnessStore> {
  await files.makeDirectory(directory, 0o700)
  const lock = lockDirectory(directory)
  try {
    const memory = new Map<string, Witnessed>()
    for (const origin of origins) {
      const witnessed = await load(directory, origin, files)
      if (witnessed) memory.set(origin, witnessed)
    }
    return new WitnessDirectory(directory, files, memory, lock)
  } catch (error) {
    lock[Symbol.dispose]()
    throw error
  }
}

async function load(directory: string, origin: string, files: Files): Promise<Witnessed | undefined> {
  const path = join(logDirectory(directory, origin), 'checkpoint')
  const bytes = await files.read(path)
  if (!bytes) return undefined
  try {
    const note = bytes.toString()
    const { origin: named, size, rootHash } = parseCheckpoint(parseNote(bytes).text)
    if (named === origin) return { size, rootHash, note }
  } catch {
    // Said below.
  }
  throw new StoreError(
    'damaged',
    `${path} is not a checkpoint of ${origin}; restore it from a copy, or give this witness a new key and a new directory`,
  )
}

class WitnessDirectory implements WitnessStore {
  readonly #directory: string
  readonly #files: Files
  readonly #memory: Map<string, Witnessed>
  readonly #lock: Disposable
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor(directory: string, files: Files, memory: Map<string, Witnessed>, lock: Disposable) {
    this.#directory = directory
    this.#files = files
    this.#memory = memory
    this.#lock = lock
  }

  latest(origin: string): Witnessed | undefined {
    return this.#memory.get(origin)
  }

  update<T>(origin: string, decide: (present: Witnessed | undefined) => Change<T>): Promise<T> {
    const result = (this.#turns.get(origin) ?? Promise.resolve()).then(async () => {
      const { answer, next } = decide(this.#memory.get(origin))
      if (next) await this.#remember(origin, next)
      return answer
    })
    this.#turns.set(
      origin,
      result.catch(() => {}),
    )
    return result
  }

  async #remember(origin: string, next: Witnessed): Promise<void> {
    const directory = logDirectory(this.#directory, origin)
    await this.#files.makeDirectory(directory, 0o700)
    await this.#files.replace(join(directory, 'checkpoint'), Buffer.from(next.note), 0o600)
    await this.#files.syncDirectory(directory)
    this.#memory.set(origin, next)
  }

  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]()
  }
}
