/**
 * A log's directory as it stands on the disk, read without owning it and without changing anything; also while a server
 * writes to it. Nothing here is believed: whoever reads decides what fits together.
 */

import { join } from 'node:path'
import { attempt } from '../evidence/refusal.ts'
import { parse } from '../bytes/json.ts'
import { formatTilePath, TILE_WIDTH } from '../tlog/tile.ts'
import { bundlePath, readBundle } from './bundle.ts'
import { StoreError } from './error.ts'
import { diskFiles } from './file.ts'

export interface StoredLog {
  /** What file names in findings are relative to. */
  readonly root: string
  /** Where `checkpoint` and `tile/` are. */
  readonly publicDirectory: string
  /** Absent where only the public part of a log is. */
  readonly logDirectory?: string
  readonly evidenceDirectory?: string
  /** From `meta.json`. */
  readonly origin?: string
}

export interface StoredLeaf {
  readonly bytes: Uint8Array
  /** Absolute. */
  readonly file: string
  /** Where the record starts, in bytes of the file once it is decompressed. */
  readonly offset: number
}

/**
 * Finds the log in a data directory, a log directory, or a C2SP tlog-tiles directory such as a witness's copy. A StoreError
 * `absent` when there is none.
 */
export async function locateLog(path: string): Promise<StoredLog> {
  for (const logDirectory of [join(path, 'log'), path]) {
    const meta = await diskFiles.read(join(logDirectory, 'meta.json'))
    if (!meta) continue
    const origin = (attempt(() => parse(meta.toString())) as { origin?: unknown } | undefined)?.origin
    const evidence = join(logDirectory, '..', 'evidence')
    return {
      root: path,
      publicDirectory: join(logDirectory, 'public'),
      logDirectory,
      ...((await diskFiles.list(evidence)).length > 0 && { evidenceDirectory: evidence }),
      ...(typeof origin === 'string' && { origin }),
    }
  }
  for (const publicDirectory of [join(path, 'public'), path]) {
    if (await diskFiles.read(join(publicDirectory, 'checkpoint'))) return { root: path, publicDirectory }
  }
  throw new StoreError('absent', `there is no log in ${path}: neither meta.json nor a checkpoint`)
}

/** The bytes of a file of the public part; undefined when it is absent or cannot be read. */
export function readPublic({ publicDirectory }: StoredLog, path: string): Promise<Buffer | undefined> {
  return diskFiles.read(join(publicDirectory, path)).catch(() => undefined)
}

export interface StoredTile {
  readonly file: string
  /** Decompressed, where the file is compressed. */
  readonly bytes: Buffer
  /** False for a gzip file that others may not be able to read. */
  readonly isWhole: boolean
}

/** The tile with at least `width` hashes or leaves: full where it is sealed, else the partial one of exactly that width. */
export async function readTile(
  log: StoredLog,
  level: number | 'entries',
  index: number,
  width: number,
): Promise<StoredTile | undefined> {
  const full = level === 'entries' ? await readFullBundle(log, index) : undefined
  if (full) return full
  for (const each of new Set([TILE_WIDTH, width])) {
    const path = formatTilePath({ level, index, width: each })
    const bytes = await readPublic(log, path)
    if (bytes) return { file: join(log.publicDirectory, path), bytes, isWhole: true }
  }
  return undefined
}

async function readFullBundle({ publicDirectory }: StoredLog, index: number): Promise<StoredTile | undefined> {
  const stored = await readBundle(diskFiles, bundlePath(publicDirectory, index)).catch(() => undefined)
  return stored && { file: stored.path, bytes: stored.bytes, isWhole: stored.isWhole }
}

/** The leaves of a bundle as far as its lengths lead, at most `width`. */
export function splitEntries(
  { file, bytes }: Pick<StoredTile, 'file' | 'bytes'>,
  firstLeafIndex: number,
  width: number,
): Map<number, StoredLeaf> {
  const leaves = new Map<number, StoredLeaf>()
  for (let i = 0, offset = 0; i < width && offset + 2 <= bytes.length; i += 1) {
    const end = offset + 2 + bytes.readUInt16BE(offset)
    if (end > bytes.length) break
    leaves.set(firstLeafIndex + i, { bytes: bytes.subarray(offset + 2, end), file, offset })
    offset = end
  }
  return leaves
}
