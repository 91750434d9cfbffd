/**
 * JSON with one spelling per value (RFC 8785), and a parser that accepts nothing ambiguous.
 *
 * `JSON.parse` keeps the last of two equal keys and loses `__proto__`; a signed text must not mean two things, so `parse`
 * refuses duplicates, lone surrogates, numbers outside the safe integers and depth beyond 64.
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json | undefined }

/**
 * RFC 8785 (JCS) text of a value. Members that are `undefined` are left out, as JSON.stringify does.
 * Throws a TypeError for a number that is not finite and for a string with a lone surrogate.
 */
export function canonical(value: Json): string {
  const found: Found = { isIndexed: false, isLarge: false, isDeep: false }
  const ordered = order(value, found, -Infinity)
  return found.isIndexed ? spellOut(value) : JSON.stringify(ordered)
}

type Members = { readonly [name: string]: Json | undefined }
type Found = {
  /** A name was met that a plain object does not keep in the place where it was put. */
  isIndexed: boolean
  /** An integer was met of which its neighbours may be the same number. */
  isLarge: boolean
  /** It is nested deeper than is looked at. */
  isDeep: boolean
}

/** A copy whose members stand in canonical order: spelling that in one go is more than twice as fast as piece by piece. */
function order(value: Json | undefined, found: Found, depth: number): Json {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('a string has a lone surrogate')
    return value
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('a number is not finite')
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) found.isLarge = true
    return value
  }
  if (value === null || typeof value === 'boolean') return value
  if (depth === MAX_DEPTH) found.isDeep = true
  if (found.isDeep) return null
  if (Array.isArray(value)) return value.map((member: Json) => order(member, found, depth + 1))
  return orderMembers(value as Members, found, depth + 1)
}

function orderMembers(object: Members, found: Found, depth: number): Json {
  const ordered: Record<string, Json> = {}
  for (const name of sortedNames(object)) {
    const member = object[name]
    if (member === undefined) continue
    // "10" would come before "9", and before every other name; "__proto__" would not come at all.
    if (isDigit(name.charCodeAt(0)) || name === '__proto__') found.isIndexed = true
    else if (name.isWellFormed()) ordered[name] = order(member, found, depth)
    else throw new TypeError('a string has a lone surrogate')
  }
  return ordered
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

const FEW = 16

/** RFC 8785, 3.2.3: names are sorted by their UTF-16 code units, which is what `<` and sort() do. */
function sortedNames(object: Members): string[] {
  const names = Object.keys(object)
  if (names.length > FEW) return names.sort()
  for (let next = 1; next < names.length; next += 1) {
    const name = names[next]!
    let at = next
    for (; at > 0 && names[at - 1]! > name; at -= 1) names[at] = names[at - 1]!
    names[at] = name
  }
  return names
}

function spellOut(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'number') return spellNumber(value)
  if (Array.isArray(value)) return `[${value.map(spellOut).join(',')}]`
  return spellMembers(value as Members)
}

function spellMembers(object: Members): string {
  let text = '{'
  for (const name of Object.keys(object).sort()) {
    const member = object[name]
    if (member === undefined) continue
    text += `${text.length > 1 ? ',' : ''}${quote(name)}:${spellOut(member)}`
  }
  return `${text}}`
}

function quote(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('a string has a lone surrogate')
  return JSON.stringify(text)
}

function spellNumber(number: number): string {
  if (!Number.isFinite(number)) throw new TypeError('a number is not finite')
  return JSON.stringify(number)
}

const MAX_DEPTH = 64

/**
 * Parses strictly, in time linear in the text. Throws a SyntaxError that names the offset (in UTF-16 units) for what JSON
 * refuses, and for duplicate names, lone surrogates, numbers that are not finite, integers beyond 2^53 - 1 and nesting deeper
 * than 64.
 */
export function parse(text: string): Json {
  // The grammar is judged first: what is scanned afterwards has no string without an end.
  const value = JSON.parse(text) as Json
  const problem = firstAmbiguity(text)
  if (problem !== undefined) throw new SyntaxError(problem)
  return value
}

/** Parses, and requires the text to be its own canonical form: for bytes that were signed or hashed. */
export function parseCanonical(text: string): Json {
  const known = JSON.parse(text) as Json
  if (isOwnSpelling(known, text)) return known
  const value = parse(text)
  if (canonical(value) !== text) throw new SyntaxError('JSON is not in canonical form (RFC 8785)')
  return value
}

/** What was lost in parsing would be missing here: only the few things that JSON.parse and JSON.stringify agree on are looked for. */
function isOwnSpelling(value: Json, text: string): boolean {
  const found: Found = { isIndexed: false, isLarge: false, isDeep: false }
  try {
    const ordered = order(value, found, 0)
    return !found.isIndexed && !found.isLarge && !found.isDeep && JSON.stringify(ordered) === text
  } catch {
    return false
  }
}

type Level = Set<string> | undefined

/** Scans the tokens of JSON for what JSON.parse lets pass. No pattern spans a string: those can have megabytes. */
function firstAmbiguity(text: string): string | undefined {
  const token = /["{}[\]\d-]/g
  const levels: Level[] = []
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const end = endOfToken(text, match.index)
    const problem = judgeToken(text.slice(match.index, end), levels, () => nextIsColon(text, end))
    if (problem) return `${problem} at offset ${match.index}`
    token.lastIndex = end
  }
  return undefined
}

function endOfToken(text: string, start: number): number {
  if (text[start] === '"') return endOfString(text, start)
  if ('{}[]'.includes(text[start]!)) return start + 1
  const number = /[\d.eE+-]+/y
  number.lastIndex = start
  return start + number.exec(text)![0].length
}

/** A quote ends the string unless the backslashes before it are odd in number. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); ; at = text.indexOf('"', at + 1)) {
    let before = at - 1
    while (text[before] === '\\') before -= 1
    if ((at - before) % 2 === 1) return at + 1
  }
}

function judgeToken(found: string, levels: Level[], isName: () => boolean): string | undefined {
  switch (found[0]) {
    case '{':
    case '[':
      levels.push(found === '{' ? new Set() : undefined)
      return levels.length > MAX_DEPTH ? `nested deeper than ${MAX_DEPTH}` : undefined
    case '}':
    case ']':
      levels.pop()
      return undefined
    case '"':
      return judgeString(found, levels.at(-1), isName)
    default:
      return judgeNumber(Number(found))
  }
}

function judgeNumber(value: number): string | undefined {
  if (!Number.isFinite(value)) return 'number that is not finite'
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? 'integer beyond 2^53' : undefined
}

function judgeString(found: string, names: Level, isName: () => boolean): string | undefined {
  const value = found.includes('\\') ? (JSON.parse(found) as string) : found.slice(1, -1)
  if (!value.isWellFormed()) return 'lone surrogate'
  if (!names || !isName()) return undefined
  if (names.has(value)) return `duplicate name ${found}`
  if (value === '__proto__') return 'forbidden name "__proto__"'
  names.add(value)
  return undefined
}

function nextIsColon(text: string, from: number): boolean {
  let at = from
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1
  return text[at] === ':'
}
