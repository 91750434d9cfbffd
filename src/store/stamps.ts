/**
 * Checkpoints that a time-stamping authority saw, each beside its stamp: written once under the size of the tree, read-only, where
 * any static server shows them.
 *
 *     public/checkpoints/20852163        the signed note, exactly as it was stamped
 *     public/checkpoints/20852163.tsr    the TimeStampResp of RFC 3161
 */

import { join } from 'node:path'
import { equal } from '../bytes/digest.ts'
import { StoreError } from './error.ts'
import { diskFiles, type Files } from './file.ts'
import { PUBLIC_DIRECTORY_MODE, SEALED_MODE } from './seal.ts'

export interface Stamp {
  readonly checkpoint: Uint8Array
  readonly reply: Uint8Array
}

const DIRECTORY = 'checkpoints'

/** Where the stamped checkpoint of a size is, below the public directory. */
export function stampPath(size: number): string {
  return `${DIRECTORY}/${size}`
}

/** Whether a path below the public directory is that of a stamped checkpoint, or of its stamp. */
export function isStampPath(path: string): boolean {
  return /^checkpoints\/[1-9]\d{0,15}(?:\.tsr)?$/.test(path)
}

export class Stamps {
  readonly #directory: string
  readonly #files: Files

  constructor(publicDirectory: string, files: Files = diskFiles) {
    this.#directory = publicDirectory
    this.#files = files
  }

  /** Undefined when either half is absent. */
  async read(size: number): Promise<Stamp | undefined> {
    const path = join(this.#directory, stampPath(size))
    const [checkpoint, reply] = [await this.#files.read(path), await this.#files.read(`${path}.tsr`)]
    return checkpoint && reply && { checkpoint, reply }
  }

  /** Durable when it resolves. A StoreError `damaged` when another checkpoint, or another stamp, stands there. */
  async keep(size: number, { checkpoint, reply }: Stamp): Promise<void> {
    const path = join(this.#directory, stampPath(size))
    await this.#files.makeDirectory(join(this.#directory, DIRECTORY), PUBLIC_DIRECTORY_MODE)
    // The stamp first: where the checkpoint is, its stamp is.
    await this.#write(`${path}.tsr`, reply)
    await this.#write(path, checkpoint)
    await this.#files.syncDirectory(join(this.#directory, DIRECTORY))
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    const kept = await this.#files.read(path)
    if (kept && !equal(kept, bytes))
      throw new StoreError('damaged', `${path} is there already, and holds something else`)
    if (!kept) await this.#files.replace(path, bytes, SEALED_MODE)
  }

  /** Sizes of stamped checkpoints, smallest first. */
  async sizes(): Promise<number[]> {
    const names = await this.#files.list(join(this.#directory, DIRECTORY))
    return names
      .filter((name) => /^[1-9]\d{0,15}$/.test(name))
      .map(Number)
      .sort((a, b) => a - b)
  }
}
