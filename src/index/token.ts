/**
 * What a row is found by, as keys: one letter for what it is, then the text as UTF-8, one byte in each character. A hash stands
 * in half the bytes of its digits.
 */

import type { Indexed } from './trail.ts'

/**
 * `p`olicy, `k`ind of resource, what is there at all (`e`), `s`hape, word that stands more than once (`x`, and with
 * its neighbours `t`), `h`ash; whole texts
 * and their beginnings up to a colon: who (`a`, `A`), resource (`r`, `R`), identifier (`i`, `I`),
 * `l` where it could be taken for the beginning of a hash.
 */
export const kinds = ['p', 'k', 'e', 's', 'x', 't', 'h', 'a', 'A', 'r', 'R', 'i', 'I', 'l'] as const
/** `w`ord, `b`oth of two words that stand one behind the other. */
export type KeyKind = WholeKind | 'w' | 'b'
type WholeKind = (typeof kinds)[number]

// oxlint-disable-next-line no-control-regex -- the range is that of ASCII
const ASCII = /^[\0-\x7f]*$/
const HEX = /^(?:[0-9a-f]{2}){8,}$/
const LIKE_HEX = /^[0-9a-f]{7}/
const DIGITS = /^\d+$/

export function keyOf(kind: KeyKind, text: string): string {
  if (kind === 'h') return kind + Buffer.from(text, 'hex').toString('latin1')
  return kind + (ASCII.test(text) ? text : Buffer.from(text).toString('latin1'))
}

/** Of many texts at once. */
export function keysOf(kind: KeyKind, texts: readonly string[]): string[] {
  if (kind !== 'h') return texts.map((text) => keyOf(kind, text))
  const bytes = Buffer.from(texts.join(''), 'hex').toString('latin1')
  let at = 0
  return texts.map((text) => kind + bytes.slice(at, (at += text.length / 2)))
}

export function kindOf(key: string): KeyKind {
  return key[0] as KeyKind
}

/** What the key was made of. */
export function textOf(key: string): string {
  const bytes = Buffer.from(key.slice(1), 'latin1')
  return kindOf(key) === 'h' ? bytes.toString('hex') : bytes.toString()
}

export function bothOf(first: string, second: string): string {
  return `${first} ${second}`
}

export function threeOf(first: string, second: string, third: string): string {
  return `${first} ${second} ${third}`
}

/** Hashes are kept apart, and so is what begins like one: it is rare, and the beginning of a hash is asked for often. */
export function identifierKind(text: string): 'h' | 'i' | 'l' {
  if (HEX.test(text)) return 'h'
  return LIKE_HEX.test(text) && !DIGITS.test(text) ? 'l' : 'i'
}

/** The keys of hashes that begin with these digits begin with this; an odd digit is left to `textOf`. Undefined: none can. */
export function hashPrefix(digits: string): string | undefined {
  return /^[0-9a-f]*$/.test(digits) ? keyOf('h', digits) : undefined
}

/** All but words and shape. `add` is called with some of them more than once. */
export function addKeys(
  { identifiers, who, resource, policies }: Indexed,
  add: (kind: WholeKind, text: string) => void,
): void {
  addWhole('a', 'A', who, add)
  for (const identifier of identifiers) {
    const kind = identifierKind(identifier)
    if (kind === 'h') add(kind, identifier)
    else addWhole(kind, 'I', identifier, add)
  }
  if (policies.length > 0) add('e', 'p')
  for (const policy of policies) add('p', policy)
  if (resource) {
    add('e', 'r')
    add('k', resource.kind)
    addWhole('r', 'R', resource.id, add)
  }
}

function addWhole(kind: WholeKind, stem: WholeKind, text: string, add: (kind: WholeKind, text: string) => void): void {
  add(kind, text)
  const colon = text.indexOf(':')
  if (colon >= 0) add(stem, text.slice(0, colon + 1))
}
