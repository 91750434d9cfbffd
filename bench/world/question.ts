/** What people ask of the trail, each of it answerable from any row: with the milliseconds that the first page and the totals may take. */

import type { Indexed } from '../../src/index/trail.ts'

/** `page` and `total` where they are not 100 and 500. */
type Question = { readonly page?: number; readonly total?: number; readonly ask: (row: Indexed) => string }

export const questions: Readonly<Record<string, Question>> = {
  everything: { ask: () => '' },
  id: { page: 20, total: 20, ask: ({ id }) => `id:${id}` },
  'id-short': { page: 20, total: 20, ask: ({ identifiers }) => `id:${identifiers.at(-1)!.slice(0, 12)}` },
  'id-frequent': { ask: ({ leafIndex }) => `id:acme/${['shop', 'billing', 'search'][leafIndex % 3]}` },
  who: { ask: ({ who }) => `who:${who}` },
  'who-not-type': { ask: ({ who, type }) => `who:${who} -type:${type}` },
  type: { ask: ({ type, outcome }) => `type:${type} outcome:${outcome}` },
  'type-since': { ask: ({ type }) => `type:${type} since:24h` },
  fields: { ask: ({ kind, type }) => `(kind:${kind} or type:${type}) env:prod* -policy:approvers-approve` },
  wildcard: { ask: ({ who, resource }) => `who:${who.split(':')[0]}:* resource:${resource?.kind ?? 'release'}:*` },
  range: { ask: ({ leafIndex, type }) => `leaf:${Math.floor(leafIndex / 3)}..${leafIndex + 100_000} -type:${type}` },
  network: { ask: ({ leafIndex }) => ['ip:192.0.2.0/25', 'ip:2001:db8::/33', 'ip:10.0.0.0/8'][leafIndex % 3]! },
  address: { ask: ({ ip }) => `ip:${ip ?? '192.0.2.7'}` },
  word: { page: 300, ask: ({ sentence }) => wordsOf(sentence)[1]! },
  'word-letter': { page: 300, ask: ({ sentence }) => wordsOf(sentence)[0]!.slice(0, 1) },
  words: { page: 300, ask: ({ sentence }) => wordsOf(sentence).slice(0, 2).join(' ') },
  phrase: { page: 300, ask: ({ sentence }) => `"${wordsOf(sentence).slice(0, 2).join(' ')}"` },
  'phrase-long': { page: 300, ask: ({ sentence }) => `"${wordsOf(sentence).slice(0, 4).join(' ')}"` },
  'count-who': { total: 5_000, ask: ({ kind }) => `kind:${kind} | count by who` },
}

function wordsOf(sentence: string): string[] {
  return sentence.replaceAll(/\{[^}]*\}/g, '').match(/[\p{L}\p{N}]+/gu) ?? []
}
