/**
 * What people type to search the trail, read strictly: a word that is not understood is an error with its place, never
 * silently ignored, since an auditor would take the wrong rows for all there are.
 *
 *     type:release.* -outcome:allowed who:@ana env:production "shop 4be0c11"
 *
 * Values of one field are alternatives, different fields and words must all hold, and `-` is not.
 */

export const fields = ['type', 'outcome', 'who', 'kind', 'env', 'reason', 'id'] as const
export type Field = (typeof fields)[number]

/** `isPrefix`: the value was written with a star at its end. `isNot`: with a minus before it. */
export type FieldTerm = {
  readonly field: Field
  readonly value: string
  readonly isPrefix: boolean
  readonly isNot: boolean
}
/** Any of `texts` stands in the sentence, or is who acted; a reader who knows who has a name adds that principal's id. */
export type TextTerm = { readonly field: 'text'; readonly texts: readonly string[]; readonly isNot: boolean }
export type Term = FieldTerm | TextTerm
export type Query = readonly Term[]

/** `at` counts UTF-16 units from the start of the query. */
export type QueryProblem = { readonly at: number; readonly problem: string }

/** What a query is asked about: one row of the trail. */
export type Searchable = {
  readonly type: string
  readonly outcome: string
  readonly who: string
  readonly kind: string
  readonly environment?: string
  readonly reason?: string
  readonly identifiers: readonly string[]
  readonly sentence: string
}

const MAX_LENGTH = 1_000
const MAX_TERMS = 32
const OUTCOMES: readonly string[] = ['allowed', 'refused', 'waiting', 'recorded']
const KINDS: readonly string[] = ['person', 'job', 'agent', 'system']
const WORD = /\s*(?:(-)?(?:([A-Za-z]+):)?(?:"([^"]*)(")?|([^\s"]+))(?=\s|$)|(\S))/y

export function isProblem(parsed: Query | QueryProblem): parsed is QueryProblem {
  return !Array.isArray(parsed)
}

/** At most 1,000 characters and 32 terms. An empty query is valid and finds everything. */
export function parseQuery(text: string): Query | QueryProblem {
  if (text.length > MAX_LENGTH) return { at: MAX_LENGTH, problem: `a query has at most ${MAX_LENGTH} characters` }
  if (!text.isWellFormed()) return { at: 0, problem: 'the query is not Unicode text' }
  const terms: Term[] = []
  const end = text.trimEnd().length
  for (let at = 0; at < end;) {
    WORD.lastIndex = at
    const match = WORD.exec(text)!
    const start = at + (match[0].length - match[0].trimStart().length)
    const term = readTerm(match, start)
    if ('problem' in term) return term
    if (terms.push(term) > MAX_TERMS) return { at: start, problem: `a query has at most ${MAX_TERMS} terms` }
    at = WORD.lastIndex
  }
  return terms
}

function readTerm([, minus, name, quoted, closing, bare, stray]: RegExpExecArray, at: number): Term | QueryProblem {
  if (stray !== undefined) return { at, problem: 'a quotation mark stands inside a word' }
  if (quoted !== undefined && closing === undefined) return { at, problem: 'a quotation mark is not closed' }
  const isNot = minus !== undefined
  const value = quoted ?? bare!
  if (value === '')
    return { at, problem: name ? `${name}: has no value` : 'there is nothing between the quotation marks' }
  if (name === undefined) return readText(value, quoted === undefined, isNot, at)
  const field = fields.find((known) => known === name)
  if (!field) return { at, problem: `there is no field ${name}; there are ${fields.join(', ')}` }
  return readField({ field, value, isPrefix: false, isNot }, at)
}

function readText(text: string, isBare: boolean, isNot: boolean, at: number): Term | QueryProblem {
  const isDangling = isBare && (text === '-' || text.endsWith(':'))
  return isDangling ? { at, problem: `${text} has no value` } : { field: 'text', texts: [text], isNot }
}

function readField(term: FieldTerm, at: number): Term | QueryProblem {
  const { field, value } = term
  const star = value.indexOf('*')
  const mayEnd = field === 'type' || field === 'reason' || field === 'env'
  if (star >= 0 && (!mayEnd || star !== value.length - 1))
    return { at, problem: `a star may only end the value of type, reason or env` }
  const closed = field === 'outcome' ? OUTCOMES : field === 'kind' ? KINDS : undefined
  if (closed && !closed.includes(value)) return { at, problem: `${field} is one of ${closed.join(', ')}` }
  if (field === 'id') return { ...term, value: normalizeIdentifier(value) }
  return star < 0 ? term : { ...term, value: value.slice(0, -1), isPrefix: true }
}

/** The one spelling under which an identifier is kept: digests without their `sha256:`, leaf indices without `#`. */
export function normalizeIdentifier(text: string): string {
  return text.trim().replace(/^(?:sha256:|#(?=\d+$))/, '')
}

const SHORT_HASH = /^[0-9a-f]{7,63}$/

/** Whether a normalized value means this normalized identifier: the very one, or the beginning of a hash, as git has it. */
export function identifies(value: string, identifier: string): boolean {
  return identifier === value || (isShortHash(value) && identifier.startsWith(value))
}

export function isShortHash(value: string): boolean {
  return SHORT_HASH.test(value) && !/^\d+$/.test(value)
}

/** The query as a predicate: what every index must answer alike. */
export function matches(query: Query, row: Searchable): boolean {
  return query.every((term) =>
    term.isNot ? !holds(term, row) : alternatives(query, term).some((one) => holds(one, row)),
  )
}

/** Terms of the same field that are asked for side by side; words stand alone. */
export function alternatives(query: Query, term: Term): Query {
  return term.field === 'text' ? [term] : query.filter(({ field, isNot }) => field === term.field && !isNot)
}

function holds(term: Term, row: Searchable): boolean {
  if (term.field === 'text')
    return term.texts.some((text) => row.who === text || foldCase(row.sentence).includes(foldCase(text)))
  if (term.field === 'id') return row.identifiers.some((identifier) => identifies(term.value, identifier))
  const value = valueOf(row, term.field)
  return value !== undefined && (term.isPrefix ? value.startsWith(term.value) : value === term.value)
}

function valueOf(row: Searchable, field: Exclude<Field, 'id'>): string | undefined {
  return field === 'env' ? row.environment : row[field]
}

/** ASCII letters only: what every database folds alike. */
export function foldCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** The reverse of `parseQuery`, with its own words as it would read them. */
export function formatQuery(query: Query): string {
  return query.map(formatTerm).join(' ')
}

function formatTerm(term: Term): string {
  const minus = term.isNot ? '-' : ''
  if (term.field === 'text') return `${minus}"${term.texts[0]}"`
  return `${minus}${term.field}:"${term.value}${term.isPrefix ? '*' : ''}"`
}
