/** Addresses that were disclosed: the only thing in the index that is personal, so it can be erased leaf by leaf. */

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { parseAddress } from '../match/network.ts'
import type { Network } from '../match/query.ts'
import { noBits, put, type Bits } from './bits.ts'

type Stored = { readonly ip: Uint8Array; readonly offsets: Uint8Array }

/** What is no address is kept under its text, in no network. */
const [NONE, V4, V6] = [0, 4, 6]
const EVERY = [new Uint8Array(), Uint8Array.of(0xff)] as const

/** Those of segments that are full: with each address, the leaves that have it. */
export class Addresses {
  readonly #insert: StatementSync
  readonly #between: StatementSync
  readonly #change: StatementSync
  readonly #remove: StatementSync

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare('INSERT INTO address VALUES(?, ?, ?)')
    this.#between = database.prepare('SELECT ip, offsets FROM address WHERE segment = ? AND ip >= ? AND ip <= ?')
    this.#change = database.prepare('UPDATE address SET offsets = ? WHERE segment = ? AND ip = ?')
    this.#remove = database.prepare('DELETE FROM address WHERE segment = ? AND ip = ?')
  }

  insert(segment: number, disclosed: ReadonlyMap<number, string>): void {
    // Two spellings of one address are one.
    const byKey = Map.groupBy(disclosed.keys(), (offset) => keyOf(disclosed.get(offset)!).toString('hex'))
    for (const [key, offsets] of byKey) this.#insert.run(segment, Buffer.from(key, 'hex'), encode(offsets))
  }

  within(segment: number, { address, prefix = 0 }: Network): Bits {
    const bits = noBits()
    const range = address === undefined ? EVERY : rangeOf(address, prefix)
    if (!range) return bits
    for (const { offsets } of this.#between.all(segment, ...range) as unknown as Stored[])
      for (let at = 0; at < offsets.length; at += 2) put(bits, offsets[at]! | (offsets[at + 1]! << 8))
    return bits
  }

  erase(segment: number, erased: ReadonlySet<number>): void {
    for (const { ip, offsets } of this.#between.all(segment, ...EVERY) as unknown as Stored[]) {
      const kept = decode(offsets).filter((offset) => !erased.has(offset))
      if (kept.length === 0) this.#remove.run(segment, ip)
      else if (kept.length * 2 < offsets.length) this.#change.run(encode(kept), segment, ip)
    }
  }
}

function keyOf(ip: string): Buffer {
  const address = parseAddress(ip)
  return address ? bytesOf(address.bits, address.value) : Buffer.concat([Buffer.of(NONE), Buffer.from(ip)])
}

/** The first and the last address of a network. */
function rangeOf(address: string, prefix: number): readonly [Uint8Array, Uint8Array] | undefined {
  const network = parseAddress(address)
  if (!network) return undefined
  const hosts = (1n << BigInt(network.bits - prefix)) - 1n
  return [bytesOf(network.bits, network.value & ~hosts), bytesOf(network.bits, network.value | hosts)]
}

function bytesOf(bits: 32 | 128, value: bigint): Buffer {
  const version = bits === 32 ? V4 : V6
  return Buffer.from(`0${version}${value.toString(16).padStart(bits / 4, '0')}`, 'hex')
}

function encode(offsets: readonly number[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(offsets.length * 2)
  for (const [index, offset] of offsets.entries()) bytes.writeUInt16LE(offset, index * 2)
  return bytes
}

function decode(bytes: Uint8Array): number[] {
  return Array.from({ length: bytes.length / 2 }, (_, index) => bytes[index * 2]! | (bytes[index * 2 + 1]! << 8))
}
