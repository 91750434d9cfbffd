/**
 * Postings in the order of their keys, cut into pages that fit into one page of the database each:
 *
 *     length of key, leaves (LEB128 each)   key   posting
 *     1c                     03             w…    00 00 12 00 ff 3f
 */

import { sizeOf, writePosting, type Posting } from './posting.ts'

/** What a key finds. Keys are bytes, one in each character. */
export type Entry = Posting & { readonly key: string }
export type Page = { readonly first: string; readonly data: Uint8Array }

/** What one row of a SQLite page of 4,096 bytes holds without overflow, with its number and lengths. */
const PAGE_BYTES = 4_050

/** `entries` in ascending order of their keys. */
export function* pagesOf(entries: Iterable<readonly [key: string, offsets: readonly number[]]>): Generator<Page, void> {
  let page: (readonly [string, readonly number[]])[] = []
  let bytes = 0
  for (const entry of entries) {
    const size = sizeOfEntry(entry)
    if (page.length > 0 && bytes + size > PAGE_BYTES) {
      yield encode(page, bytes)
      page = []
      bytes = 0
    }
    page.push(entry)
    bytes += size
  }
  if (page.length > 0) yield encode(page, bytes)
}

function sizeOfEntry([key, { length: n }]: readonly [string, readonly number[]]): number {
  return sizeOfNumber(key.length) + sizeOfNumber(n) + key.length + sizeOf(n)
}

function sizeOfNumber(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : 3
}

function encode(page: readonly (readonly [string, readonly number[]])[], bytes: number): Page {
  const data = Buffer.allocUnsafe(bytes)
  let at = 0
  for (const [key, offsets] of page) {
    at = writeNumber(data, key.length, at)
    at = writeNumber(data, offsets.length, at)
    at += data.write(key, at, 'latin1')
    writePosting(offsets, data, at)
    at += sizeOf(offsets.length)
  }
  return { first: page[0]![0], data }
}

function writeNumber(data: Uint8Array, value: number, at: number): number {
  let [rest, place] = [value, at]
  for (; rest >= 0x80; rest >>>= 7) data[place++] = (rest & 0x7f) | 0x80
  data[place] = rest
  return place + 1
}

/** The entries of a page from the first one on that is not below `key`. */
export function* entriesFrom(data: Uint8Array, key: string): Generator<Entry, void> {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  for (let at = seek(data, Buffer.from(key, 'latin1')); at < data.length;) {
    const { start, end, n } = headerAt(data, at)
    yield { key: bytes.toString('latin1', start, end), bytes: data, at: end, n }
    at = end + sizeOf(n)
  }
}

export function postingIn(data: Uint8Array, key: string): Posting | undefined {
  const wanted = Buffer.from(key, 'latin1')
  const at = seek(data, wanted)
  if (at >= data.length) return undefined
  const { start, end, n } = headerAt(data, at)
  return compare(data, start, end, wanted) === 0 ? { bytes: data, at: end, n } : undefined
}

/** Where the first entry begins that is not below the key: behind the page, if none. */
function seek(data: Uint8Array, wanted: Uint8Array): number {
  let at = 0
  while (at < data.length) {
    const { start, end, n } = headerAt(data, at)
    if (compare(data, start, end, wanted) >= 0) break
    at = end + sizeOf(n)
  }
  return at
}

/** Where the key starts and ends, and how many leaves have it. */
function headerAt(data: Uint8Array, at: number): { readonly start: number; readonly end: number; readonly n: number } {
  const length = numberAt(data, at)
  const second = at + sizeOfNumber(length)
  const n = numberAt(data, second)
  const start = second + sizeOfNumber(n)
  return { start, end: start + length, n }
}

function compare(data: Uint8Array, start: number, end: number, wanted: Uint8Array): number {
  const shorter = Math.min(end - start, wanted.length)
  for (let index = 0; index < shorter; index += 1) {
    const difference = data[start + index]! - wanted[index]!
    if (difference !== 0) return difference
  }
  return end - start - wanted.length
}

function numberAt(data: Uint8Array, at: number): number {
  let [value, place, shift] = [0, at, 0]
  for (; data[place]! >= 0x80; shift += 7) value |= (data[place++]! & 0x7f) << shift
  return value | (data[place]! << shift)
}
