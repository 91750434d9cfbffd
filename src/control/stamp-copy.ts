/** Time stamps for a copy of a log: those that its new leaves name, taken over where they are exactly what the leaves name. */

import { digestOf } from '../bytes/digest.ts'
import { read } from '../domain/leaf.ts'
import { attempt } from '../evidence/refusal.ts'
import { locateLog, readTile, splitEntries } from '../store/stored.ts'
import { Stamps, stampPath } from '../store/stamps.ts'
import { TILE_WIDTH } from '../tlog/tile.ts'
import type { Copied } from './tile-copy.ts'
import type { TileSource } from './tile-source.ts'

const STAMPED = '"type":"dev.countersign.log.stamped.v1"'

/** Copies what is not here yet; `absent` counts stamps that the source does not show, or shows changed. Leaves in `to` are verified. */
export async function copyStamps(
  source: TileSource,
  to: string,
  { previousSize, treeSize }: Copied,
): Promise<{ readonly copied: number; readonly absent: number }> {
  const log = await locateLog(to)
  const stamps = new Stamps(log.publicDirectory)
  let [copied, absent] = [0, 0]
  for (let index = Math.floor(previousSize / TILE_WIDTH); index * TILE_WIDTH < treeSize; index += 1) {
    const width = Math.min(TILE_WIDTH, treeSize - index * TILE_WIDTH)
    const bundle = await readTile(log, 'entries', index, width)
    if (!bundle?.bytes.includes(STAMPED)) continue
    for (const { bytes } of splitEntries(bundle, index * TILE_WIDTH, width).values()) {
      const named = nameOf(bytes)
      if (!named || (await stamps.read(named.treeSize))) continue
      const path = stampPath(named.treeSize)
      const [checkpoint, reply] = [await source.file(path), await source.file(`${path}.tsr`)]
      const isIt = checkpoint && reply && digestOf(checkpoint) === named.checkpoint && digestOf(reply) === named.reply
      if (isIt) await stamps.keep(named.treeSize, { checkpoint, reply })
      if (isIt) copied += 1
      else absent += 1
    }
  }
  return { copied, absent }
}

/** Undefined for leaves that name no stamp. */
function nameOf(bytes: Uint8Array) {
  const leaf = attempt(() => read(bytes))
  if (leaf?.event.type !== 'log.stamped') return undefined
  const { treeSize, digest } = leaf.event
  const checkpoint = leaf.evidence.find(({ kind }) => kind === 'checkpoint')?.digest
  return { treeSize, reply: digest, checkpoint }
}
