/** Compressing a log that nobody writes to: a server's while it is down, or a copy. What was compressed before stays so. */

import { join } from 'node:path'
import { attempt } from '../evidence/refusal.ts'
import { parseCheckpoint } from '../tlog/checkpoint.ts'
import { parseNote } from '../tlog/note.ts'
import { formatTilePath, TILE_BYTES, TILE_WIDTH } from '../tlog/tile.ts'
import { compressRound } from './compress.ts'
import { StoreError } from './error.ts'
import { diskFiles } from './file.ts'
import { lockDirectory } from './lock.ts'
import { locateLog, readPublic, type StoredLog } from './stored.ts'

export interface CompressedLog {
  /** Full bundles under the published checkpoint. */
  readonly bundles: number
  readonly compressed: number
  /** Bundles with leaves that do not hash as their tile says: left as they are. */
  readonly changed: number
}

/**
 * Compresses every full bundle of the log in `path` (as `locateLog` finds it), durably, in order: run again, it goes on. A StoreError:
 * `locked` while a server owns it, `absent` when there is no log.
 */
export async function compressLog(
  path: string,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<CompressedLog> {
  const log = await locateLog(path)
  using _lock = log.logDirectory ? lockDirectory(log.logDirectory) : undefined
  const bundles = Math.floor((await publishedSize(log)) / TILE_WIDTH)
  let [compressed, changed] = [0, 0]
  for (let at = 0; at < bundles;) {
    const round = await compressRound(sourcesOf(log), at, bundles)
    at = round.next
    compressed += round.compressed
    changed += round.changed
    onProgress(at * TILE_WIDTH, bundles * TILE_WIDTH)
  }
  return { bundles, compressed, changed }
}

function sourcesOf(log: StoredLog) {
  const hashes = async (bundle: number) => {
    const tile = await readPublic(log, formatTilePath({ level: 0, index: bundle, width: TILE_WIDTH }))
    if (tile?.length === TILE_BYTES) return tile
    throw new StoreError('damaged', `the hashes of bundle ${bundle} are missing`)
  }
  const { publicDirectory } = log
  return { files: diskFiles, publicDirectory, hashes, inTurn: <T>(work: () => Promise<T>) => work() }
}

/** A witness keeps the checkpoint of its copy unsigned. */
async function publishedSize(log: StoredLog): Promise<number> {
  const note = (await readPublic(log, 'checkpoint'))?.toString() ?? ''
  const checkpoint = attempt(() => parseCheckpoint(note)) ?? attempt(() => parseCheckpoint(parseNote(note).text))
  if (checkpoint) return checkpoint.size
  throw new StoreError('absent', `${join(log.publicDirectory, 'checkpoint')} says no size: nothing is published yet`)
}
