/**
 * The data types of the SSH protocol (RFC 4251, section 5) as used in keys, certificates and SSHSIG blobs.
 *
 *     00 00 00 0b  73 73 68 2d 65 64 32 35 35 31 39     string "ssh-ed25519"
 */

import { utf8 } from './text.ts'

export function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function uint64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}

export function string(value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === 'string' ? utf8.encode(value) : value
  return Buffer.concat([uint32(bytes.length), bytes])
}

/** Reads one value after the other. Every method throws a RangeError when the bytes run out. */
export class Reader {
  readonly #bytes: Buffer
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get offset(): number {
    return this.#offset
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#bytes.length
  }

  bytes(length: number): Uint8Array {
    if (this.#offset + length > this.#bytes.length)
      throw new RangeError(`SSH data ends within a value at ${this.#offset}`)
    const value = this.#bytes.subarray(this.#offset, this.#offset + length)
    this.#offset += length
    return value
  }

  uint8(): number {
    return this.bytes(1)[0]!
  }

  uint32(): number {
    return Buffer.from(this.bytes(4)).readUInt32BE()
  }

  uint64(): bigint {
    return Buffer.from(this.bytes(8)).readBigUInt64BE()
  }

  string(): Uint8Array {
    return this.bytes(this.uint32())
  }

  /** A string of UTF-8 text; a TypeError when it is not. */
  text(): string {
    return utf8.decode(this.string())
  }
}
