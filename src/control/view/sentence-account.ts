/** Sentences about the accounts that people have at their CI. */

import type { EventType } from '../../domain/event.ts'
import { about, because, named, type Tells } from './phrase.ts'

type Types = Extract<EventType, `account.${string}`>

export const tells: Tells<Types> = {
  'account.linked': ({ person, issuer }) => ({
    sentence: `said which account at ${issuer} is ${named(person)}’s`,
    ...about('person', person, named(person)),
  }),
  'account.unlinked': ({ person, issuer }) => ({
    sentence: `unlinked the accounts of ${named(person)} at ${issuer}`,
    ...about('person', person, named(person)),
  }),
  'account.refused': ({ person, issuer, wanted }, { reason }) => ({
    sentence: `was refused to ${wanted} an account of ${named(person)} at ${issuer}${because(reason)}`,
    ...about('person', person, named(person)),
  }),
}
