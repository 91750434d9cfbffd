/**
 * Disclosures of sealed leaves, so that those of one leaf can be erased without a trace in the others. Leaves that were sealed together
 * share a file, which has the name of its first bundle of 256. Nothing here is covered by the tree: leaves hold salted commitments.
 *
 *     [u8 leaf index within its bundle][u8 bundles after the file's own][u24 length][bytes] ...
 *
 * Those of a bundle are in the file that bears its name, else in the nearest one before it within the same 25. Sealing that a crash cut
 * short and that began anew elsewhere leaves files that say the same twice: erasure looks into all of them.
 */

import { dirname, join } from 'node:path'
import { formatTileIndex, TILE_WIDTH } from '../tlog/tile.ts'
import type { Files, StoredFile } from './file.ts'

const HEADER_BYTES = 5
/** Bundles that can share a file: a divisor of 1,000, so that all their files are in one directory (tlog-tiles paths). */
export const GROUP_BUNDLES = 25
/** More is written only where a single bundle has more: who reads one leaf's reads the file. */
const MAX_FILE_BYTES = 1 << 20

/** Leaf index to what is left of its disclosures; undefined where nothing is. */
export type Erasing = ReadonlyMap<number, Uint8Array | undefined>

type Entries = Map<number, Uint8Array>

/** What one file says about all bundles from `from` to `to` (excluded). */
type Span = { readonly from: number; readonly to: number; readonly entries: ReadonlyMap<number, Uint8Array> }

export class Disclosures {
  readonly #files: Files
  readonly #directory: string
  /** What was read last: replay asks for one leaf after the other. */
  #latest: Promise<Span> | undefined

  constructor(files: Files, directory: string) {
    this.#files = files
    this.#directory = directory
  }

  /**
   * The files of the bundles from `from` to `to` (excluded, both of one group), for the caller to store before anything else says that
   * they are sealed. `entries` by leaf index. None when there are no disclosures.
   */
  async seal(from: number, to: number, entries: ReadonlyMap<number, Uint8Array>): Promise<StoredFile[]> {
    this.#latest = undefined
    const group = await this.#group(from)
    const byBundle = perBundle(from, to, entries)
    const shared: Shared[] = []
    for (let bundle = from; bundle < to; bundle += 1) {
      // What is here already is what an erasure left of a leaf that was not sealed then.
      const within = await group.of(bundle)
      for (const [leafIndex, bytes] of byBundle[bundle - from]!) within.set(leafIndex, bytes)
      // A file that bears this name speaks for the bundles behind it, so it is written, even if nothing is left to say.
      const isNew = group.starts.includes(bundle) || (within.size > 0 && !shared.at(-1)?.hasRoomFor(within))
      if (isNew) shared.push(new Shared(bundle))
      shared.at(-1)?.add(within)
    }
    return shared.map(({ start, entries: all }) => this.#file(start, all))
  }

  /** Of a sealed leaf, or what an erasure left of one that is not. */
  async get(leafIndex: number): Promise<Uint8Array | undefined> {
    const bundle = Math.floor(leafIndex / TILE_WIDTH)
    const known = await this.#latest?.catch(() => undefined)
    if (known && known.from <= bundle && bundle < known.to) return known.entries.get(leafIndex)
    const span = this.#span(bundle)
    this.#latest = span
    // A failed read is not remembered.
    span.catch(() => (this.#latest = undefined))
    return (await span).entries.get(leafIndex)
  }

  /** Rewrites files with what is left of each leaf; the old bytes are gone from every name when it resolves. */
  async erase(leaves: Erasing): Promise<void> {
    for (const within of Map.groupBy(leaves, ([leafIndex]) => groupOf(Math.floor(leafIndex / TILE_WIDTH))).values())
      await this.#eraseWithin(new Map(within))
    this.#latest = undefined
  }

  async #eraseWithin(leaves: Erasing): Promise<void> {
    const bundles = new Set([...leaves.keys()].map((leafIndex) => Math.floor(leafIndex / TILE_WIDTH)))
    const group = await this.#group(Math.max(...bundles))
    for (const name of group.leftovers) await this.#files.remove(name)
    const changed = new Map<number, Entries>()
    for (const start of group.starts) {
      const entries = await group.read(start)
      if (erased(entries, leaves)) changed.set(start, entries)
    }
    for (const bundle of bundles) {
      const left = [...leaves].filter(([leafIndex, bytes]) => bytes && Math.floor(leafIndex / TILE_WIDTH) === bundle)
      const entries = await group.of(bundle)
      if (left.every(([leafIndex]) => entries.has(leafIndex))) continue
      // Of a leaf that is not sealed yet: its bundle gets a file, which speaks for those behind it from now on.
      const own = new Map([...(await group.from(bundle)), ...(left as [number, Uint8Array][])])
      group.put(bundle, own)
      changed.set(bundle, own)
    }
    await this.#store([...changed].map(([start, entries]) => this.#file(start, entries)))
  }

  async #store(files: readonly StoredFile[]): Promise<void> {
    if (files.length === 0) return
    const directory = dirname(files[0]!.path)
    await this.#files.makeDirectory(directory, 0o700)
    await this.#files.replaceAll(files)
    await this.#files.syncDirectory(directory)
  }

  /** A file that comes later is of bundles that are sealed later: what is said here stays true of what stands here. */
  async #span(bundle: number): Promise<Span> {
    const group = await this.#group(bundle)
    const start = group.nearest(bundle)
    if (start === undefined) return { from: bundle, to: bundle + 1, entries: new Map() }
    const entries = await group.read(start)
    let last = bundle
    for (const leafIndex of entries.keys()) last = Math.max(last, Math.floor(leafIndex / TILE_WIDTH))
    const next = group.starts.find((other) => other > bundle) ?? Infinity
    return { from: start, to: Math.min(next, last + 1), entries }
  }

  async #group(bundle: number): Promise<Group> {
    const first = groupOf(bundle)
    const directory = dirname(this.#path(first))
    const names = await this.#files.list(directory)
    const startOf = (name: string) => first - (first % 1000) + Number(name.slice(0, 3))
    const within = names.filter((name) => /^\d{3}(?:\.new)?$/.test(name) && groupOf(startOf(name)) === first)
    const starts = within.filter((name) => name.length === 3).map(startOf)
    const leftovers = within.filter((name) => name.length > 3).map((name) => join(directory, name))
    return new Group(starts, leftovers, (start) => this.#read(start))
  }

  async #read(start: number): Promise<Entries> {
    const bytes = await this.#files.read(this.#path(start))
    return bytes ? decode(bytes, start) : new Map<number, Uint8Array>()
  }

  #file(start: number, entries: ReadonlyMap<number, Uint8Array>): StoredFile {
    return { path: this.#path(start), bytes: encode(entries, start), mode: 0o600 }
  }

  #path(bundle: number): string {
    return join(this.#directory, formatTileIndex(bundle))
  }
}

function perBundle(from: number, to: number, entries: ReadonlyMap<number, Uint8Array>): Entries[] {
  const bundles = Array.from({ length: to - from }, (): Entries => new Map())
  for (const [leafIndex, bytes] of entries) bundles[Math.floor(leafIndex / TILE_WIDTH) - from]!.set(leafIndex, bytes)
  return bundles
}

/** Bundles on their way into one file. */
class Shared {
  readonly start: number
  readonly entries: Entries = new Map()
  #sizeBytes = 0

  constructor(start: number) {
    this.start = start
  }

  hasRoomFor(more: ReadonlyMap<number, Uint8Array>): boolean {
    return this.#sizeBytes + sizeOf(more) <= MAX_FILE_BYTES
  }

  add(more: ReadonlyMap<number, Uint8Array>): void {
    for (const [leafIndex, bytes] of more) this.entries.set(leafIndex, bytes)
    this.#sizeBytes += sizeOf(more)
  }
}

/** The files of one group of bundles, each read at most once. */
class Group {
  /** Ascending. */
  readonly starts: number[]
  /** What a crash left of files that were never in place. */
  readonly leftovers: readonly string[]
  readonly #read: (start: number) => Promise<Entries>
  readonly #known = new Map<number, Entries>()

  constructor(starts: number[], leftovers: readonly string[], read: (start: number) => Promise<Entries>) {
    this.starts = starts
    this.leftovers = leftovers
    this.#read = read
  }

  nearest(bundle: number): number | undefined {
    return this.starts.findLast((start) => start <= bundle)
  }

  async read(start: number): Promise<Entries> {
    const entries = this.#known.get(start) ?? (await this.#read(start))
    this.#known.set(start, entries)
    return entries
  }

  put(start: number, entries: Entries): void {
    if (!this.starts.includes(start)) this.starts.push(start)
    this.starts.sort((a, b) => a - b)
    this.#known.set(start, entries)
  }

  /** Disclosures of one bundle, wherever they are. */
  async of(bundle: number): Promise<Entries> {
    const all = await this.from(bundle)
    return new Map([...all].filter(([leafIndex]) => leafIndex < (bundle + 1) * TILE_WIDTH))
  }

  /** What the file that speaks for this bundle says of it and of those behind it. */
  async from(bundle: number): Promise<Entries> {
    const start = this.nearest(bundle)
    if (start === undefined) return new Map()
    return new Map([...(await this.read(start))].filter(([leafIndex]) => leafIndex >= bundle * TILE_WIDTH))
  }
}

/** Whether anything of these leaves was there. */
function erased(entries: Entries, leaves: Erasing): boolean {
  let isChanged = false
  for (const [leafIndex, left] of leaves) {
    if (!entries.has(leafIndex)) continue
    if (left) entries.set(leafIndex, left)
    else entries.delete(leafIndex)
    isChanged = true
  }
  return isChanged
}

function groupOf(bundle: number): number {
  return bundle - (bundle % GROUP_BUNDLES)
}

function sizeOf(entries: ReadonlyMap<number, Uint8Array>): number {
  let sizeBytes = 0
  for (const { length } of entries.values()) sizeBytes += HEADER_BYTES + length
  return sizeBytes
}

function encode(entries: ReadonlyMap<number, Uint8Array>, start: number): Uint8Array {
  const encoded = Buffer.allocUnsafe(sizeOf(entries))
  let offset = 0
  for (const [leafIndex, bytes] of entries) {
    encoded[offset] = leafIndex % TILE_WIDTH
    encoded[offset + 1] = Math.floor(leafIndex / TILE_WIDTH) - start
    offset = encoded.writeUIntBE(bytes.length, offset + 2, 3)
    encoded.set(bytes, offset)
    offset += bytes.length
  }
  return encoded
}

/** What is cut short is left out: a disclosure that is not whole proves nothing anyway. */
function decode(bytes: Buffer, start: number): Entries {
  const entries: Entries = new Map()
  for (let offset = 0; offset + HEADER_BYTES <= bytes.length;) {
    const from = offset + HEADER_BYTES
    const end = from + bytes.readUIntBE(offset + 2, 3)
    if (end > bytes.length) break
    entries.set((start + bytes[offset + 1]!) * TILE_WIDTH + bytes[offset]!, bytes.subarray(from, end))
    offset = end
  }
  return entries
}
