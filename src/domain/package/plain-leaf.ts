/** A leaf as populations read it: proven bytes, taken apart without a schema, so that a page in a browser can do it, too. */

import type { Json } from '../../bytes/json.ts'

export type Fields = Readonly<Record<string, Json | undefined>>

export type PlainLeaf = {
  readonly leafIndex: number
  /** As it stands there: `2026-11-23T14:02:11.000Z`. */
  readonly at: string
  /** `approval.given`. */
  readonly type: string
  readonly origin: string
  readonly sequence: string
  readonly outcome: string
  readonly reason: string
  /** Who spoke. */
  readonly caller: string
  /** What was asked: `give approval`. */
  readonly command: string
  readonly event: Fields
  /** The policies that determined it. */
  readonly policies: readonly string[]
  readonly evidence: readonly { readonly kind: string; readonly digest: string }[]
  /** Digests of its disclosures. */
  readonly commitments: readonly string[]
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/
const TYPE = /^dev\.countersign\.([a-z]+\.[a-z]+)\.v1$/

/** Undefined for what is no leaf. */
export function parsePlainLeaf(text: string, leafIndex: number): PlainLeaf | undefined {
  const leaf = fieldsOf(attemptJson(text))
  const data = fieldsOf(leaf['data'])
  const type = TYPE.exec(textOf(leaf['type']))?.[1]
  if (type === undefined || !INSTANT.test(textOf(leaf['time']))) return undefined
  return {
    leafIndex,
    type,
    at: textOf(leaf['time']),
    origin: textOf(leaf['source']).replace(/^\/\//, ''),
    sequence: textOf(leaf['sequence']),
    outcome: textOf(data['outcome']),
    reason: textOf(data['reason']),
    caller: textOf(fieldsOf(data['caller'])['id']),
    command: textOf(fieldsOf(data['command'])['type']),
    event: fieldsOf(data['event']),
    policies: listOf(fieldsOf(data['policy'])['determining']).map(textOf),
    evidence: listOf(data['evidence'])
      .map(fieldsOf)
      .map(({ kind, digest }) => ({ kind: textOf(kind), digest: textOf(digest) })),
    commitments: listOf(fieldsOf(data['personal'])['_sd']).map(textOf),
  }
}

function attemptJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

/** Empty for anything but an object. */
export function fieldsOf(value: Json | undefined): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : []
}

/** Empty for anything but a string. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** -1 for anything but a safe whole number. */
export function numberOf(value: Json | undefined): number {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : -1
}
