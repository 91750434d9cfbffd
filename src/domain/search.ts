/** A search that a person keeps: their own, or shown to everyone who reads. Its name and its query are disclosed beside the leaf. */

import * as z from '../bytes/schema.ts'
import { allowed, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import type { State } from './state.ts'

export const searchId = z.templateLiteral(['search:', z.string().regex(/^[0-9a-z]{10,40}$/)])

export const events = {
  'search.saved': z.strictObject({ search: searchId, person: f.personId, isShared: z.boolean() }),
  'search.removed': z.strictObject({ search: searchId, person: f.personId }),
  'search.refused': z.strictObject({ search: searchId, wanted: z.enum(['save', 'remove']) }),
}

export const commands = {
  'save search': z.strictObject({ type: z.literal('save search'), search: searchId, isShared: z.boolean() }),
  'remove search': z.strictObject({ type: z.literal('remove search'), search: searchId }),
}

export type SearchEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export type SearchId = z.infer<typeof searchId>
export type Search = {
  readonly id: SearchId
  /** Whose it is. */
  readonly person: f.PersonId
  readonly isShared: boolean
  /** Beside this leaf stand its name and query, unless they were erased. */
  readonly leafIndex: number
}

export function apply(state: State, event: SearchEvent, leafIndex: number): void {
  if (event.type === 'search.saved') {
    const { search: id, person, isShared } = event
    state.searches.set(id, { id, person, isShared, leafIndex })
  }
  if (event.type === 'search.removed') state.searches.delete(event.search)
}

const MAX_SEARCHES = 200

type Save = z.infer<(typeof commands)['save search']>

export function save(
  { search, isShared }: Save,
  person: f.PersonId,
  isNameTaken: boolean,
  { policy, isAllowed }: Answered,
  { searches }: State,
): Decision {
  const refuse = (reason: Reason) => refused({ type: 'search.refused', search, wanted: 'save' }, reason, policy)

  if (searches.has(search)) return refuse('id_taken')
  if (!isAllowed) return refuse('policy_refused')
  if (isNameTaken) return refuse('search_taken')
  if (searchesOf(person, searches).length >= MAX_SEARCHES) return refuse('searches_full')
  return allowed({ type: 'search.saved', search, person, isShared }, policy)
}

function searchesOf(person: string, searches: State['searches']): Search[] {
  return [...searches.values()].filter((search) => search.person === person)
}

/** Those that this person sees: their own, and what others share. */
export function isVisible({ person, isShared }: Search, viewer: string): boolean {
  return isShared || person === viewer
}

type Remove = z.infer<(typeof commands)['remove search']>

/** What nobody else may know of is not there for them. */
export function remove(
  { search }: Remove,
  by: f.PersonId,
  { policy, isAllowed }: Answered,
  { searches }: State,
): Decision {
  const refuse = (reason: Reason) => refused({ type: 'search.refused', search, wanted: 'remove' }, reason, policy)

  const found = searches.get(search)
  if (!found || !isVisible(found, by)) return refuse('no_such_search')
  if (!isAllowed) return refuse('policy_refused')
  return allowed({ type: 'search.removed', search, person: found.person }, policy)
}
