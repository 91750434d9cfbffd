/**
 * Leaves on their way to the index, in one piece of memory that changes hands instead of being copied.
 *
 *     [u32 bytes of the leaf][u32 bytes kept beside it][leaf][kept] ...
 */

const HEADER_BYTES = 8
const FIRST_BYTES = 1 << 16

/** What is sent at once: some milliseconds of work. */
export const BATCH_LEAVES = 1_024
const BATCH_BYTES = 2 << 20

/** `used` bytes of `buffer` hold `count` leaves from leaf `from` on. */
export type Batch = {
  readonly from: number
  readonly count: number
  readonly buffer: ArrayBuffer
  readonly used: number
}

export class Packing {
  readonly from: number
  /** When its first leaf was published, of the monotonic clock; undefined where that is not known. */
  readonly since: number | undefined
  #buffer = Buffer.alloc(FIRST_BYTES)
  #used = 0
  #count = 0

  constructor(from: number, since?: number) {
    this.from = from
    this.since = since
  }

  get end(): number {
    return this.from + this.#count
  }

  get isEmpty(): boolean {
    return this.#count === 0
  }

  get isFull(): boolean {
    return this.#count >= BATCH_LEAVES || this.#used >= BATCH_BYTES
  }

  add(leaf: Uint8Array, kept: Uint8Array | undefined): void {
    const used = this.#used + HEADER_BYTES + leaf.length + (kept?.length ?? 0)
    this.#makeRoom(used)
    this.#buffer.writeUInt32BE(leaf.length, this.#used)
    this.#buffer.writeUInt32BE(kept?.length ?? 0, this.#used + 4)
    this.#buffer.set(leaf, this.#used + HEADER_BYTES)
    if (kept) this.#buffer.set(kept, this.#used + HEADER_BYTES + leaf.length)
    this.#used = used
    this.#count += 1
  }

  /** Nothing may be added from here on. */
  seal(): Batch {
    return { from: this.from, count: this.#count, buffer: this.#buffer.buffer as ArrayBuffer, used: this.#used }
  }

  #makeRoom(bytes: number): void {
    if (bytes <= this.#buffer.length) return
    const larger = Buffer.alloc(Math.max(bytes, 2 * this.#buffer.length))
    larger.set(this.#buffer.subarray(0, this.#used))
    this.#buffer = larger
  }
}

export type Packed = { readonly leafIndex: number; readonly leaf: Uint8Array; readonly kept: Uint8Array | undefined }

/** In order; views on the batch, not copies. */
export function unpack({ from, count, buffer, used }: Batch): Packed[] {
  const bytes = Buffer.from(buffer, 0, used)
  const leaves: Packed[] = []
  let offset = 0
  for (let index = 0; index < count; index += 1) {
    const start = offset + HEADER_BYTES
    const middle = start + bytes.readUInt32BE(offset)
    const end = middle + bytes.readUInt32BE(offset + 4)
    const kept = end > middle ? bytes.subarray(middle, end) : undefined
    leaves.push({ leafIndex: from + index, leaf: bytes.subarray(start, middle), kept })
    offset = end
  }
  return leaves
}
