/** The query text as tokens, each with its place; whatever cannot be one is a problem with its place. */

import type { QueryProblem } from './query.ts'

export type Token = {
  /** `word`: bare text. `quoted`: what stood between quotation marks. `regex`: between slashes. The others are themselves. */
  readonly kind: 'word' | 'quoted' | 'regex' | '(' | ')' | ',' | '|' | '-' | 'field'
  readonly text: string
  readonly at: number
}

const FIELD = /([A-Za-z]+):/y
const BARE = /[^\s"(),|]+/y
const MAX_LENGTH = 1_000
const MAX_TOKENS = 256

/** At most 1,000 characters and 256 tokens. */
export function tokenize(text: string): readonly Token[] | QueryProblem {
  if (text.length > MAX_LENGTH) return { at: MAX_LENGTH, problem: `a query has at most ${MAX_LENGTH} characters` }
  if (!text.isWellFormed()) return { at: 0, problem: 'the query is not Unicode text' }
  const tokens: Token[] = []
  for (let at = 0; at < text.length;) {
    if (/\s/.test(text[at]!)) {
      at += 1
      continue
    }
    const token = next(text, at, tokens.at(-1))
    if ('problem' in token) return token
    tokens.push(token.token)
    if (tokens.length > MAX_TOKENS) return { at, problem: `a query has at most ${MAX_TOKENS} words and signs` }
    at = token.end
  }
  return tokens
}

type Found = { readonly token: Token; readonly end: number }

function next(text: string, at: number, before: Token | undefined): Found | QueryProblem {
  const char = text[at]!
  if (char === '"') return quoted(text, at)
  if (char === '/' && (isStart(text, at) || before?.kind === 'field')) return regex(text, at)
  if (char === '(' || char === ')' || char === ',' || char === '|')
    return { token: { kind: char, text: char, at }, end: at + 1 }
  if (char === '-' && isStart(text, at) && !/[\s]|^$/.test(text[at + 1] ?? ''))
    return { token: { kind: '-', text: char, at }, end: at + 1 }
  FIELD.lastIndex = at
  const field = before?.kind === 'field' && !/\s/.test(text[at - 1]!) ? null : FIELD.exec(text)
  if (field) return { token: { kind: 'field', text: field[1]!, at }, end: at + field[0].length }
  return bare(text, at)
}

/** Where a word can begin: not in the midst of one. */
function isStart(text: string, at: number): boolean {
  return at === 0 || /[\s(|,-]/.test(text[at - 1]!)
}

function bare(text: string, at: number): Found | QueryProblem {
  BARE.lastIndex = at
  const word = BARE.exec(text)![0]
  const end = at + word.length
  if (text[end] === '"') return { at, problem: 'a quotation mark stands inside a word' }
  return { token: { kind: 'word', text: word, at }, end }
}

function quoted(text: string, at: number): Found | QueryProblem {
  const close = text.indexOf('"', at + 1)
  if (close < 0) return { at, problem: 'a quotation mark is not closed', suggestion: `${text.slice(at)}"` }
  if (/[^\s(),|]/.test(text[close + 1] ?? ' ')) return { at, problem: 'a quotation mark stands inside a word' }
  if (close === at + 1) return { at, problem: 'there is nothing between the quotation marks' }
  return { token: { kind: 'quoted', text: text.slice(at + 1, close), at }, end: close + 1 }
}

function regex(text: string, at: number): Found | QueryProblem {
  let close = at + 1
  while (close < text.length && text[close] !== '/') close += text[close] === '\\' ? 2 : 1
  if (close >= text.length)
    return {
      at,
      problem: 'a pattern between slashes is not closed; text that begins with a slash stands in quotation marks',
    }
  if (/[^\s(),|]/.test(text[close + 1] ?? ' '))
    return { at, problem: 'a pattern ends at its second slash; write \\/ for a slash' }
  return { token: { kind: 'regex', text: text.slice(at + 1, close).replaceAll('\\/', '/'), at }, end: close + 1 }
}
