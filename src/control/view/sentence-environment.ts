/** Sentences about environments that are closed for a while, and about what people do around an approval. */

import type { EventType } from '../../domain/event.ts'
import { about, because, instantOf, named, type Known, type Tells } from './phrase.ts'
import { placeOf, refer } from './sentence-release.ts'

type Types = Extract<EventType, `${'breakglass' | 'delegation' | 'freeze' | 'inquiry'}.${string}`>

export const tells: Tells<Types> = {
  'delegation.given': ({ delegation, to, from, until }, { at }) => ({
    sentence: `has ${named(to)} approve in their name${from > at ? ` from ${instantOf(from)}` : ''} until ${instantOf(until)}`,
    ...about('delegation', delegation),
  }),
  'delegation.ended': ({ delegation }) => ({
    sentence: 'ended it that somebody approves in the name of another',
    ...about('delegation', delegation),
  }),
  'delegation.refused': ({ delegation, to, wanted }, { reason }) => ({
    sentence: `was refused to ${wanted === 'give' ? `have ${to ? named(to) : 'somebody'} approve in their name` : 'end a delegation'}${because(reason)}`,
    ...about('delegation', delegation),
  }),
  'inquiry.asked': ({ release }, _, known) => {
    const to = refer(release, known)
    return { sentence: `asked something about ${to.words}`, ...placeOf(to) }
  },
  'inquiry.answered': ({ release }, _, known) => {
    const to = refer(release, known)
    return { sentence: `answered a question about ${to.words}`, ...placeOf(to) }
  },
  'inquiry.refused': ({ release, wanted }, { reason }, known) => {
    const to = refer(release, known)
    const what = wanted === 'ask' ? 'was refused to ask about' : 'was refused to answer about'
    return { sentence: `${what} ${to.words}${because(reason)}`, ...placeOf(to) }
  },
  'breakglass.used': ({ release, given, required, reviewBy, isFrozen }, _, known) => {
    const to = refer(release, known)
    const how = `with ${given} of ${required} approvals${isFrozen ? ', while it is frozen' : ''}`
    const sentence = `broke the glass for ${to.words}, ${how}; somebody else judges it until ${instantOf(reviewBy)}`
    return { sentence, ...placeOf(to) }
  },
  'breakglass.reviewed': ({ release, usedBy, verdict }, _, known) => {
    const to = refer(release, known)
    return { sentence: `judged ${verdict} that ${named(usedBy)} broke the glass for ${to.words}`, ...placeOf(to) }
  },
  'breakglass.overdue': ({ release, usedBy }, _, known) => {
    const to = refer(release, known)
    return {
      sentence: `noted that nobody judged in time how ${named(usedBy)} broke the glass for ${to.words}`,
      ...placeOf(to),
    }
  },
  'breakglass.refused': ({ release, breakglass, wanted }, { reason }, known) => {
    const to = placeFor(release, breakglass, known)
    const what = wanted === 'use' ? 'was refused to break the glass for' : 'was refused to judge the break-glass for'
    return { sentence: `${what} ${to.words}${because(reason)}`, ...placeOf(to) }
  },
  'freeze.begun': ({ environment, from, until }, { at }) => ({
    sentence: `froze ${environment}${from > at ? ` from ${instantOf(from)}` : ''}${until === undefined ? '' : ` until ${instantOf(until)}`}`,
    environment,
    ...about('environment', environment),
  }),
  'freeze.ended': ({ environment }) => ({
    sentence: `ended the freeze of ${environment}`,
    environment,
    ...about('environment', environment),
  }),
  'freeze.refused': ({ environment, wanted }, { reason }) => ({
    sentence: `was refused to ${wanted === 'begin' ? 'freeze' : 'end the freeze of'} ${environment}${because(reason)}`,
    environment,
    ...about('environment', environment),
  }),
}

function placeFor(release: string | undefined, breakglass: string, known: Known): ReturnType<typeof refer> {
  return release === undefined ? { words: breakglass, ...about('breakglass', breakglass) } : refer(release, known)
}
