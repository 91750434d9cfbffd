/** Lists that auditors sample from, as CSV and as JSON lines; and what exactly is wrong with one that is not as it should be. */

import { canonical } from '../../bytes/json.ts'

export type Cell = string | number | boolean
export type Row = { readonly [column: string]: Cell | undefined }
export type Table = {
  readonly name: string
  /** The rule that makes it, in words. */
  readonly rule: string
  readonly columns: readonly string[]
  readonly rows: readonly Row[]
}

/** RFC 4180 with a newline at the end of each line. */
export function formatCsv({ columns, rows }: Pick<Table, 'columns' | 'rows'>): string[] {
  return [columns.join(','), ...rows.map((row) => columns.map((column) => cell(row[column])).join(','))]
}

export function formatJsonLines({ rows }: Pick<Table, 'rows'>): string[] {
  return rows.map((row) => canonical(row))
}

/** One line for one row, and nothing that a spreadsheet would take for a formula. */
function cell(value: Cell | undefined): string {
  if (value === undefined) return ''
  if (typeof value !== 'string') return String(value)
  // oxlint-disable-next-line no-control-regex
  const flat = value.replaceAll(/[\u0000-\u001f\u007f]/g, ' ')
  const text = /^[=+\-@]/.test(flat) ? `'${flat}` : flat
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export type Difference = {
  readonly cause: 'gap' | 'altered' | 'reordered' | 'truncated' | 'added'
  /** Of the first line that differs, from 0. */
  readonly index: number
  readonly expected: string | undefined
  readonly given: string | undefined
}

/** Undefined when both are the same; otherwise what was done to `given`, by its first trace. */
export function compareLines(expected: readonly string[], given: readonly string[]): Difference | undefined {
  const length = Math.min(expected.length, given.length)
  let index = 0
  while (index < length && expected[index] === given[index]) index += 1
  if (index === expected.length && index === given.length) return undefined
  const place = { index, expected: expected[index], given: given[index] }
  if (index === given.length) return { cause: 'truncated', ...place }
  if (index === expected.length) return { cause: 'added', ...place }
  const [wanted, there] = [new Set(expected.slice(index)), new Set(given.slice(index))]
  const isLost = !there.has(expected[index]!)
  const isForeign = !wanted.has(given[index]!)
  if (isLost && isForeign) return { cause: 'altered', ...place }
  if (isLost) return { cause: 'gap', ...place }
  return { cause: isForeign ? 'added' : 'reordered', ...place }
}
