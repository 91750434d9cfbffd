/** What a test of a field finds in one segment, by the keys of its values. */

import { isShortHash } from '../match/identifier.ts'
import { prefixOf, prepare } from '../match/pattern.ts'
import type { Test, TextTest } from '../match/query.ts'
import { bitsBetween, noBits, type Bits } from './bits.ts'
import { unitePosting } from './posting.ts'
import type { Segment } from './segment.ts'
import { hashPrefix, identifierKind, keyOf, textOf, type KeyKind } from './token.ts'

export type Lookup = (segment: Segment) => Bits

/** Leaves that have this key. */
export function having(key: string): Lookup {
  return (segment) => {
    const bits = noBits()
    const posting = segment.posting(key)
    if (posting) unitePosting(bits, posting)
    return bits
  }
}

/** Leaves that have a key which begins so and passes. */
export function beginning(prefix: string, passes: (key: string) => boolean = () => true): Lookup {
  return (segment) => {
    const bits = noBits()
    for (const entry of segment.entries(prefix)) if (passes(entry.key)) unitePosting(bits, entry)
    return bits
  }
}

export function eitherOf(lookups: readonly Lookup[]): Lookup {
  const [only] = lookups
  if (only && lookups.length === 1) return only
  return (segment) => {
    const bits = noBits()
    for (const lookup of lookups) for (const [word, found] of lookup(segment).entries()) bits[word]! |= found
    return bits
  }
}

const everyLeaf: Lookup = ({ length }) => bitsBetween(0, length)

/** Of a field that is not kept in shapes. */
export function lookupOf({ field, test }: Pick<TextTest, 'field' | 'test'>): Lookup {
  // One star is anything at all.
  if ('exists' in test || ('glob' in test && test.glob === '*')) return EXISTING[field] ?? everyLeaf
  if (field === 'id') return 'is' in test ? identifiedBy(test.is) : eitherOf([texts('i', 'I', test), hashes(test)])
  if (field === 'who') return texts('a', 'A', test)
  if (field === 'policy') return texts('p', undefined, test)
  return eitherOf([texts('k', undefined, test), texts('r', 'R', test)])
}

const EXISTING: Readonly<Partial<Record<TextTest['field'], Lookup>>> = { resource: having('er'), policy: having('ep') }

/** A hash may be cut to seven digits or more, as `identifies` has it. */
export function identifiedBy(value: string): Lookup {
  if (!isShortHash(value)) return having(keyOf(identifierKind(value), value))
  return eitherOf([beginning(keyOf('i', value)), hashes({ glob: `${value}*` })])
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
  if (begin === undefined) return noBits
  return beginning(begin, isBeginning(test) && prefix.length % 2 === 0 ? undefined : byText(test))
}

/** Whether a beginning is all that is asked for. */
function isBeginning(test: Test): boolean {
  return 'glob' in test && /^[^*?]+\*$/.test(test.glob)
}

function byText(test: Test): (key: string) => boolean {
  const passes = prepare(test)
  return (key) => passes(textOf(key))
}
