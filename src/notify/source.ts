/** What a mapping is given: one leaf, exactly as it stands in the log, and where. */

import type { Leaf } from '../domain/leaf.ts'

export type Source = {
  readonly leaf: Leaf
  /** Its exact text. */
  readonly text: string
  readonly leafIndex: number
  /** Of the log. */
  readonly origin: string
}

/** Members of the event that say what it is about, the narrowest first. */
const SUBJECTS = [
  'grant',
  'release',
  'alert',
  'build',
  'login',
  'person',
  'principal',
  'fingerprint',
  'environment',
  'target',
  'repository',
  'issuer',
  'artifact',
]

/** What the event is about: kind and id. A leaf about nothing else is about the log. */
export function subjectOf({ leaf, origin }: Source): { readonly kind: string; readonly id: string } {
  const event = leaf.event as unknown as Readonly<Record<string, unknown>>
  const kind = SUBJECTS.find((name) => typeof event[name] === 'string')
  return kind === undefined ? { kind: 'log', id: origin } : { kind, id: String(event[kind]) }
}

/** An address of this leaf that means the same everywhere. */
export function urnOf(id: string): string {
  return `urn:countersign:${id.split(':').map(encodeURIComponent).join(':')}`
}
