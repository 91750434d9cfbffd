/** Pieces of sentences. A principal is written `{person:…}`, so that its name is looked up when it is read. */

import type { Fired } from '../../domain/alert.ts'
import type { Event, EventType } from '../../domain/event.ts'
import type { Grant } from '../../domain/grant.ts'
import type { Leaf } from '../../domain/leaf.ts'
import { adviceOf, type Reason } from '../../domain/reason.ts'
import type { Release } from '../../domain/release.ts'

export type Resource = { readonly kind: string; readonly id: string; readonly name: string }
export type Told = { readonly sentence: string; readonly resource?: Resource; readonly environment?: string }
export type EventOf<T extends EventType> = Extract<Event, { readonly type: T }>

type Lookup<T> = { get(id: string): T | undefined }

/**
 * What is known of other leaves when one is told. Only what never changes once it is there (what a release or a grant was made
 * for), or a trail filled later would differ from one filled live. The whole state is one of these.
 */
export type Known = {
  readonly releases: Lookup<
    Pick<Release, 'release' | 'repository' | 'commit' | 'environment' | 'artifact' | 'statementDigest'>
  >
  readonly grants: Lookup<Pick<Grant, 'grant' | 'leafIndex' | 'release' | 'kind' | 'target'>>
  readonly alerts: Lookup<Fired>
}

export type Tell<T extends EventType> = (event: EventOf<T>, leaf: Leaf, known: Known) => Told
export type Tells<T extends EventType> = { readonly [K in T]: Tell<K> }

export function named(id: string): string {
  return `{${id}}`
}

export function short(hash: string): string {
  return hash.replace(/^sha256:/, '').slice(0, 7)
}

/** "shop 4be0c11": the last part of the repository's name and the commit. */
export function releaseName({ repository, commit }: Pick<Release, 'repository' | 'commit'>): string {
  return `${repository.split('/').at(-1)} ${short(commit)}`
}

/** `count(2, 'commit')`: "2 commits". */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`
}

export function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

/** ": nobody approves what they wrote or asked for", or nothing where there is no reason. */
export function because(reason: Reason | undefined): string {
  return reason === undefined ? '' : `: ${clause(adviceOf(reason).sentence)}`
}

/** A sentence as part of another one. */
export function clause(sentence: string): string {
  const isAbbreviation = /^[A-Z]{2}/.test(sentence)
  const text = sentence.replace(/\.$/, '')
  return isAbbreviation ? text : text.charAt(0).toLowerCase() + text.slice(1)
}

/** "5 minutes", "90 seconds", "2 hours": a span in its largest whole unit. */
export function span(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds >= 3600 && seconds % 3600 === 0) return count(seconds / 3600, 'hour')
  if (seconds >= 60 && seconds % 60 === 0) return count(seconds / 60, 'minute')
  return count(seconds, 'second')
}

export function instantOf(at: number): string {
  return new Date(at).toISOString()
}

/** "main" for `refs/heads/main`, "tag v1" for `refs/tags/v1`. */
export function refName(ref: string): string {
  return ref.replace(/^refs\/heads\//, '').replace(/^refs\/tags\//, 'tag ')
}

export function about(kind: string, id: string, name = id): { readonly resource: Resource } {
  return { resource: { kind, id, name } }
}
