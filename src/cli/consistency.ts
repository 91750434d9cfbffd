/** The log of now still begins with the log that this machine saw before: nothing was cut off, changed or put in between. */

import { base64 } from '../bytes/text.ts'
import { consistencyRanges, proveRanges, rangeTiles } from '../tlog/proof.ts'
import { formatTilePath, TILE_BYTES, tileWidth } from '../tlog/tile.ts'
import { verifyConsistency } from '../tlog/verify.ts'
import { unverified, type Head } from './proof.ts'

/** Fetches the bytes at a path of the log, such as `tile/0/000`. */
export type FetchTile = (path: string) => Promise<Uint8Array>

/** Throws a Failure `unverified` when `now` does not extend `before`; proves it from the hash tiles that anybody may read. */
export async function checkConsistency(before: Head, now: Head, fetchTile: FetchTile): Promise<void> {
  if (now.treeSize < before.treeSize) {
    throw unverified(
      'log_shrank',
      `the log has ${now.treeSize} leaves, and had ${before.treeSize} when this machine last looked`,
    )
  }
  const ranges = consistencyRanges(before.treeSize, now.treeSize)
  const tiles = new Map<string, Uint8Array>()
  for (const { level, index } of ranges.flatMap(rangeTiles)) {
    const path = formatTilePath({ level, index, width: tileWidth(level, index, now.treeSize) })
    if (tiles.has(`${level}/${index}`)) continue
    const tile = await fetchTile(path)
    if (tile.length > TILE_BYTES) throw unverified('bad_tile', `the tile ${path} is larger than a tile`)
    tiles.set(`${level}/${index}`, tile)
  }
  const proof = proveRanges(ranges, (level, index) => tiles.get(`${level}/${index}`)!)
  if (
    !verifyConsistency(
      before.treeSize,
      now.treeSize,
      base64.decode(before.rootHash),
      base64.decode(now.rootHash),
      proof,
    )
  ) {
    throw unverified('history_changed', `the log rewrote leaves that this machine saw at ${before.treeSize} leaves`)
  }
}
