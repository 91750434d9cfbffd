/**
 * What people ask of the trail, once it is understood: an expression over the fields of a row, and how to count what it finds.
 * The same expression is a predicate (`predicate.ts`), a condition of a database (`index/`), and text again (`format.ts`).
 */

export const fields = [
  'type',
  'outcome',
  'who',
  'kind',
  'env',
  'reason',
  'id',
  'resource',
  'policy',
  'ip',
  'leaf',
  'at',
] as const
export type Field = (typeof fields)[number]

/** Fields of few values: every combination of them that occurs is kept once, as a shape. */
export const shapeFields = ['type', 'outcome', 'kind', 'env', 'reason'] as const
export type ShapeField = (typeof shapeFields)[number]

export const numberFields = ['leaf', 'at'] as const
export type NumberField = (typeof numberFields)[number]
export type TextField = Exclude<Field, NumberField | 'ip'>

/** `glob`: `*` is any text, `?` one character. `regex`: RE2 syntax, found anywhere in the value. */
export type Test =
  | { readonly is: string }
  | { readonly glob: string }
  | { readonly regex: string }
  | { readonly exists: true }

export type TextTest = { readonly kind: 'test'; readonly field: TextField; readonly test: Test }
/** `from` is included, `to` is not. Milliseconds since the epoch for `at`. */
export type Between = {
  readonly kind: 'between'
  readonly field: NumberField
  readonly from?: number
  readonly to?: number
}
/** `prefix`: how many leading bits of the address count; undefined asks whether there is any. */
export type Network = { readonly kind: 'network'; readonly address?: string; readonly prefix?: number }
/** These words stand one after the other in the sentence; the last one may go on when `isOpen`. */
export type Words = { readonly kind: 'words'; readonly words: readonly string[]; readonly isOpen: boolean }
export type Leafmost = TextTest | Between | Network | Words
export type Expression =
  | { readonly kind: 'all' | 'any'; readonly of: readonly Expression[] }
  | { readonly kind: 'not'; readonly of: Expression }
  | Leafmost

/** `top`: the most frequent values, 1 to 1,000. */
export const countFields = ['type', 'outcome', 'kind', 'env', 'reason', 'who', 'resource'] as const
export type CountField = (typeof countFields)[number]
export type Count = { readonly by: CountField; readonly top: number }

export type Query = { readonly where: Expression; readonly count?: Count }

/** No condition holds of every row. */
export const everything: Query = { where: { kind: 'all', of: [] } }

/** `at` counts UTF-16 units from the start of the query. `suggestion`: what was probably meant, to put in place of the word. */
export type QueryProblem = { readonly at: number; readonly problem: string; readonly suggestion?: string }

/** What a query is asked about: one row of the trail. */
export type Searchable = {
  readonly leafIndex: number
  readonly at: number
  readonly type: string
  readonly outcome: string
  readonly who: string
  readonly kind: string
  readonly environment?: string
  readonly reason?: string
  readonly resource?: { readonly kind: string; readonly id: string; readonly name: string }
  readonly policies: readonly string[]
  /** Normalized, see `identifier.ts`. */
  readonly identifiers: readonly string[]
  readonly sentence: string
  /** As disclosed; absent when withheld, erased or never known. */
  readonly ip?: string
}

export function isProblem(parsed: object): parsed is QueryProblem {
  return 'problem' in parsed
}

export function isShapeField(field: Field): field is ShapeField {
  return (shapeFields as readonly Field[]).includes(field)
}
