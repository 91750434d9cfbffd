/** A question in Cedar's four words, spelt with our short names and translated to the schema's namespace. */

import type { Call } from './engine.ts'

export type EntityUid = { readonly type: string; readonly id: string }

/** `{ __entity: uid }` refers to an entity; see `entityRef`. Numbers are integers. */
export type CedarValue =
  | boolean
  | number
  | string
  | { readonly __entity: EntityUid }
  | readonly CedarValue[]
  | { readonly [name: string]: CedarValue }

export type Entity = {
  readonly uid: EntityUid
  readonly attrs: Readonly<Record<string, CedarValue>>
  readonly parents: readonly EntityUid[]
}

/**
 * `entities` is a slice: principal, resource, what the context refers to, and their ancestors. Types are short
 * (`Person`, not `Countersign::Person`).
 */
export type Question = {
  readonly principal: EntityUid
  readonly action: string
  readonly resource: EntityUid
  readonly context: Readonly<Record<string, CedarValue>>
  readonly entities: readonly Entity[]
}

export function entityRef(uid: EntityUid): { readonly __entity: EntityUid } {
  return { __entity: uid }
}

const NAMESPACE = 'Countersign'

export function toCall({ principal, action, resource, context, entities }: Question): Call {
  return {
    principal: qualify(principal),
    action: { type: `${NAMESPACE}::Action`, id: action },
    resource: qualify(resource),
    context: qualifyMembers(context),
    entities: entities.map(({ uid, attrs, parents }) => ({
      uid: qualify(uid),
      attrs: qualifyMembers(attrs),
      parents: parents.map(qualify),
    })),
  }
}

function qualify({ type, id }: EntityUid): { type: string; id: string } {
  return { type: `${NAMESPACE}::${type}`, id }
}

type CedarJson = Call['context'][string]

function qualifyMembers(record: Readonly<Record<string, CedarValue>>): Record<string, CedarJson> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, qualifyValue(value)]))
}

function qualifyValue(value: CedarValue): CedarJson {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(qualifyValue)
  if (isEntityRef(value)) return { __entity: qualify(value.__entity) }
  return qualifyMembers(value as Readonly<Record<string, CedarValue>>)
}

function isEntityRef(value: object): value is { readonly __entity: EntityUid } {
  return Object.hasOwn(value, '__entity')
}
