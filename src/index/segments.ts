/** All segments of the trail, from the first leaf to the newest. */

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Addresses } from './address.ts'
import { bitsBetween, SEGMENT, type Bits } from './bits.ts'
import { BLOCK, decompress, timeOf, unpack, type Packed } from './block.ts'
import { FreshSegment } from './fresh.ts'
import { Reader, SealedSegment, type Sealed, type Segment } from './segment.ts'
import type { Shapes } from './shape.ts'
import type { TrailRow } from './trail.ts'

export type Direction = 'ASC' | 'DESC'

export class Segments {
  readonly #reader: Reader
  readonly #shapes: Shapes
  readonly #select: Record<'sealed' | 'blocks' | 'fresh', StatementSync>
  readonly #update: StatementSync
  #sealed: SealedSegment[] = []
  #fresh = new FreshSegment(0)

  constructor(database: DatabaseSync, shapes: Shapes) {
    this.#reader = new Reader(database)
    this.#shapes = shapes
    this.#select = {
      sealed: database.prepare('SELECT * FROM segment ORDER BY segment'),
      blocks: database.prepare('SELECT data FROM block WHERE block >= ? ORDER BY block'),
      fresh: database.prepare('SELECT * FROM fresh ORDER BY leaf_index'),
    }
    this.#update = database.prepare("UPDATE fresh SET addresses = iif(leaf_index = ?, ?, '[]')")
    this.reload()
  }

  get size(): number {
    return this.#fresh.start + this.#fresh.length
  }

  get fresh(): FreshSegment {
    return this.#fresh
  }

  /** As it is written, after the start and after a transaction that was not. */
  reload(): void {
    this.#reader.clear()
    const sealed = this.#select.sealed.all() as unknown as Sealed[]
    this.#sealed = sealed.map((one) => new SealedSegment(one, this.#reader))
    const fresh = new FreshSegment(sealed.length * SEGMENT)
    const blocks = this.#select.blocks.all(fresh.start / BLOCK)
    const rows = blocks.flatMap(({ data }) => decompress(data as Uint8Array))
    const batches = (this.#select.fresh.all() as unknown as Stored[]).map(readBatch)
    const identifiers = batches.flatMap((batch) => batch.identifiers)
    const addresses = new Map(batches.flatMap((batch) => batch.addresses))
    // A batch has those rows at its end that no block has; the next one may have completed their block.
    for (const { leafIndex, ...batch } of batches) {
      const from = leafIndex - fresh.start + batch.identifiers.length - batch.rows.length
      rows.push(...batch.rows.slice(rows.length - from))
    }
    for (const [offset, packed] of rows.entries()) {
      const ip = addresses.get(offset)
      const row = unpack(packed, fresh.start + offset, this.#shapes)
      fresh.add({ ...row, identifiers: identifiers[offset]!, ...(ip !== undefined && { ip }) }, packed)
    }
    this.#fresh = fresh
  }

  get addresses(): Addresses {
    return this.#reader.addresses
  }

  /** Forgets what was disclosed about these leaves. */
  erase(leafIndexes: readonly number[]): void {
    const { start } = this.#fresh
    for (const [segment, leaves] of Map.groupBy(leafIndexes, (leaf) => Math.floor(leaf / SEGMENT))) {
      const offsets = new Set(leaves.map((leaf) => leaf % SEGMENT))
      if (segment * SEGMENT !== start) this.addresses.erase(segment, offsets)
      else this.#eraseFresh(offsets)
    }
  }

  /** Together in the first batch, what is left is where the start looks for it. */
  #eraseFresh(offsets: ReadonlySet<number>): void {
    for (const offset of offsets) this.#fresh.forget(offset)
    const kept = JSON.stringify([...this.#fresh.addresses])
    this.#update.run(this.#fresh.start, kept)
  }

  /** The newest segment is full and written as `sealed`: the next one begins. */
  begin(sealed: Sealed): void {
    this.#sealed.push(new SealedSegment(sealed, this.#reader))
    this.#fresh = new FreshSegment(this.#fresh.start + SEGMENT)
  }

  /** Those that have leaves from `from` to `to` (excluded), with those leaves. */
  *between(from: number, to: number, direction: Direction = 'ASC'): Generator<[Segment, Bits], void> {
    if (from >= to) return
    const [first, last] = [Math.floor(from / SEGMENT), Math.floor((to - 1) / SEGMENT)]
    for (let step = 0; step <= last - first; step += 1) {
      const segment = this.#segment(direction === 'ASC' ? first + step : last - step)
      yield [segment, bitsBetween(from - segment.start, Math.min(to - segment.start, segment.length))]
    }
  }

  /** Those of the leaves that are there, in ascending order. */
  rows(leafIndexes: readonly number[]): TrailRow[] {
    const wanted = [...new Set(leafIndexes)].filter((leaf) => leaf >= 0 && leaf < this.size).sort((a, b) => a - b)
    const groups = Map.groupBy(wanted, (leaf) => Math.floor(leaf / SEGMENT))
    return [...groups].flatMap(([number, leaves]) => {
      const segment = this.#segment(number)
      const packed = segment.rows(leaves.map((leaf) => leaf - segment.start))
      return packed.map((row, index) => unpack(row, leaves[index]!, this.#shapes))
    })
  }

  at(leafIndex: number): number {
    const segment = this.#segment(Math.floor(leafIndex / SEGMENT))
    return segment.at(leafIndex - segment.start)
  }

  /**
   * The first leaf from `from` to `to` of this moment or later, or `to`. The log's time never runs backwards, so its own order
   * finds it without reading what was before.
   */
  firstSince(at: number, from = 0, to = this.size): number {
    if (from >= to) return to
    let [low, high] = [Math.ceil(from / BLOCK), Math.ceil(to / BLOCK)]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.at(middle * BLOCK) < at) low = middle + 1
      else high = middle
    }
    // The beginning of that block is not before, the one before it is: it is among the rows between.
    const start = Math.max(from, (low - 1) * BLOCK)
    const rows = this.#rows(start, Math.min(to, low * BLOCK))
    const first = rows.findIndex((row) => timeOf(row) >= at)
    return start + (first < 0 ? rows.length : first)
  }

  /** Rows of one segment. */
  #rows(from: number, to: number): Packed[] {
    const segment = this.#segment(Math.floor(from / SEGMENT))
    return segment.rows(Array.from({ length: to - from }, (_, index) => from - segment.start + index))
  }

  #segment(segment: number): Segment {
    return this.#sealed[segment] ?? this.#fresh
  }
}

/** What is kept of rows until their segment is full, beside the blocks. `addresses`: by their offset in the segment. */
export type Batch = {
  readonly leafIndex: number
  readonly identifiers: readonly (readonly string[])[]
  /** The last ones, which are in no block yet. */
  readonly rows: readonly Packed[]
  readonly addresses: readonly (readonly [offset: number, ip: string])[]
}
type Stored = { readonly leaf_index: number } & Record<'identifiers' | 'rows' | 'addresses', string>

function readBatch({ leaf_index: leafIndex, identifiers, rows, addresses }: Stored): Batch {
  return {
    leafIndex,
    identifiers: JSON.parse(identifiers) as Batch['identifiers'],
    rows: JSON.parse(rows) as Batch['rows'],
    addresses: JSON.parse(addresses) as Batch['addresses'],
  }
}
