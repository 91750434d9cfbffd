/** Rows as they are kept: without what their shape says, and a hundred and twenty-eight neighbours compressed together. */

import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { Shapes } from './shape.ts'
import type { TrailRow } from './trail.ts'

/** Rows of a block; a segment is a whole number of them. */
export const BLOCK = 128

const MAX_BYTES = 64 * 1024 * 1024
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/** A row as JSON: its shape's number, and the rest in this order. */
export type Packed = readonly [
  shape: number,
  at: number,
  id: string,
  who: string,
  sentence: string,
  policies: readonly string[],
  resource?: readonly [kind: string, id: string, name: string],
]

export function pack({ id, at, who, sentence, policies, resource }: TrailRow, shape: number): Packed {
  const packed = [shape, at, id, who, sentence, policies] as const
  return resource ? [...packed, [resource.kind, resource.id, resource.name]] : packed
}

export function unpack(
  [shape, at, id, who, sentence, policies, about]: Packed,
  leafIndex: number,
  shapes: Shapes,
): TrailRow {
  const { type, outcome, kind, ...more } = shapes.get(shape)
  return {
    ...{ leafIndex, id, at, type, outcome, who, kind, sentence, policies },
    ...(about && { resource: { kind: about[0], id: about[1], name: about[2] } }),
    ...more,
  }
}

export function timeOf(packed: Packed): number {
  return packed[1]
}

export function sentenceOf(packed: Packed): string {
  return packed[4]
}

export function compress(rows: readonly Packed[]): Uint8Array {
  return zstdCompressSync(JSON.stringify(rows), FAST)
}

export function decompress(data: Uint8Array): readonly Packed[] {
  return JSON.parse(zstdDecompressSync(data, { maxOutputLength: MAX_BYTES }).toString()) as Packed[]
}
