/** What a row can be found by, as tokens of the full-text index: one letter for what it is, then its text in `[a-z0-9_]`. */

import { wordsOf } from '../match/word.ts'
import type { Indexed } from './trail.ts'

/** Identifier, word, who, resource, policy. */
export type TokenKind = 'i' | 'w' | 'a' | 'r' | 'p'

const MAX_BYTES = 4_096
const PLAIN = /^[a-z0-9]*$/

/** The beginning of a text becomes the beginning of its token. */
export function tokenOf(kind: TokenKind, text: string): string {
  return kind + (PLAIN.test(text) ? text : escape(text)).slice(0, MAX_BYTES)
}

function escape(text: string): string {
  let escaped = ''
  for (const byte of Buffer.from(text)) {
    const isPlain = (byte >= 97 && byte <= 122) || (byte >= 48 && byte <= 57)
    escaped += isPlain ? String.fromCharCode(byte) : `_${byte.toString(16).padStart(2, '0')}`
  }
  return escaped
}

export function tokensOf({ identifiers, sentence, who, resource, policies }: Indexed): string {
  const tokens = new Set([tokenOf('a', who)])
  for (const identifier of identifiers) tokens.add(tokenOf('i', identifier))
  for (const word of wordsOf(sentence)) tokens.add(tokenOf('w', word))
  for (const policy of policies) tokens.add(tokenOf('p', policy))
  if (resource) tokens.add(tokenOf('r', resource.kind)).add(tokenOf('r', resource.id))
  return [...tokens].join(' ')
}
