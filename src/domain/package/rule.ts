/** What populations are made with: a rule looks at leaves in order, and makes rows of them. */

import type { PlainLeaf } from './plain-leaf.ts'
import type { Cell, Row } from './table.ts'

export type Draft = Record<string, Cell | undefined>
/** Rows by what they are about, in the order in which they were first met. */
export type Drafts = Map<string, Draft>

export type Rule = {
  readonly name: string
  /** The rule in words, as it stands in HOWTO. */
  readonly says: string
  readonly columns: readonly string[]
  /** Adds what the leaf says to the rows. */
  readonly take: (leaf: PlainLeaf, drafts: Drafts) => void
  /** What the row is about that a leaf adds to, where one row is made of several leaves; undefined for a leaf that adds to none. */
  readonly keyOf?: (leaf: PlainLeaf) => string | undefined
}

/** Every event has a value that a cell can hold, or none. */
export function cellOf({ event }: PlainLeaf, name: string): Cell | undefined {
  const value = event[name]
  if (Array.isArray(value)) return value.map((each) => (typeof each === 'object' ? '' : String(each))).join(' ')
  if (typeof value === 'number' && /At$|^until$/.test(name)) return instant(value)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined
}

function instant(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms)
}

/** One row for each leaf of these types. */
export function each(name: string, says: string, types: readonly string[], fields: readonly string[]): Rule {
  return {
    name,
    says,
    columns: ['leafIndex', 'at', 'type', 'outcome', 'reason', 'by', ...fields],
    take: (leaf, drafts) => {
      if (types.includes(leaf.type)) drafts.set(String(leaf.leafIndex), rowOf(leaf, fields))
    },
  }
}

export function rowOf(leaf: PlainLeaf, fields: readonly string[]): Draft {
  const { leafIndex, at, type, outcome, reason, caller } = leaf
  const told = Object.fromEntries(fields.map((field) => [field, cellOf(leaf, field)]))
  return { ...told, leafIndex, at, type, outcome, reason: reason || undefined, by: caller }
}

/** The row about `key`, made when there is none: what it began with may lie before the period. */
export function draftOf(drafts: Drafts, key: string, start: Draft): Draft {
  const known = drafts.get(key)
  if (known) return known
  drafts.set(key, start)
  return start
}

export function finish(drafts: Drafts, columns: readonly string[]): Row[] {
  return [...drafts.values()].map((draft) =>
    Object.fromEntries(columns.flatMap((column) => (draft[column] === undefined ? [] : [[column, draft[column]]]))),
  )
}
