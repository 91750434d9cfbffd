/**
 * C2SP tlog-tiles: where a tile stands, and what an entry bundle holds.
 *
 *     tile/0/x001/x234/067          the hashes of leaves 315,921,152 to 315,921,407
 *     tile/1/000.p/17               17 roots of full level-0 tiles
 *     tile/entries/000.p/5          five leaves, each behind its length
 */

import { TlogError } from './error.ts'
import { HASH_BYTES } from './hash.ts'

export const TILE_WIDTH = 256
export const TILE_BYTES = TILE_WIDTH * HASH_BYTES

/** tlog-tiles: entries are "big-endian uint16 length-prefixed". */
export const MAX_LEAF_BYTES = 65_535

/** No bundle is longer. */
export const MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + MAX_LEAF_BYTES)

/** `level` 0 holds leaf hashes; 'entries' holds the leaves themselves. `width` is 1 to 256; below 256 the tile is partial. */
export interface Tile {
  readonly level: number | 'entries'
  readonly index: number
  readonly width: number
}

/** Hashes that the tile of `level` with `index` holds in a tree of `size` leaves: 0 to 256. */
export function tileWidth(level: number, index: number, size: number): number {
  const hashes = Math.floor(size / TILE_WIDTH ** level) - index * TILE_WIDTH
  return Math.max(0, Math.min(TILE_WIDTH, hashes))
}

/** The partial hash tiles of a tree of `size` leaves, lowest level first. */
export function partialTiles(size: number): (Tile & { readonly level: number })[] {
  const tiles: (Tile & { readonly level: number })[] = []
  for (let level = 0, hashes = size; hashes > 0; level += 1, hashes = Math.floor(hashes / TILE_WIDTH)) {
    const width = hashes % TILE_WIDTH
    if (width > 0) tiles.push({ level, index: Math.floor(hashes / TILE_WIDTH), width })
  }
  return tiles
}

export function formatTilePath({ level, index, width }: Tile): string {
  const partial = width === TILE_WIDTH ? '' : `.p/${width}`
  return `tile/${level}/${formatTileIndex(index)}${partial}`
}

/** tlog-tiles: "zero-padded 3-digit path elements. All but the last path element MUST begin with an x". */
export function formatTileIndex(index: number): string {
  let path = threeDigits(index % 1000)
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${threeDigits(rest % 1000)}/${path}`
  }
  return path
}

function threeDigits(value: number): string {
  return String(value).padStart(3, '0')
}

const TILE_PATH = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,4}\d{3})(?:\.p\/(\d{1,3}))?$/
/** "A decimal ASCII integer between 0 and 63". */
const MAX_LEVEL = 63

/** Reads a path relative to the log's prefix. Undefined for anything that no log would serve, other spellings included. */
export function parseTilePath(path: string): Tile | undefined {
  const [, level, elements, width] = TILE_PATH.exec(path) ?? []
  if (level === undefined || elements === undefined) return undefined
  const tile: Tile = {
    level: level === 'entries' ? level : Number(level),
    index: Number(elements.replaceAll(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  }
  if (Number(tile.level) > MAX_LEVEL || tile.width < 1 || tile.width > TILE_WIDTH) return undefined
  return formatTilePath(tile) === path ? tile : undefined
}

/** The entry bundle of up to 256 leaves, each 0 to 65,535 bytes (else a RangeError). */
export function encodeBundle(leaves: readonly Uint8Array[]): Uint8Array {
  const bundle = Buffer.allocUnsafe(leaves.reduce((sum, leaf) => sum + 2 + leaf.length, 0))
  let offset = 0
  for (const leaf of leaves) {
    offset = bundle.writeUInt16BE(leaf.length, offset)
    bundle.set(leaf, offset)
    offset += leaf.length
  }
  return bundle
}

/** The leaves of a bundle that holds exactly `width` of them, as views of its memory. Throws a TlogError otherwise. */
export function decodeBundle(bundle: Uint8Array, width: number): Uint8Array[] {
  const leaves: Uint8Array[] = []
  let offset = 0
  while (leaves.length < width) {
    const start = offset + 2
    if (start > bundle.length)
      throw new TlogError('malformed_bundle', `an entry bundle ends before entry ${leaves.length}`)
    offset = start + bundle[offset]! * 256 + bundle[offset + 1]!
    if (offset > bundle.length)
      throw new TlogError('malformed_bundle', `an entry bundle ends within entry ${leaves.length}`)
    leaves.push(bundle.subarray(start, offset))
  }
  if (offset !== bundle.length)
    throw new TlogError('malformed_bundle', `an entry bundle holds more than ${width} entries`)
  return leaves
}
