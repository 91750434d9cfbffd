/**
 * Two keys at once: after a rotation the older key signs on beside the newer one for a while, so that whoever pinned it follows in peace;
 * then it is destroyed.
 */

import { dirname, join } from 'node:path'
import { utf8 } from '../bytes/text.ts'
import { attempt } from '../evidence/refusal.ts'
import { rotationPath } from '../domain/rotation.ts'
import { diskFiles } from '../store/file.ts'
import type { Keys } from '../store/keys.ts'
import { PUBLIC_DIRECTORY_MODE, SEALED_MODE } from '../store/seal.ts'
import { openCheckpoint } from '../tlog/checkpoint.ts'
import { parseKey } from '../tlog/key.ts'
import { formatProofFile } from '../tlog/proof-file.ts'
import type { Ledger } from './ledger.ts'

export const OVERLAP_MS = 7 * 24 * 3_600_000
/** The longest pause between two looks; timers of weeks overflow. */
const MAX_PAUSE_MS = 3_600_000

export interface KeyOverlapOptions {
  readonly ledger: Ledger
  readonly keys: Keys
  readonly clock: () => number
  /** Of the log. */
  readonly directory: string
  /** From here on the new key signs alone. */
  readonly onEnd: () => void
}

export class KeyOverlap implements Disposable {
  readonly #options: KeyOverlapOptions
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: KeyOverlapOptions) {
    this.#options = options
  }

  /** When the older key stops signing, in ms; undefined without any. */
  get until(): number | undefined {
    return this.#options.ledger.state.log?.formerKeys.at(-1)?.until
  }

  /** Ends an overlap that is over, and comes back for one that is not. */
  async settle(): Promise<void> {
    const { keys, clock, onEnd } = this.#options
    clearTimeout(this.#timer)
    const leftMs = (this.until ?? 0) - clock()
    if (leftMs <= 0) {
      onEnd()
      return keys.endOverlap('log')
    }
    if (this.#isClosed) return
    const again = () => void this.settle().catch(() => this.#later(again))
    this.#timer = setTimeout(again, Math.min(MAX_PAUSE_MS, leftMs)).unref()
  }

  #later(again: () => void): void {
    if (!this.#isClosed) this.#timer = setTimeout(again, MAX_PAUSE_MS).unref()
  }

  /** Shows how the last key was replaced, under a checkpoint that the older one signed. Nothing when that is shown, or cannot be any more. */
  async publish(): Promise<void> {
    const { ledger, directory } = this.#options
    const last = ledger.state.log?.formerKeys.at(-1)
    if (!last) return
    const key = parseKey(last.logKey)
    const path = join(directory, 'public', rotationPath(key))
    if (await diskFiles.read(path)) return
    const { hashes, checkpoint } = await ledger.prove(last.leafIndex)
    if (!attempt(() => openCheckpoint(checkpoint, ledger.log.origin, [key]))) return
    const proof = hashes.map((hash) => Buffer.from(hash, 'base64'))
    const file = { leafIndex: last.leafIndex, proof, checkpoint, extra: await ledger.log.leaf(last.leafIndex) }
    await diskFiles.makeDirectory(dirname(path), PUBLIC_DIRECTORY_MODE)
    await diskFiles.replace(path, utf8.encode(formatProofFile(file)), SEALED_MODE)
    await diskFiles.syncDirectory(dirname(path))
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }
}
