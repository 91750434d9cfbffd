/** Bodies of lines (NDJSON): each line is one JSON value, or the first that is none is named, with its place and what is wrong. */

import { parse, type Json } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import { attempt } from '../evidence/refusal.ts'

const MAX_LINES = 1_000
const MAX_LINE_BYTES = 8_192

/** Lines count from 1; `offset` is in UTF-16 units from the start of the line. */
export type BadLine = { readonly line: number; readonly offset?: number; readonly because: string }

export function isBad(parsed: readonly unknown[] | BadLine): parsed is BadLine {
  return !Array.isArray(parsed)
}

/** 1 to 1,000 lines of at most 8,192 bytes, the last with or without its end. */
export function parseLines(body: Uint8Array): readonly Json[] | BadLine {
  const lines = splitLines(body)
  if (lines.length === 0) return { line: 1, because: 'there is none' }
  if (lines.length > MAX_LINES) return { line: MAX_LINES + 1, because: `there are at most ${MAX_LINES}` }
  const values: Json[] = []
  for (const [index, bytes] of lines.entries()) {
    const value = parseLine(bytes, index + 1)
    if (typeof value === 'object' && value !== null && 'because' in value) return value as BadLine
    values.push((value as { readonly of: Json }).of)
  }
  return values
}

/** One more than are taken at most, so that nobody makes millions of them. */
function splitLines(body: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = []
  for (let start = 0; start < body.length && lines.length <= MAX_LINES;) {
    const found = body.indexOf(0x0a, start)
    const end = found < 0 ? body.length : found
    lines.push(body.subarray(start, end))
    start = end + 1
  }
  return lines
}

function parseLine(bytes: Uint8Array, line: number): { readonly of: Json } | BadLine {
  if (bytes.length > MAX_LINE_BYTES) return { line, because: `it has more than ${MAX_LINE_BYTES} bytes` }
  const text = attempt(() => utf8.decode(bytes))
  if (text === undefined) return { line, because: 'it is not UTF-8' }
  if (text.trim() === '') return { line, because: 'it is empty' }
  try {
    return { of: parse(text) }
  } catch (error) {
    const { message } = error as SyntaxError
    const ambiguous = /^(.*) at offset (\d+)$/.exec(message)
    if (ambiguous) return { line, offset: Number(ambiguous[2]), because: ambiguous[1]! }
    return { line, offset: offsetOfFault(text), because: 'it is not JSON' }
  }
}

/** Where JSON ends: the engine says so, or tells by which prefixes it would still go on with. */
function offsetOfFault(text: string): number {
  let good = 0
  for (let bad = text.length + 1; bad - good > 1;) {
    const middle = (good + bad) >> 1
    if (mayGoOn(text.slice(0, middle))) good = middle
    else bad = middle
  }
  return good
}

function mayGoOn(prefix: string): boolean {
  try {
    JSON.parse(prefix)
    return true
  } catch (error) {
    const { message } = error as SyntaxError
    if (message.startsWith('Unexpected end') || message.startsWith('Unterminated string')) return true
    return Number(/at position (\d+)/.exec(message)?.[1] ?? -1) >= prefix.length
  }
}
