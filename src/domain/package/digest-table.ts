/** Many SHA-256 digests in few bytes: each has one slot, numbered in the order in which they came. */

import { formatHex } from '../../bytes/portable.ts'

const DIGEST = /^sha256:[0-9a-f]{64}$/
const WIDTH = 32

export class DigestTable {
  #bytes = new Uint8Array(WIDTH * 1024)
  /** Open addressing; a slot number plus one, or 0. */
  #places = new Int32Array(4096)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Its slot, a new one when it was not there; -1 for what is no digest. */
  add(digest: string): number {
    const bytes = parse(digest)
    if (!bytes) return -1
    const place = this.#find(bytes)
    const known = this.#places[place]!
    if (known > 0) return known - 1
    if (this.#bytes.length < (this.#size + 1) * WIDTH) this.#grow()
    this.#bytes.set(bytes, this.#size * WIDTH)
    this.#size += 1
    this.#places[place] = this.#size
    if (this.#size * 2 > this.#places.length) this.#rehash(this.#places.length * 2)
    return this.#size - 1
  }

  /** -1 when it is not there. */
  slotOf(digest: string): number {
    const bytes = parse(digest)
    return bytes ? this.#places[this.#find(bytes)]! - 1 : -1
  }

  digest(slot: number): string {
    return `sha256:${formatHex(this.#at(slot))}`
  }

  /** All slots, in the order of their digests. */
  sorted(): Int32Array {
    return Int32Array.from({ length: this.#size }, (_, slot) => slot).sort((a, b) => compare(this.#at(a), this.#at(b)))
  }

  #at(slot: number): Uint8Array {
    return this.#bytes.subarray(slot * WIDTH, (slot + 1) * WIDTH)
  }

  /** Where it is, or would be. Digests are spread evenly by themselves, unless somebody chose them: then it is slow, not wrong. */
  #find(bytes: Uint8Array): number {
    const mask = this.#places.length - 1
    let place = ((bytes[28]! << 24) | (bytes[29]! << 16) | (bytes[30]! << 8) | bytes[31]!) & mask
    while (this.#places[place]! > 0 && compare(this.#at(this.#places[place]! - 1), bytes) !== 0)
      place = (place + 1) & mask
    return place
  }

  #grow(): void {
    const grown = new Uint8Array(this.#bytes.length * 2)
    grown.set(this.#bytes)
    this.#bytes = grown
  }

  #rehash(length: number): void {
    this.#places = new Int32Array(length)
    for (let slot = 0; slot < this.#size; slot += 1) this.#places[this.#find(this.#at(slot))] = slot + 1
  }
}

function parse(digest: string): Uint8Array | undefined {
  if (!DIGEST.test(digest)) return undefined
  const bytes = new Uint8Array(WIDTH)
  for (let i = 0; i < WIDTH; i += 1) bytes[i] = Number.parseInt(digest.slice(7 + 2 * i, 9 + 2 * i), 16)
  return bytes
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < WIDTH; i += 1) if (a[i] !== b[i]) return a[i]! - b[i]!
  return 0
}
