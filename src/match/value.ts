/** What stands behind a field's colon, as a test of that field. */

import { normalizeIdentifier } from './identifier.ts'
import { parseAddress } from './network.ts'
import { faultOf } from './pattern.ts'
import { fields, type Expression, type Field, type QueryProblem, type TextField } from './query.ts'
import { suggest } from './suggestion.ts'
import { parseMoment, type Moment } from './time.ts'
import type { Token } from './token.ts'
import { wordsOf } from './word.ts'

/** Fields as they are written: those of a row, the time words, and `exists`. */
export const writtenFields = [...fields, 'since', 'until', 'on', 'exists'] as const
export type WrittenField = (typeof writtenFields)[number]

const CLOSED: Readonly<Partial<Record<Field, readonly string[]>>> = {
  outcome: ['allowed', 'refused', 'waiting', 'recorded'],
  kind: ['person', 'job', 'agent', 'system'],
}
const OPTIONAL = ['env', 'reason', 'resource', 'policy', 'ip'] as const

function isOptional(field: Field): field is Exclude<(typeof OPTIONAL)[number], 'ip'> {
  return field !== 'ip' && (OPTIONAL as readonly Field[]).includes(field)
}

export function readValue(field: WrittenField, token: Token, now: number): Expression | QueryProblem {
  switch (field) {
    case 'exists':
      return readExists(token)
    case 'since':
    case 'until':
    case 'on':
    case 'at':
      return readTime(field, token, now)
    case 'leaf':
      return readLeaf(token)
    case 'ip':
      return readNetwork(token)
    default:
      return readText(field, token)
  }
}

/** Free text: its words, the last of which may go on, unless a space is quoted behind it. */
export function readWords({ text, at }: Token): Expression | QueryProblem {
  const words = wordsOf(text.replaceAll(/[{}]/g, ' '))
  if (words.length === 0) return { at, problem: 'text to search for has a letter or a digit' }
  return { kind: 'words', words, isOpen: !text.endsWith(' ') }
}

function readText(field: TextField, token: Token): Expression | QueryProblem {
  const { kind, text, at } = token
  const test = (made: { is: string } | { glob: string } | { regex: string }): Expression => ({
    kind: 'test',
    field,
    test: made,
  })
  if (kind === 'regex') {
    const fault =
      field === 'id'
        ? 'identifiers are found whole, or by their beginning; patterns look into other fields'
        : faultOf(text)
    return fault === undefined ? test({ regex: text }) : { at, problem: fault }
  }
  const hasWildcard = kind === 'word' && /[*?]/.test(text)
  if (field === 'id') return readIdentifier(text, hasWildcard, at)
  if (hasWildcard) return field === 'who' && text.startsWith('@') ? noHandle(at) : test({ glob: text })
  const closed = CLOSED[field]
  if (closed && !closed.includes(text)) return unknownOf(field, text, closed, at)
  return test({ is: text })
}

function noHandle(at: number): QueryProblem {
  return { at, problem: 'names are not in the index: a handle has no star; search for its beginning as free text' }
}

function readIdentifier(text: string, hasWildcard: boolean, at: number): Expression | QueryProblem {
  const value = normalizeIdentifier(text)
  const field = 'id' as const
  if (!hasWildcard) return { kind: 'test', field, test: { is: value } }
  if (!/^[^*?]{3,}\*$/.test(value)) return { at, problem: 'a star ends an identifier, behind three characters or more' }
  return { kind: 'test', field, test: { glob: value } }
}

function unknownOf(field: Field, text: string, known: readonly string[], at: number): QueryProblem {
  const meant = suggest(text, known)
  const hint = meant ? `; did you mean ${field}:${meant}?` : ''
  return {
    at,
    problem: `${field} is one of ${known.join(', ')}${hint}`,
    ...(meant && { suggestion: `${field}:${meant}` }),
  }
}

function readExists({ text, at }: Token): Expression | QueryProblem {
  const field = fields.find((known) => known === text)
  if (!field) return unknownOf('exists' as Field, text, OPTIONAL, at)
  if (field === 'ip') return { kind: 'network' }
  // The other fields every leaf has.
  return isOptional(field) ? { kind: 'test', field, test: { exists: true } } : { kind: 'all', of: [] }
}

const COMPARISON = /^(>=|<=|>|<)(.+)$/s
const RANGE = /^(.*?)\.\.(.*)$/s

function readLeaf({ text, at }: Token): Expression | QueryProblem {
  const read = (part: string): Moment | undefined =>
    /^#?\d{1,15}$/.test(part)
      ? { from: Number(part.replace('#', '')), to: Number(part.replace('#', '')) + 1 }
      : undefined
  return bounded('leaf', text, read) ?? { at, problem: 'leaf takes a number: leaf:42, leaf:>100, leaf:100..200' }
}

function readTime(field: 'since' | 'until' | 'on' | 'at', { text, at }: Token, now: number): Expression | QueryProblem {
  const read = (part: string) => parseMoment(part, now)
  if (field === 'at' || field === 'on') {
    const found = bounded('at', text, read)
    if (found) return found
  }
  const moment = read(text)
  if (moment && field === 'since') return { kind: 'between', field: 'at', from: moment.from }
  if (moment && field === 'until') return { kind: 'between', field: 'at', to: moment.from }
  const problem = `${field} takes a time: 24h, today, 2026-11-01, 2026-11-01T10:00+01:00 or 2026-11-01@Europe/Vienna`
  return { at, problem }
}

/** `value`, `>value`, `a..b`, `a..`, `..b`; ends of a range are included. */
function bounded(
  field: 'leaf' | 'at',
  text: string,
  read: (part: string) => Moment | undefined,
): Expression | undefined {
  const compared = COMPARISON.exec(text)
  if (compared) {
    const moment = read(compared[2]!)
    return moment && { kind: 'between', field, ...sideOf(compared[1]!, moment) }
  }
  const range = RANGE.exec(text)
  if (!range) {
    const moment = read(text)
    return moment && { kind: 'between', field, ...moment }
  }
  const [first, last] = [range[1] ? read(range[1]) : null, range[2] ? read(range[2]) : null]
  if (first === undefined || last === undefined || (first === null && last === null)) return undefined
  return { kind: 'between', field, ...(first && { from: first.from }), ...(last && { to: last.to }) }
}

function sideOf(sign: string, { from, to }: Moment): { from: number } | { to: number } {
  if (sign === '>') return { from: to }
  if (sign === '>=') return { from }
  return sign === '<' ? { to: from } : { to }
}

function readNetwork({ text, at }: Token): Expression | QueryProblem {
  const [address, bits, ...more] = text.split('/')
  const parsed = parseAddress(address!)
  const prefix = bits === undefined ? parsed?.bits : /^\d{1,3}$/.test(bits) ? Number(bits) : undefined
  if (!parsed || prefix === undefined || prefix > parsed.bits || more.length > 0)
    return { at, problem: 'ip takes an address or a network: ip:192.0.2.7, ip:10.0.0.0/8, ip:2001:db8::/32' }
  return { kind: 'network', address: address!, prefix }
}
