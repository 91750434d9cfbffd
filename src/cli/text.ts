/** How values look on a terminal: tables, instants, time spans. Whatever a stranger wrote is shown, never obeyed. */

import { Failure } from './failure.ts'

// C0 and C1 controls, and the marks that reorder text: a name must not move the cursor or hide what follows it.
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

/** The text with each control character spelled out (`\u{1b}`). */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (found) => `\\u{${found.codePointAt(0)!.toString(16)}}`)
}

// oxlint-disable-next-line no-control-regex
const SGR = /\u001b\[\d+m/gu

function widthOf(text: string): number {
  return [...text.replace(SGR, '')].length
}

/** Left-aligned columns, two spaces apart; the last one is cut to fit `columns`. Cells may be painted, but not the last. */
export function table(rows: readonly (readonly string[])[], columns: number): string {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, widthOf(cell))))
  return rows.map((row) => layOut(row, widths, columns)).join('\n')
}

function layOut(row: readonly string[], widths: readonly number[], columns: number): string {
  const last = row.length - 1
  const cells = row.map((cell, at) => (at === last ? cell : cell + ' '.repeat(widths[at]! - widthOf(cell))))
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + 2, 0)
  cells[last] = cut(cells[last] ?? '', columns - before)
  return cells.join('  ').trimEnd()
}

function cut(text: string, columns: number): string {
  const letters = [...text]
  return letters.length <= Math.max(columns, 12) ? text : `${letters.slice(0, Math.max(columns, 12) - 1).join('')}…`
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90s`, `30m`, `2h`, `1d`, or a plain number of seconds, as milliseconds; else a usage failure. */
export function parseDuration(text: string): number {
  const found = /^(\d{1,9})(ms|s|m|h|d)?$/u.exec(text)
  if (!found)
    throw new Failure('usage', 'bad_duration', `"${printable(text)}" is not a time span`, {
      next: 'write it as 90s, 30m, 2h or 1d',
    })
  return Number(found[1]) * UNIT_MS[found[2] ?? 's']!
}

/** The largest two units: `2 h 5 min`, `12 s`, `0 s`. */
export function formatDuration(spanMs: number): string {
  const seconds = Math.max(0, Math.round(spanMs / 1_000))
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor((seconds % 86_400) / 3_600), 'h'],
    [Math.floor((seconds % 3_600) / 60), 'min'],
    [seconds % 60, 's'],
  ]
  const shown = parts.filter(([count]) => count > 0).slice(0, 2)
  return shown.length === 0 ? '0 s' : shown.map(([count, unit]) => `${count} ${unit}`).join(' ')
}

/** `2026-11-23 14:02:11 UTC` from an RFC 3339 instant. */
export function formatInstant(instant: string): string {
  const at = new Date(instant)
  return Number.isNaN(at.getTime()) ? printable(instant) : `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** `a`, `a or b`, `a, b or c`. */
export function listed(names: readonly string[], word: 'and' | 'or' = 'and'): string {
  if (names.length < 2) return names[0] ?? 'nobody'
  return `${names.slice(0, -1).join(', ')} ${word} ${names.at(-1)}`
}

/** `1 leaf`, `2 leaves`, `3 logins`. */
export function plural(count: number, noun: string): string {
  const many = noun === 'leaf' ? 'leaves' : `${noun}s`
  return `${count} ${count === 1 ? noun : many}`
}

/** A whole number from 1 up; else a usage failure. */
export function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/u.test(text)) return Number(text)
  throw new Failure('usage', 'bad_count', `"${printable(text)}" is not a whole number from 1 up`)
}

/** A leaf index: a whole number from 0 up; else a usage failure. */
export function parseIndex(text: string): number {
  if (/^(?:0|[1-9]\d{0,14})$/u.test(text)) return Number(text)
  throw new Failure('usage', 'bad_leaf_index', `"${printable(text)}" is not a leaf index`)
}
