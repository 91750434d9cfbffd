/**
 * Disclosures of sealed leaves, one file per 256 leaves, so that those of one leaf can be erased without a trace in the
 * others. Nothing here is covered by the tree: leaves hold salted commitments to them.
 *
 *     [u8 leaf index within the bundle][u32 length][bytes] ...
 */

import { dirname, join } from 'node:path'
import { formatTileIndex, TILE_WIDTH } from '../tlog/tile.ts'
import type { Files, StoredFile } from './file.ts'

const HEADER_BYTES = 5

/** Leaf index to what is left of its disclosures; undefined where nothing is. */
export type Erasing = ReadonlyMap<number, Uint8Array | undefined>

export class Disclosures {
  readonly #files: Files
  readonly #directory: string
  /** The bundle that was read last: replay asks for one leaf after the other. */
  #latest: { readonly bundle: number; readonly entries: Promise<ReadonlyMap<number, Uint8Array>> } | undefined

  constructor(files: Files, directory: string) {
    this.#files = files
    this.#directory = directory
  }

  /** The file of a whole bundle, for the caller to store; `entries` by leaf index. Undefined when there are none. */
  async seal(bundle: number, entries: ReadonlyMap<number, Uint8Array>): Promise<StoredFile | undefined> {
    this.#latest = undefined
    // What is here already is what an erasure left of a leaf that was not sealed then.
    const left = await this.#read(bundle)
    const all = left.size === 0 ? entries : new Map([...left, ...entries])
    return all.size === 0 ? undefined : { path: this.#path(bundle), bytes: encode(all), mode: 0o600 }
  }

  async get(leafIndex: number): Promise<Uint8Array | undefined> {
    const bundle = Math.floor(leafIndex / TILE_WIDTH)
    if (this.#latest?.bundle !== bundle) this.#latest = { bundle, entries: this.#read(bundle) }
    const { entries } = this.#latest
    // A failed read is not remembered.
    entries.catch(() => (this.#latest = undefined))
    return (await entries).get(leafIndex)
  }

  /** Rewrites files with what is left of each leaf; the old bytes are gone from every name when it resolves. */
  async erase(leaves: Erasing): Promise<void> {
    for (const [bundle, within] of Map.groupBy(leaves, ([leafIndex]) => Math.floor(leafIndex / TILE_WIDTH)))
      await this.#rewrite(bundle, within)
  }

  async #rewrite(bundle: number, leaves: readonly (readonly [number, Uint8Array | undefined])[]): Promise<void> {
    const entries = await this.#read(bundle)
    const before = entries.size
    for (const [leafIndex, left] of leaves) {
      if (left) entries.set(leafIndex, left)
      else entries.delete(leafIndex)
    }
    if (entries.size === before && leaves.every(([, left]) => left === undefined)) return
    const path = this.#path(bundle)
    await this.#files.makeDirectory(dirname(path), 0o700)
    await this.#files.replace(path, encode(entries), 0o600)
    await this.#files.syncDirectory(dirname(path))
    this.#latest = undefined
  }

  async #read(bundle: number): Promise<Map<number, Uint8Array>> {
    const bytes = await this.#files.read(this.#path(bundle))
    return bytes ? decode(bytes, bundle * TILE_WIDTH) : new Map<number, Uint8Array>()
  }

  #path(bundle: number): string {
    return join(this.#directory, formatTileIndex(bundle))
  }
}

function encode(entries: ReadonlyMap<number, Uint8Array>): Uint8Array {
  let sizeBytes = 0
  for (const { length } of entries.values()) sizeBytes += HEADER_BYTES + length
  const encoded = Buffer.allocUnsafe(sizeBytes)
  let offset = 0
  for (const [leafIndex, bytes] of entries) {
    encoded[offset] = leafIndex % TILE_WIDTH
    offset = encoded.writeUInt32BE(bytes.length, offset + 1)
    encoded.set(bytes, offset)
    offset += bytes.length
  }
  return encoded
}

/** What is cut short is left out: a disclosure that is not whole proves nothing anyway. */
function decode(bytes: Buffer, firstLeafIndex: number): Map<number, Uint8Array> {
  const entries = new Map<number, Uint8Array>()
  for (let offset = 0; offset + HEADER_BYTES <= bytes.length;) {
    const start = offset + HEADER_BYTES
    const end = start + bytes.readUInt32BE(offset + 1)
    if (end > bytes.length) break
    entries.set(firstLeafIndex + bytes[offset]!, bytes.subarray(start, end))
    offset = end
  }
  return entries
}
