/** Policy text, cut into single policies whose structure is shallow enough for the engine. */

import { utf8 } from '../bytes/text.ts'

/** One policy as it stands in its file, the comments before it included. `line` is where its first word stands. */
export type PolicySource = {
  readonly file: string
  readonly text: string
  readonly line: number
  readonly firstLine: number
  readonly shape: Shape
}

/** Deepest nesting of brackets, and the number of operators that can follow one another without any. */
export type Shape = { readonly depth: number; readonly operators: number }

// The engine recurses over expressions on a stack of 1 MiB and does not survive its end: it was measured to trap at 200
// nested brackets and at 400 chained operators. A trap would refuse everything until the next start.
const MAX_DEPTH = 32
const MAX_OPERATORS = 128
const MAX_POLICY_LENGTH = 64 * 1024

/** Undefined when the engine can take it, else the reason why not. */
export function tooComplex({ text, shape }: Pick<PolicySource, 'text' | 'shape'>): string | undefined {
  if (shape.depth > MAX_DEPTH) return `brackets are nested ${shape.depth} deep; ${MAX_DEPTH} are allowed`
  if (shape.operators > MAX_OPERATORS) return `${shape.operators} operators; ${MAX_OPERATORS} are allowed`
  if (text.length > MAX_POLICY_LENGTH) return `${text.length} characters; ${MAX_POLICY_LENGTH} are allowed`
  return undefined
}

/**
 * Cuts a file at the semicolons that end policies. All text is in some part, except comments and white space after the
 * last policy. Text after the last semicolon is a part of its own, for the engine to complain about.
 */
export function splitPolicies(file: string, text: string): PolicySource[] {
  const policies: PolicySource[] = []
  const lineAt = lineCounter(text)
  let start = 0
  let first: number | undefined
  let level = 0
  let depth = 0
  let operators = 0
  const cut = (end: number) => {
    const shape = { depth, operators }
    policies.push({ file, text: text.slice(start, end), line: lineAt(first ?? start), firstLine: lineAt(start), shape })
    start = end
    first = undefined
    level = depth = operators = 0
  }
  for (const { kind, at, end } of tokens(text)) {
    first ??= at
    if (kind === 'open') depth = Math.max(depth, ++level)
    else if (kind === 'close') level -= 1
    else if (kind === 'operator') operators += 1
    else if (kind === 'end') cut(end)
  }
  if (first !== undefined) cut(text.length)
  return policies
}

/** The nesting of a schema; `<` and `>` are brackets there. */
export function schemaShape(text: string): Shape {
  let level = 0
  let depth = 0
  for (const { kind, at } of tokens(text)) {
    if (kind === 'open' || text[at] === '<') depth = Math.max(depth, ++level)
    else if (kind === 'close' || text[at] === '>') level -= 1
  }
  return { depth, operators: 0 }
}

/** The line, from 1, of a byte offset into the UTF-8 of `text`. */
export function lineOfByte(text: string, offset: number): number {
  const before = utf8.encode(text).subarray(0, offset)
  return before.reduce((line, byte) => (byte === 0x0a ? line + 1 : line), 1)
}

type Token = {
  readonly kind: 'open' | 'close' | 'operator' | 'end' | 'other'
  readonly at: number
  readonly end: number
}

/** Comments end at the line; strings run to their closing quote, or to the end of the text when there is none. */
function* tokens(text: string): Generator<Token> {
  const pattern = /\/\/[^\n\r]*|"|\|\||&&|[A-Za-z_]\w*|\S/g
  for (let found = pattern.exec(text); found; found = pattern.exec(text)) {
    const [word] = found
    if (word.startsWith('//')) continue
    if (word === '"') pattern.lastIndex = endOfString(text, pattern.lastIndex)
    yield { kind: KINDS.get(word) ?? 'other', at: found.index, end: pattern.lastIndex }
  }
}

const KINDS: ReadonlyMap<string, Token['kind']> = new Map([
  ...['(', '[', '{'].map((word) => [word, 'open'] as const),
  ...[')', ']', '}'].map((word) => [word, 'close'] as const),
  ...['||', '&&', '+', '-', '*', '.', '!', 'if', 'when', 'unless'].map((word) => [word, 'operator'] as const),
  [';', 'end'],
])

function endOfString(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '"') return at + 1
    if (text[at] === '\\') at += 1
  }
  return text.length
}

/** Counts lines as long as it is asked for growing offsets. */
function lineCounter(text: string): (offset: number) => number {
  let line = 1
  let counted = 0
  return (offset) => {
    if (offset < counted) [line, counted] = [1, 0]
    for (; counted < offset; counted += 1) if (text[counted] === '\n') line += 1
    return line
  }
}
