/** Sentences about people who look at the trail, take it away, and keep searches of it. What they asked for stands beside the leaf. */

import type { EventType } from '../../domain/event.ts'
import type { Read } from '../../domain/trail.ts'
import { about, because, count, list, named, short, type Tells } from './phrase.ts'

type Types = Extract<EventType, `search.${string}` | `trail.${string}`>

export const tells: Tells<Types> = {
  'search.saved': ({ search, isShared }) => ({
    sentence: isShared ? 'saved a search for everyone' : 'saved a search',
    ...about('search', search),
  }),
  'search.removed': ({ search, person }, { caller }) => ({
    sentence: caller.id === person ? 'removed a saved search' : `removed a saved search of ${named(person)}`,
    ...about('search', search),
  }),
  'search.refused': ({ search, wanted }, { reason }) => ({
    sentence: `was refused to ${wanted} a search${because(reason)}`,
    ...about('search', search),
  }),
  'trail.read': ({ reads }) => ({ sentence: wordsOf(reads), ...(reads.length === 1 && subjectOf(reads[0]!)) }),
  'trail.counted': ({ principal, login, repeats }) => {
    const times = repeats.reduce((sum, repeat) => sum + repeat.times, 0)
    return {
      sentence: `counted that ${named(principal)} looked ${count(times, 'more time')} at what they had asked for`,
      ...about('login', login),
    }
  },
  'trail.exported': ({ format, total, treeSize }) => ({
    sentence: `took away ${count(total, 'leaf', 'leaves')} as ${format}, of the tree of ${treeSize}`,
  }),
  'trail.refused': ({ wanted }, { reason }) => ({
    sentence: `was refused to ${wanted} the trail${because(reason)}`,
  }),
}

function subjectOf({ leaf, evidence }: Read) {
  if (leaf !== undefined) return about('leaf', String(leaf))
  return evidence === undefined ? {} : about('evidence', evidence, short(evidence))
}

const MAX_WORDS = 3

/** "searched the trail", "read leaf 17, asked why and 4 more". */
function wordsOf(reads: readonly Read[]): string {
  const told = [...new Set(reads.map(wordOf))]
  const shown = told.slice(0, told.length > MAX_WORDS ? MAX_WORDS - 1 : MAX_WORDS)
  return list(told.length > shown.length ? [...shown, `${told.length - shown.length} more`] : shown)
}

export function wordOf({ kind, leaf, evidence }: Read): string {
  switch (kind) {
    case 'search':
      return 'searched the trail'
    case 'leaf':
      return `read leaf ${leaf}`
    case 'proof':
      return `fetched the proof of leaf ${leaf}`
    case 'why':
      return 'asked why'
    case 'evidence':
      return `fetched the evidence ${short(evidence ?? '')}`
    case 'stream':
      return 'followed the trail live'
    case 'bundle':
      return 'fetched bundles of leaves'
  }
}
