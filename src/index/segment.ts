/** A stretch of the log of 16,384 leaves: what they can be found by, and the rows themselves. A full one never changes again. */

import type { Network } from '../match/query.ts'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { Addresses } from './address.ts'
import { BLOCK, decompress, timeOf, type Packed } from './block.ts'
import { SEGMENT, type Bits } from './bits.ts'
import type { Posting } from './posting.ts'
import { entriesFrom, postingIn, type Entry } from './run.ts'

/** Shapes and how many leaves have them. */
export type Counted = readonly (readonly [shape: number, n: number])[]

export interface Segment {
  /** The leaf index of its first row. */
  readonly start: number
  readonly length: number
  readonly counts: Counted
  posting(key: string): Posting | undefined
  /** All whose key begins so, in the order of the keys. */
  entries(prefix: string): Iterable<Entry>
  /** Rows by their offsets, which ascend. */
  rows(offsets: readonly number[]): Packed[]
  at(offset: number): number
  /** Leaves whose disclosed address is in the network. */
  within(network: Network): Bits
}

export type Sealed = {
  readonly segment: number
  readonly counts: string
  readonly first_page: number
  readonly last_page: number
  /** The kinds of keys that it has. */
  readonly kinds: string
}

/** Blocks that are remembered, the one read first goes first. */
const MAX_READ = 64

/** How pages and blocks are read, prepared once for all segments. */
export class Reader {
  readonly #page: StatementSync
  readonly #pageFor: StatementSync
  readonly #block: StatementSync
  readonly #blockAt: StatementSync
  readonly #read = new Map<number, readonly Packed[]>()
  readonly addresses: Addresses

  constructor(database: DatabaseSync) {
    this.addresses = new Addresses(database)
    const fence = 'SELECT page FROM fence WHERE segment = ? AND first <= ? ORDER BY first DESC LIMIT 1'
    this.#page = database.prepare('SELECT data FROM page WHERE page = ?')
    this.#pageFor = database.prepare(`SELECT page, data FROM page WHERE page = (${fence})`)
    this.#block = database.prepare('SELECT data FROM block WHERE block = ?')
    this.#blockAt = database.prepare('SELECT at FROM block WHERE block = ?')
  }

  /** The page where the key is, if it is anywhere. */
  pageFor(segment: number, key: string): { readonly page: number; readonly data: Uint8Array } | undefined {
    return this.#pageFor.get(segment, Buffer.from(key, 'latin1')) as
      | { readonly page: number; readonly data: Uint8Array }
      | undefined
  }

  page(page: number): Uint8Array {
    return this.#page.get(page)!['data'] as Uint8Array
  }

  block(block: number): readonly Packed[] {
    const known = this.#read.get(block)
    if (known) return known
    const rows = decompress(this.#block.get(block)!['data'] as Uint8Array)
    if (this.#read.size >= MAX_READ) this.#read.delete(this.#read.keys().next().value!)
    this.#read.set(block, rows)
    return rows
  }

  /** Forgets what was read: it may be written anew. */
  clear(): void {
    this.#read.clear()
  }

  /** When the first row of the block was. */
  blockAt(block: number): number {
    return Number(this.#blockAt.get(block)!['at'])
  }
}

export class SealedSegment implements Segment {
  readonly start: number
  readonly length = SEGMENT
  readonly counts: Counted
  readonly #sealed: Sealed
  readonly #reader: Reader

  constructor(sealed: Sealed, reader: Reader) {
    this.start = sealed.segment * SEGMENT
    this.counts = JSON.parse(sealed.counts) as Counted
    this.#sealed = sealed
    this.#reader = reader
  }

  posting(key: string): Posting | undefined {
    if (!this.#sealed.kinds.includes(key[0]!)) return undefined
    const found = this.#reader.pageFor(this.#sealed.segment, key)
    return found && postingIn(found.data, key)
  }

  *entries(prefix: string): Generator<Entry, void> {
    if (!this.#sealed.kinds.includes(prefix[0]!)) return
    // Keys that begin so may follow right behind a page whose first key is below.
    const found = this.#reader.pageFor(this.#sealed.segment, prefix)
    let page = found?.page ?? this.#sealed.first_page
    for (let data = found?.data ?? this.#reader.page(page); ; data = this.#reader.page(page)) {
      for (const entry of entriesFrom(data, prefix)) {
        if (!entry.key.startsWith(prefix)) return
        yield entry
      }
      page += 1
      if (page > this.#sealed.last_page) return
    }
  }

  rows(offsets: readonly number[]): Packed[] {
    let [read, rows]: [number, readonly Packed[]] = [-1, []]
    return offsets.map((offset) => {
      const block = Math.floor((this.start + offset) / BLOCK)
      if (block !== read) [read, rows] = [block, this.#reader.block(block)]
      return rows[offset % BLOCK]!
    })
  }

  at(offset: number): number {
    const block = Math.floor((this.start + offset) / BLOCK)
    return offset % BLOCK === 0 ? this.#reader.blockAt(block) : timeOf(this.#reader.block(block)[offset % BLOCK]!)
  }

  within(network: Network): Bits {
    return this.#reader.addresses.within(this.#sealed.segment, network)
  }
}
