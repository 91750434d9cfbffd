/**
 * Compression of sealed bundles, behind the answers: at every moment a whole copy of each is durable under one of its two names, and
 * the raw one goes only after the compressed one was read back.
 */

import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { equal } from '../bytes/digest.ts'
import { decodeBundle, TILE_WIDTH } from '../tlog/tile.ts'
import { BUNDLE_MODE, bundlePath, compress, gzipPath, readCompressed } from './bundle.ts'
import { StoreError } from './error.ts'
import type { Files } from './file.ts'
import { isLeafOf } from './seal.ts'

/** What shares one round of syncs. */
const MAX_ROUND = 32
const MAX_ROUND_BYTES = 1 << 23

export interface CompressSources {
  readonly files: Files
  readonly publicDirectory: string
  /** The hash tile over a bundle; rejects when it cannot be read. */
  readonly hashes: (bundle: number) => Promise<Uint8Array>
  /** Runs when nothing else that moves or rewrites files does. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>
}

export interface Round {
  /** Where the next round starts. */
  readonly next: number
  /** Bundles that are compressed now and were not before. */
  readonly compressed: number
  /** Bundles that are not as the tree has them: left as they are, for a scrub to find and a repair to use. */
  readonly changed: number
}

/** Compresses bundles from `from` on, before `to`: one round. Rejects when the disk fails; then nothing is lost. */
export async function compressRound(sources: CompressSources, from: number, to: number): Promise<Round> {
  const { files, publicDirectory, inTurn } = sources
  const prepared: Prepared[] = []
  let [next, sizeBytes, changed] = [from, 0, 0]
  while (next < to && prepared.length < MAX_ROUND && sizeBytes < MAX_ROUND_BYTES && next - from < TILE_WIDTH) {
    const path = bundlePath(publicDirectory, next)
    const raw = await files.read(path)
    const isGood = raw !== undefined && (await isCommitted(sources, next, raw))
    if (isGood) prepared.push({ path, raw, gzip: await compress(raw) })
    else if (raw) changed += 1
    sizeBytes += raw?.length ?? 0
    next += 1
  }
  if (prepared.length > 0) await inTurn(() => exchange(files, prepared))
  return { next, compressed: prepared.length, changed }
}

interface Prepared {
  readonly path: string
  readonly raw: Uint8Array
  readonly gzip: Uint8Array
}

async function isCommitted({ hashes }: CompressSources, bundle: number, raw: Uint8Array): Promise<boolean> {
  try {
    const tile = await hashes(bundle)
    return decodeBundle(raw, TILE_WIDTH).every((leaf, i) => isLeafOf(tile, i, leaf))
  } catch {
    return false
  }
}

async function exchange(files: Files, bundles: readonly Prepared[]): Promise<void> {
  const directories = new Set(bundles.map(({ path }) => dirname(path)))
  await files.replaceAll(bundles.map(({ path, gzip }) => ({ path: gzipPath(path), bytes: gzip, mode: BUNDLE_MODE })))
  for (const directory of directories) await files.syncDirectory(directory)
  for (const { path, raw } of bundles) {
    const stored = await readCompressed(files, path)
    if (stored?.isWhole && equal(stored.bytes, raw)) continue
    await files.remove(gzipPath(path))
    throw new StoreError('damaged', `${gzipPath(path)} does not read back as it was written; the raw bundle is kept`)
  }
  // Everything up to here is durable beside the raw bundles, which readers ask for first. From here on each may go by itself.
  for (const { path } of bundles) await files.remove(path)
  for (const directory of directories) await files.syncDirectory(directory)
}

/** Compresses what is old enough, again and again, while the log grows. */
export class Compressor {
  readonly #sources: CompressSources
  /** The newest bundles stay raw: they are read most. */
  readonly #keptRaw: number
  readonly #closing = new AbortController()
  #next: number | undefined
  #end = 0
  #running: Promise<void> | undefined

  constructor(sources: CompressSources, behind: number) {
    this.#sources = sources
    this.#keptRaw = Math.ceil(behind / TILE_WIDTH)
  }

  /** So many bundles are sealed. After a failure (a full disk, say) the next call goes on. */
  sealed(bundles: number): void {
    this.#end = Math.max(0, bundles - this.#keptRaw)
    if (this.#closing.signal.aborted || (this.#next ?? 0) >= this.#end) return
    this.#running ??= this.#run()
      .catch(() => {})
      .finally(() => (this.#running = undefined))
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    this.#next ??= await firstRaw(this.#sources, this.#end)
    while (this.#next < this.#end && !signal.aborted) {
      const startedAt = performance.now()
      const { next } = await compressRound(this.#sources, this.#next, this.#end)
      this.#next = next
      // As long again: at most half of one core, however much there is to do.
      await setTimeout(performance.now() - startedAt, undefined, { signal, ref: false }).catch(() => {})
    }
  }

  /** Resolves when nothing of it is under way any more. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }
}

/**
 * Bundles are compressed in order, so that the first raw one is found by halving. Raw ones between compressed ones, which a copy may
 * have, stay as they are.
 */
async function firstRaw({ files, publicDirectory }: CompressSources, end: number): Promise<number> {
  let [low, high] = [0, end]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (await files.read(bundlePath(publicDirectory, middle))) high = middle
    else low = middle + 1
  }
  return low
}
