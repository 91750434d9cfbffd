/** Which leaves of a segment: one bit for each, so that a question about thousands of them is answered word by word. */

/** Leaves of a segment: a power of two, at most 65,536, for offsets of 16 bits. */
export const SEGMENT = 16_384

const WORDS = SEGMENT / 32

export type Bits = Uint32Array

export function noBits(): Bits {
  return new Uint32Array(WORDS)
}

/** `from` is included, `to` is not; both are cut to the segment. */
export function bitsBetween(from: number, to: number): Bits {
  const bits = noBits()
  const [low, high] = [Math.max(0, from), Math.min(SEGMENT, to)]
  if (low >= high) return bits
  const [first, last] = [low >>> 5, (high - 1) >>> 5]
  bits.fill(0xffffffff, first, last + 1)
  bits[first]! &= -1 << (low & 31)
  bits[last]! &= -1 >>> (31 - ((high - 1) & 31))
  return bits
}

export function unite(into: Bits, other: Bits): void {
  for (let word = 0; word < WORDS; word += 1) into[word]! |= other[word]!
}

export function intersect(into: Bits, other: Bits): void {
  for (let word = 0; word < WORDS; word += 1) into[word]! &= other[word]!
}

export function subtract(from: Bits, other: Bits): void {
  for (let word = 0; word < WORDS; word += 1) from[word]! &= ~other[word]!
}

export function has(bits: Bits, offset: number): boolean {
  return ((bits[offset >>> 5]! >>> (offset & 31)) & 1) === 1
}

export function put(bits: Bits, offset: number): void {
  bits[offset >>> 5]! |= 1 << (offset & 31)
}

export function isEmpty(bits: Bits): boolean {
  for (let word = 0; word < WORDS; word += 1) if (bits[word] !== 0) return false
  return true
}

export function countOf(bits: Bits): number {
  let count = 0
  for (let word = 0; word < WORDS; word += 1) count += ones(bits[word]!)
  return count
}

/** In ascending order. */
export function offsetsOf(bits: Bits): number[] {
  const offsets: number[] = []
  for (let word = 0; word < WORDS; word += 1)
    for (let rest = bits[word]!; rest !== 0; rest &= rest - 1) offsets.push(word * 32 + 31 - Math.clz32(rest & -rest))
  return offsets
}

/** How many bits of 32 are set: sums of pairs, of fours, of bytes. */
export function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
