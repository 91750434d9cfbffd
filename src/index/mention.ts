/** Leaves by anything that they mention. */

import { normalizeIdentifier } from '../match/identifier.ts'
import { offsetsOf } from './bits.ts'
import { foundIn, identifiedBy } from './lookup.ts'
import type { Segments } from './segments.ts'

/** Oldest first, at most `limit`; a hash may be cut to seven digits or more. */
export function mentioning(identifier: string, limit: number, segments: Segments): number[] {
  const found: number[] = []
  const lookup = identifiedBy(normalizeIdentifier(identifier))
  for (const [segment] of segments.between(0, segments.size)) {
    const offsets = offsetsOf(foundIn(segment, lookup))
    found.push(...offsets.slice(0, limit - found.length).map((offset) => segment.start + offset))
    if (found.length >= limit) break
  }
  return found
}
