/** The rows that auditors sample from, as lines of a spreadsheet. */

export type Cell = string | number | boolean
export type Row = { readonly [column: string]: Cell | undefined }

/** RFC 4180, without the newline. */
export function formatCells(row: Row, columns: readonly string[]): string {
  return columns.map((column) => cell(row[column])).join(',')
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
