/** Sentences about environments that are closed for a while, and about going without approvals. */

import type { EventType } from '../../domain/event.ts'
import { about, because, instantOf, named, type Known, type Tells } from './phrase.ts'
import { placeOf, refer } from './sentence-release.ts'

type Types = Extract<EventType, `freeze.${string}` | `breakglass.${string}`>

export const tells: Tells<Types> = {
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
