/** Addresses that were disclosed: the only thing in the index that is personal, so it can be erased leaf by leaf. */

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { parseAddress } from '../match/network.ts'
import type { Network } from '../match/query.ts'
import { noBits, offsetsOf, type Bits } from './bits.ts'
import { bitsOf, unitePosting } from './posting.ts'
import { entriesFrom, pagesOf } from './run.ts'

/** What is no address is kept under its text, in no network. */
const [NONE, V4, V6] = ['0', '4', '6']

type Range = { readonly first: string; readonly last: string }

/** Those of segments that are full: pages of addresses in their order, each with the leaves that have it. */
export class Addresses {
  readonly #insert: StatementSync
  readonly #select: StatementSync
  readonly #change: StatementSync

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare('INSERT INTO address VALUES(?, ?, ?)')
    this.#select = database.prepare('SELECT page, data FROM address WHERE segment = ? ORDER BY page')
    this.#change = database.prepare('UPDATE address SET data = ? WHERE segment = ? AND page = ?')
  }

  insert(segment: number, disclosed: ReadonlyMap<number, string>): void {
    // Two spellings of one address are one.
    const leaves = Map.groupBy(disclosed.keys(), (offset) => keyOf(disclosed.get(offset)!))
    const sorted = [...leaves.keys()].sort().map((key) => [key, leaves.get(key)!] as const)
    for (const [page, { data }] of [...pagesOf(sorted)].entries()) this.#insert.run(segment, page, data)
  }

  within(segment: number, network: Network): Bits {
    const bits = noBits()
    const range = rangeOf(network)
    if (!range) return bits
    for (const { data } of this.#pages(segment))
      for (const entry of entriesFrom(data, range.first)) {
        if (entry.key > range.last) return bits
        unitePosting(bits, entry)
      }
    return bits
  }

  erase(segment: number, erased: ReadonlySet<number>): void {
    for (const { page, data } of this.#pages(segment)) {
      const all = [...entriesFrom(data, '')].map((entry) => [entry.key, offsetsOf(bitsOf(entry))] as const)
      const kept = all.map(([key, offsets]) => [key, offsets.filter((offset) => !erased.has(offset))] as const)
      if (all.every(([, offsets], index) => offsets.length === kept[index]![1].length)) continue
      const [left] = pagesOf(kept.filter(([, offsets]) => offsets.length > 0))
      this.#change.run(left?.data ?? new Uint8Array(), segment, page)
    }
  }

  #pages(segment: number): { readonly page: number; readonly data: Uint8Array }[] {
    return this.#select.all(segment) as unknown as { page: number; data: Uint8Array }[]
  }
}

function keyOf(ip: string): string {
  const address = parseAddress(ip)
  return address ? keyOfValue(address.bits, address.value) : NONE + Buffer.from(ip).toString('latin1')
}

/** The first and the last address of a network, or of all that is there. */
function rangeOf({ address, prefix = 0 }: Network): Range | undefined {
  if (address === undefined) return { first: '', last: '\xff' }
  const network = parseAddress(address)
  if (!network) return undefined
  const hosts = (1n << BigInt(network.bits - prefix)) - 1n
  return {
    first: keyOfValue(network.bits, network.value & ~hosts),
    last: keyOfValue(network.bits, network.value | hosts),
  }
}

function keyOfValue(bits: 32 | 128, value: bigint): string {
  const digits = value.toString(16).padStart(bits / 4, '0')
  return (bits === 32 ? V4 : V6) + Buffer.from(digits, 'hex').toString('latin1')
}
