/** The leaves of a segment that have one thing in common, as they are written: offsets of 16 bits while few, then a bit for each. */

import { has, noBits, ones, put, SEGMENT, type Bits } from './bits.ts'

/** `n` leaves, written in `bytes` from `at` on. */
export type Posting = { readonly bytes: Uint8Array; readonly at: number; readonly n: number }

const BITMAP_BYTES = SEGMENT / 8
/** From here on the bitmap is smaller. */
const MANY = BITMAP_BYTES / 2

export function sizeOf(n: number): number {
  return n < MANY ? n * 2 : BITMAP_BYTES
}

/** Little-endian, whatever the machine. `offsets` ascend. */
export function writePosting(offsets: readonly number[], into: Uint8Array, at: number): void {
  if (offsets.length >= MANY) writeBitmap(offsets, into, at)
  else
    offsets.forEach((offset, index) => {
      into[at + index * 2] = offset & 0xff
      into[at + index * 2 + 1] = offset >>> 8
    })
}

function writeBitmap(offsets: readonly number[], into: Uint8Array, at: number): void {
  into.fill(0, at, at + BITMAP_BYTES)
  for (const offset of offsets) into[at + (offset >>> 3)]! |= 1 << (offset & 7)
}

export function postingOf(offsets: readonly number[]): Posting {
  const bytes = new Uint8Array(sizeOf(offsets.length))
  writePosting(offsets, bytes, 0)
  return { bytes, at: 0, n: offsets.length }
}

export function bitsOf(posting: Posting): Bits {
  const bits = noBits()
  unitePosting(bits, posting)
  return bits
}

export function unitePosting(into: Bits, { bytes, at, n }: Posting): void {
  if (n < MANY) for (let place = at; place < at + n * 2; place += 2) put(into, bytes[place]! | (bytes[place + 1]! << 8))
  else for (let word = 0; word < into.length; word += 1) into[word]! |= wordAt(bytes, at + word * 4)
}

/** How many of them are among the bits. */
export function countWithin({ bytes, at, n }: Posting, bits: Bits): number {
  let count = 0
  if (n < MANY)
    for (let place = at; place < at + n * 2; place += 2)
      count += Number(has(bits, bytes[place]! | (bytes[place + 1]! << 8)))
  else for (let word = 0; word < bits.length; word += 1) count += ones(bits[word]! & wordAt(bytes, at + word * 4))
  return count
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}
