/** A query of `match/` as a condition over the segments of the trail: it finds exactly what the predicate would. */

import type { Between, Expression, Words } from '../match/query.ts'
import { prepareSays } from '../match/word.ts'
import { bitsBetween, intersect, isEmpty, noBits, offsetsOf, put, subtract, unite, type Bits } from './bits.ts'
import { sentenceOf } from './block.ts'
import { beginning, having, eitherOf, lookupOf, type Lookup } from './lookup.ts'
import type { Segment } from './segment.ts'
import { isAboutShape, type Shapes } from './shape.ts'
import { bothOf, keyOf, threeOf, type KeyKind } from './token.ts'

/** Those of the leaves `within` of which it holds. */
export type Condition = (segment: Segment, within: Bits) => Bits
export type Compiler = {
  readonly shapes: Shapes
  /** The first leaf of this moment or later. */
  readonly firstSince: (at: number) => number
}

export function conditionOf(where: Expression, compiler: Compiler): Condition {
  if (isAboutShape(where)) return shapeCondition(compiler.shapes.matching(where))
  switch (where.kind) {
    case 'all':
      return every(where.of.toSorted((a, b) => costOf(a) - costOf(b)).map((part) => conditionOf(part, compiler)))
    case 'any':
      return some(where.of.map((part) => conditionOf(part, compiler)))
    case 'not':
      return not(conditionOf(where.of, compiler))
    case 'words':
      return wordsCondition(where)
    case 'between':
      return rangeCondition(leavesBetween(where, compiler))
    case 'network':
      return (segment, within) => both(segment.within(where), within)
    case 'test':
      return by(lookupOf(where))
  }
}

/** What reads rows comes last, when few are left. */
function costOf(where: Expression): number {
  return where.kind === 'words' && where.words.length > 2 ? 1 : 0
}

function every(parts: readonly Condition[]): Condition {
  return (segment, within) => {
    let bits = within
    for (const part of parts) {
      if (isEmpty(bits)) break
      bits = part(segment, bits)
    }
    return bits
  }
}

function some(parts: readonly Condition[]): Condition {
  return (segment, within) => {
    const bits = noBits()
    for (const part of parts) unite(bits, part(segment, within))
    return bits
  }
}

function not(part: Condition): Condition {
  return (segment, within) => {
    const bits = within.slice()
    subtract(bits, part(segment, within))
    return bits
  }
}

/** Shared by all that find nothing; whoever gets bits does not change them. */
const NOTHING = noBits()

function by(lookup: Lookup): Condition {
  // Most segments have nothing of what is rare: the same bits are handed in until something is in them.
  let bits = noBits()
  return (segment, within) => {
    if (!lookup(segment, bits)) return NOTHING
    const found = bits
    bits = noBits()
    intersect(found, within)
    return found
  }
}

function both(own: Bits, within: Bits): Bits {
  intersect(own, within)
  return own
}

/** Only shapes that the segment has are looked for. */
function shapeCondition(shapes: ReadonlySet<number>): Condition {
  return (segment, within) => {
    const own = segment.counts.filter(([shape]) => shapes.has(shape))
    if (own.length === 0) return NOTHING
    if (own.length === segment.counts.length) return within
    return by(eitherOf(own.map(([shape]) => having(`s${shape}`))))(segment, within)
  }
}

/** Two neighbours are a key of their own; a longer phrase is a chain of them. */
function wordsCondition({ words, isOpen }: Words): Condition {
  const last = words.length - 1
  if (last === 0) return by(link('w', words[0]!, isOpen))
  const links = words
    .slice(1)
    .map((word, index) => link('b', bothOf(words[index]!, word), isOpen && index + 1 === last))
  return every([...links.map(by), ...(last > 1 ? joints(words, isOpen) : [])])
}

function link(kind: KeyKind, text: string, isOpen: boolean): Lookup {
  return isOpen ? beginning(keyOf(kind, text)) : having(keyOf(kind, text))
}

/**
 * A word between two others that stands once only joins both links in that place. One that stands more than once has a key with
 * its neighbours. Only where two such words are neighbours, the sentence itself is read.
 */
function joints(words: readonly string[], isOpen: boolean): Condition[] {
  const inner = words.slice(1, -1)
  const repeated = inner.map((word) => having(keyOf('x', word)))
  const joined = inner.map((word, index): Condition => {
    const isLast = index === inner.length - 1
    const three = by(link('t', threeOf(words[index]!, word, words[index + 2]!), isOpen && isLast))
    return some([not(by(repeated[index]!)), three])
  })
  const unsure = repeated.slice(1).map((lookup, index) => every([by(repeated[index]!), by(lookup)]))
  return unsure.length === 0 ? joined : [...joined, verified(some(unsure), words, isOpen)]
}

/** Where it is unsure, the sentence has the words one after the other. */
function verified(isUnsure: Condition, words: readonly string[], isOpen: boolean): Condition {
  const says = prepareSays(words, isOpen)
  return (segment, within) => {
    const unsure = isUnsure(segment, within)
    if (isEmpty(unsure)) return within
    const sure = within.slice()
    subtract(sure, unsure)
    const offsets = offsetsOf(unsure)
    for (const [index, row] of segment.rows(offsets).entries()) if (says(sentenceOf(row))) put(sure, offsets[index]!)
    return sure
  }
}

function rangeCondition({ from, to }: { readonly from: number; readonly to: number }): Condition {
  return ({ start }, within) => both(bitsBetween(from - start, to - start), within)
}

/** The log's time never runs backwards, so a time is a place in it. */
export function leavesBetween(
  { field, from = -Infinity, to = Infinity }: Between,
  { firstSince }: Pick<Compiler, 'firstSince'>,
): { readonly from: number; readonly to: number } {
  const place = field === 'at' ? firstSince : (leaf: number) => Math.ceil(leaf)
  return { from: from === -Infinity ? 0 : place(from), to: to === Infinity ? Infinity : place(to) }
}
