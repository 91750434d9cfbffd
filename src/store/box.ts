/**
 * Records in boxes, a few in each, by a hash of their names: whoever has the tags of all boxes knows of any name what is kept under
 * it, or that nothing is, by looking into one box.
 *
 *     ⏎["commits","4be0c11…"]⇥{"id":"4be0c11…","sha256":"sha256:…",…}      one line for each record, in no particular order
 *
 * Boxes are split one by one as records come (linear hashing), so that no record ever waits for all others to be moved.
 */

import { hash } from 'node:crypto'

/** The first half of SHA-256 of a box; of an empty one, zeros. */
export const TAG_BYTES = 16
/** Records to a box before another box is begun. */
const LOAD = 4
export const MIN_BOXES = 1 << 6
/** From here on boxes only get fuller: their tags stay in memory. */
export const MAX_BOXES = 1 << 20

/** `salt` is not known to whoever chooses names, or they could fill one box. */
export type Layout = { boxes: number; records: number; readonly salt: string }

export function tagOf(body: Uint8Array): Uint8Array {
  return body.length === 0 ? new Uint8Array(TAG_BYTES) : hash('sha256', body, 'buffer').subarray(0, TAG_BYTES)
}

/** How a record's line begins. */
export function nameOf(book: string, key: string): string {
  return `\n${JSON.stringify([book, key])}\t`
}

export function boxOf(name: string, { boxes, salt }: Layout): number {
  const drawn = hash('sha256', `${salt}${name}`, 'buffer').readUInt32LE(0)
  const half = 1 << (31 - Math.clz32(boxes))
  const wide = drawn & (2 * half - 1)
  return wide < boxes ? wide : drawn & (half - 1)
}

/** So many boxes that none is due for about so many records. */
export function boxesFor(records: number): number {
  return Math.min(MAX_BOXES, Math.max(MIN_BOXES, 1 << Math.ceil(Math.log2(Math.max(1, records / LOAD)))))
}

/** Whether another box is due. */
export function isCrowded({ boxes, records }: Layout): boolean {
  return boxes < MAX_BOXES && records > boxes * LOAD
}

/** The box whose records are shared with the next one that is made. */
export function nextToSplit(boxes: number): number {
  return boxes - (1 << (31 - Math.clz32(boxes)))
}

/** The JSON text of one record. */
export function find(body: Uint8Array, name: string): string | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
  const at = bytes.indexOf(name)
  if (at < 0) return undefined
  const from = at + Buffer.byteLength(name)
  const end = bytes.indexOf(0x0a, from)
  return bytes.toString('utf8', from, end < 0 ? bytes.length : end)
}

/** Name to JSON text. */
export function open(body: Uint8Array): Map<string, string> {
  const lines = Buffer.from(body.buffer, body.byteOffset, body.length).toString().split('\n').slice(1)
  return new Map(
    lines.map((line) => [`\n${line.slice(0, line.indexOf('\t') + 1)}`, line.slice(line.indexOf('\t') + 1)]),
  )
}

export function close(records: ReadonlyMap<string, string>): Uint8Array {
  return Buffer.from([...records].map(([name, json]) => name + json).join(''))
}
