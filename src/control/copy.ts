/** Somebody's copy of a log to restore from: a witness that keeps one, or a directory. Nothing in it is believed here. */

import { dirname, join } from 'node:path'
import { diskFiles } from '../store/file.ts'
import { locateLog, readPublic, readTile, splitEntries, type StoredLeaf } from '../store/stored.ts'
import { readWal } from '../store/stored-wal.ts'
import { logDirectory } from '../store/witness.ts'
import type { Signer } from '../tlog/key.ts'
import { decodeBundle, TILE_WIDTH } from '../tlog/tile.ts'
import { attempt } from '../evidence/refusal.ts'
import { parseCheckpoint } from '../tlog/checkpoint.ts'
import { parseNote } from '../tlog/note.ts'
import { WitnessClient } from './witness-client.ts'

export interface Copy {
  /** Signed checkpoints that come with it, as notes. */
  readonly notes: readonly string[]
  /** Leaf indexes below this one may be there. */
  readonly size: number
  leaf(leafIndex: number): Promise<Uint8Array | undefined>
}

/** `from`: the base URL of a witness with a mirror, or a directory. Rejects with a WitnessError or a StoreError. */
export function openCopy(from: string, origin: string, signer: Signer, clock: () => number): Promise<Copy> {
  return /^https?:\/\//.test(from) ? openRemote(from, origin, signer, clock) : openDirectory(from, origin)
}

async function openRemote(url: string, origin: string, signer: Signer, clock: () => number): Promise<Copy> {
  const client = new WitnessClient(url, origin)
  const note = await client.latest()
  const size = note === undefined ? 0 : sizeOf(note)
  const fetchBundle = async (index: number, width: number) => {
    const bytes = await client.tile({ level: 'entries', index, width }, signer, clock())
    return bytes && decodeBundle(bytes, width)
  }
  let last: { readonly index: number; readonly leaves: readonly Uint8Array[] } | undefined
  const leaf = async (leafIndex: number) => {
    const [index, at] = [Math.floor(leafIndex / TILE_WIDTH), leafIndex % TILE_WIDTH]
    if (last?.index === index && at < last.leaves.length) return last.leaves[at]
    // What was cosigned may be ahead of what was copied.
    const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH)
    const leaves = (await fetchBundle(index, width)) ?? (width > at + 1 ? await fetchBundle(index, at + 1) : undefined)
    if (leaves) last = { index, leaves }
    return leaves?.[at]
  }
  return { notes: note === undefined ? [] : [note], size, leaf }
}

/** A data directory, a log directory, tiles, or the directory of a witness. */
async function openDirectory(path: string, origin: string): Promise<Copy> {
  const mirror = join(logDirectory(path, origin), 'mirror')
  const isWitness = (await diskFiles.list(mirror)).length > 0
  const log = await locateLog(isWitness ? mirror : path)
  const wal = await readWal(log, origin)
  const published = (await readPublic(log, 'checkpoint'))?.toString() ?? ''
  const beside = (await diskFiles.read(join(dirname(log.publicDirectory), 'checkpoint')))?.toString()
  const notes = [published, beside, wal.commits.at(-1)?.note.toString()].filter((note) => note !== undefined)
  // A witness keeps the size of its copy unsigned; the tiles are cut to it.
  const copied = attempt(() => parseCheckpoint(published).size) ?? sizeOf(published)
  const size = Math.max(copied, wal.size)
  let last: { readonly index: number; readonly leaves: ReturnType<typeof splitEntries> } | undefined
  const leaf = async (leafIndex: number) => {
    const index = Math.floor(leafIndex / TILE_WIDTH)
    if (last?.index !== index) {
      const tile = await readTile(log, 'entries', index, Math.min(TILE_WIDTH, copied - index * TILE_WIDTH))
      last = {
        index,
        leaves: tile ? splitEntries(tile, index * TILE_WIDTH, TILE_WIDTH) : new Map<number, StoredLeaf>(),
      }
    }
    return (last.leaves.get(leafIndex) ?? wal.leaves.get(leafIndex))?.bytes
  }
  return { notes, size, leaf }
}

function sizeOf(note: string): number {
  return attempt(() => parseCheckpoint(parseNote(note).text).size) ?? 0
}
