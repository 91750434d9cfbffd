/** What a test of a field finds in one segment, by the keys of its values. */

import { isShortHash } from '../match/identifier.ts'
import { prefixOf, prepare } from '../match/pattern.ts'
import type { Test, TextTest } from '../match/query.ts'
import { bitsBetween, noBits, unite, type Bits } from './bits.ts'
import { unitePosting } from './posting.ts'
import type { Segment } from './segment.ts'
import { hashPrefix, identifierKind, keyOf, textOf, type KeyKind } from './token.ts'

/** Puts what it finds to the others, and says whether it found anything. */
export type Lookup = (segment: Segment, into: Bits) => boolean

/** Leaves that have this key. */
export function having(key: string): Lookup {
  return (segment, into) => {
    const posting = segment.posting(key)
    if (posting) unitePosting(into, posting)
    return posting !== undefined
  }
}

/** Leaves that have a key which begins so and passes. */
export function beginning(prefix: string, passes: (key: string) => boolean = () => true): Lookup {
  return (segment, into) => {
    let isFound = false
    for (const entry of segment.entries(prefix)) {
      if (!passes(entry.key)) continue
      unitePosting(into, entry)
      isFound = true
    }
    return isFound
  }
}

export function eitherOf(lookups: readonly Lookup[]): Lookup {
  const [only] = lookups
  if (only && lookups.length === 1) return only
  return (segment, into) => lookups.map((lookup) => lookup(segment, into)).some(Boolean)
}

/** What one segment has of it. */
export function foundIn(segment: Segment, lookup: Lookup): Bits {
  const bits = noBits()
  lookup(segment, bits)
  return bits
}

const everyLeaf: Lookup = ({ length }, into) => {
  unite(into, bitsBetween(0, length))
  return true
}

/** Of a field that is not kept in shapes. */
export function lookupOf({ field, test }: Pick<TextTest, 'field' | 'test'>): Lookup {
  // One star is anything at all.
  if ('exists' in test || ('glob' in test && test.glob === '*')) return EXISTING[field] ?? everyLeaf
  if (field === 'id') return 'is' in test ? identifiedBy(test.is) : eitherOf(identifiers(test))
  if (field === 'who') return texts('a', 'A', test)
  if (field === 'policy') return texts('p', undefined, test)
  return eitherOf([texts('k', undefined, test), texts('r', 'R', test)])
}

const EXISTING: Readonly<Partial<Record<TextTest['field'], Lookup>>> = { resource: having('er'), policy: having('ep') }

/** A hash may be cut to seven digits or more, as `identifies` has it. */
export function identifiedBy(value: string): Lookup {
  if (!isShortHash(value)) return having(keyOf(identifierKind(value), value))
  return eitherOf([beginning(keyOf('l', value)), hashes({ glob: `${value}*` })])
}

/** A beginning up to a colon is that of all but hashes. */
function identifiers(test: Test): Lookup[] {
  const found = [texts('i', 'I', test), hashes(test)]
  return isStem(test) ? found : [...found, texts('l', undefined, test)]
}

/** `stem`: the kind of key that holds the beginnings of these texts up to a colon. */
function texts(kind: KeyKind, stem: KeyKind | undefined, test: Test): Lookup {
  if ('is' in test) return having(keyOf(kind, test.is))
  const prefix = prefixOf(test)
  if (!isBeginning(test)) return beginning(keyOf(kind, prefix), byText(test))
  return stem && prefix.indexOf(':') === prefix.length - 1
    ? having(keyOf(stem, prefix))
    : beginning(keyOf(kind, prefix))
}

function hashes(test: Test): Lookup {
  const prefix = prefixOf(test)
  const begin = hashPrefix(prefix)
  if (begin === undefined) return () => false
  return beginning(begin, isBeginning(test) && prefix.length % 2 === 0 ? undefined : byText(test))
}

/** Whether a beginning is all that is asked for. */
function isBeginning(test: Test): boolean {
  return 'glob' in test && /^[^*?]+\*$/.test(test.glob)
}

/** Whether it asks for a beginning that ends with the first colon. */
function isStem(test: Test): boolean {
  const prefix = prefixOf(test)
  return isBeginning(test) && prefix.indexOf(':') === prefix.length - 1
}

function byText(test: Test): (key: string) => boolean {
  const passes = prepare(test)
  return (key) => passes(textOf(key))
}
