/** A query of `match/` as a condition over the tables of the trail: it finds exactly what `matches` would. */

import { alternatives, isShortHash, type FieldTerm, type Query, type Term } from '../match/query.ts'

export type Condition = { readonly sql: string; readonly values: readonly (string | number)[] }

export const everything: Condition = { sql: '1', values: [] }

export function conditionOf(query: Query): Condition {
  const seen = new Set<string>()
  const parts: Condition[] = []
  for (const term of query) {
    if (term.isNot) parts.push(not(termCondition(term)))
    else if (term.field === 'text' || !seen.has(term.field)) {
      seen.add(term.field)
      parts.push(join(alternatives(query, term).map(termCondition), 'OR'))
    }
  }
  return both(...parts)
}

export function both(...parts: readonly Condition[]): Condition {
  return parts.length === 0 ? everything : join(parts, 'AND')
}

function join(parts: readonly Condition[], word: 'AND' | 'OR'): Condition {
  return { sql: `(${parts.map(({ sql }) => sql).join(` ${word} `)})`, values: parts.flatMap(({ values }) => values) }
}

/** A column that is absent does not match, and so its negation does. */
function not({ sql, values }: Condition): Condition {
  return { sql: `NOT coalesce(${sql}, 0)`, values }
}

const COLUMNS = { type: 'type', outcome: 'outcome', who: 'who', kind: 'kind', env: 'environment', reason: 'reason' }

function termCondition(term: Term): Condition {
  if (term.field === 'text') return join(term.texts.map(textCondition), 'OR')
  if (term.field === 'id') return identifierCondition(term.value)
  return fieldCondition(term, COLUMNS[term.field])
}

function textCondition(text: string): Condition {
  const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`
  return { sql: "(sentence LIKE ? ESCAPE '\\' OR who = ?)", values: [pattern, text] }
}

function fieldCondition({ value, isPrefix }: FieldTerm, column: string): Condition {
  if (!isPrefix) return { sql: `${column} = ?`, values: [value] }
  return { sql: `(${column} >= ? AND ${column} < ?)`, values: [value, endOf(value)] }
}

export function identifierCondition(value: string): Condition {
  const range = rangeOf(value)
  return { sql: `leaf_index IN (SELECT leaf_index FROM identifier WHERE ${range.sql})`, values: range.values }
}

export function rangeOf(value: string): Condition {
  return isShortHash(value)
    ? { sql: 'value >= ? AND value < ?', values: [value, endOf(value)] }
    : { sql: 'value = ?', values: [value] }
}

/** Beyond every text that begins with `prefix`, in the order of UTF-8 bytes. */
function endOf(prefix: string): string {
  return `${prefix}\u{10ffff}`
}
