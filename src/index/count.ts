/** How many leaves of each shape there are: of a whole segment that is known, of a part of it it is counted. */

import { bitsBetween, countOf, type Bits } from './bits.ts'
import { countWithin } from './posting.ts'
import type { Counted, Segment } from './segment.ts'
import type { Segments } from './segments.ts'

export function countsOf(segment: Segment, bits: Bits): Counted {
  if (countOf(bits) === segment.length) return segment.counts
  const counts: (readonly [number, number])[] = []
  for (const entry of segment.entries('s')) {
    const n = countWithin(entry, bits)
    if (n > 0) counts.push([Number(entry.key.slice(1)), n])
  }
  return counts
}

/** Shape to how many leaves `from` to `to` (excluded) have it. */
export function countsBetween(from: number, to: number, segments: Segments): Map<number, number> {
  const counts = new Map<number, number>()
  for (const [segment, bits] of segments.between(from, to))
    for (const [shape, n] of countsOf(segment, bits)) counts.set(shape, (counts.get(shape) ?? 0) + n)
  return counts
}

/** Cut at these leaf indices, which ascend: the pieces that have leaves, with how many cuts lie before or at their beginning. */
export function* cutAt(
  { segment, bits }: { readonly segment: Segment; readonly bits: Bits },
  cuts: readonly number[],
): Generator<readonly [piece: number, Bits], void> {
  const { start, length } = segment
  const edges = [start, ...cuts.filter((cut) => cut > start && cut < start + length), start + length]
  const before = cuts.filter((cut) => cut <= start).length
  for (const [index, edge] of edges.slice(0, -1).entries()) {
    const piece = edges.length === 2 ? bits : bitsBetween(edge - start, edges[index + 1]! - start)
    if (piece !== bits) for (const [word, value] of bits.entries()) piece[word]! &= value
    yield [before + index, piece]
  }
}
