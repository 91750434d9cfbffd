/** Counts over what a query finds: exact, and of one reading, so that facets always add up to their total. */

import type { CountField } from '../match/query.ts'
import { offsetsOf } from './bits.ts'
import { countsOf, cutAt } from './count.ts'
import type { Part } from './plan.ts'
import type { Segments } from './segments.ts'
import type { Shape, Shapes } from './shape.ts'
import { topValues } from './ranking.ts'

export type Facets = Readonly<Record<'outcome' | 'kind' | 'type', Readonly<Record<string, number>>>>
/** `from` is included, `to` is not; milliseconds since the epoch. */
export type Bar = { readonly from: number; readonly to: number; readonly total: number; readonly refused: number }
/** The histogram has 24 bars of one width over the time of the rows, or none when there are no rows. */
export type Summary = { readonly total: number; readonly facets: Facets; readonly histogram: readonly Bar[] }
/** Most frequent first. */
export type Tally = {
  readonly by: CountField
  readonly values: readonly { readonly value: string; readonly count: number }[]
}

export type Tables = { readonly shapes: Shapes; readonly segments: Segments }

const BARS = 24
const NOTHING: Summary = { total: 0, facets: { outcome: {}, kind: {}, type: {} }, histogram: [] }

type Ends = { readonly first: number; readonly last: number }
type Group = { readonly bar: number; readonly shape: number; readonly n: number }

export function summarize(parts: readonly Part[], { segments, shapes }: Tables): Summary {
  const ends = endsOf(parts)
  if (!ends) return NOTHING
  const [first, last] = [segments.at(ends.first), segments.at(ends.last)]
  const width = Math.max(1, Math.ceil((last - first + 1) / BARS))
  const groups = groupsOf(parts, ends, first, width, segments)
  const shapeOf = (group: Group) => shapes.get(group.shape)
  const facet = (by: 'outcome' | 'kind' | 'type') => tally(groups, (group) => shapeOf(group)[by])
  return {
    total: sum(groups),
    facets: { outcome: facet('outcome'), kind: facet('kind'), type: facet('type') },
    histogram: Array.from({ length: BARS }, (_, bar) => {
      const own = groups.filter((group) => group.bar === bar)
      const refused = own.filter((group) => shapeOf(group).outcome === 'refused')
      return { from: first + bar * width, to: first + (bar + 1) * width, total: sum(own), refused: sum(refused) }
    }),
  }
}

/** The first and the last leaf. */
function endsOf(parts: readonly Part[]): Ends | undefined {
  const [first, last] = [parts[0], parts.at(-1)]
  if (!first || !last) return undefined
  return {
    first: first.segment.start + offsetsOf(first.bits)[0]!,
    last: last.segment.start + offsetsOf(last.bits).at(-1)!,
  }
}

function groupsOf(parts: readonly Part[], ends: Ends, first: number, width: number, segments: Segments): Group[] {
  const cuts: number[] = []
  for (let bar = 1; bar < BARS; bar += 1)
    cuts.push(segments.firstSince(first + bar * width, cuts.at(-1) ?? ends.first, ends.last + 1))
  const groups = new Map<number, Group>()
  for (const part of parts)
    for (const [bar, bits] of cutAt(part, cuts))
      for (const [shape, n] of countsOf(part.segment, bits)) {
        const key = shape * BARS + bar
        groups.set(key, { bar, shape, n: n + (groups.get(key)?.n ?? 0) })
      }
  return [...groups.values()]
}

function sum(groups: readonly { readonly n: number }[]): number {
  return groups.reduce((total, { n }) => total + n, 0)
}

function tally<G extends { readonly n: number }>(
  groups: readonly G[],
  by: (group: G) => string,
): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const group of groups) counts[by(group)] = (counts[by(group)] ?? 0) + group.n
  return counts
}

/** `| count by`: values that are absent are not counted. */
export function countBy(by: CountField, top: number, parts: readonly Part[], { shapes }: Tables): Tally {
  if (by === 'who' || by === 'resource') return { by, values: topValues(parts, by === 'who' ? 'a' : 'r', top) }
  const counts = new Map<string, number>()
  for (const { segment, bits } of parts)
    for (const [shape, n] of countsOf(segment, bits)) {
      const text = shapeValue(shapes.get(shape), by)
      if (text !== undefined) counts.set(text, (counts.get(text) ?? 0) + n)
    }
  const ranked = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
  return { by, values: ranked.slice(0, top).map(([value, count]) => ({ value, count })) }
}

function shapeValue(shape: Shape, by: CountField): string | undefined {
  return by === 'env' ? shape.environment : shape[by as 'type' | 'outcome' | 'kind' | 'reason']
}
