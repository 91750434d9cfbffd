/** Sentences about environments that are closed for a while. */

import type { EventType } from '../../domain/event.ts'
import { about, because, instantOf, type Tells } from './phrase.ts'

type Types = Extract<EventType, `freeze.${string}`>

export const tells: Tells<Types> = {
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
