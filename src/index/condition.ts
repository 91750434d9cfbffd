/**
 * A query of `match/` as a condition over the tables of the trail: it finds exactly what the predicate would. `$from` and `$to`
 * bound the leaves that are looked at; whatever people typed is bound as a value, too.
 */

import type { DatabaseSync } from 'node:sqlite'
import { isShortHash } from '../match/identifier.ts'
import { prefixOf, prepare } from '../match/pattern.ts'
import { isInside } from '../match/predicate.ts'
import type { Between, Expression, Network, Test, TextTest, Words } from '../match/query.ts'
import { prepareSays } from '../match/word.ts'
import { isAboutShape, type Shapes } from './shape.ts'
import { tokenOf, type TokenKind } from './token.ts'

export type Condition = { readonly sql: string; readonly values: readonly (string | number)[] }
export type Compiler = {
  readonly shapes: Shapes
  /** The first leaf of this moment or later. */
  readonly firstSince: (at: number) => number
}

export function conditionOf(where: Expression, compiler: Compiler): Condition {
  if (isAboutShape(where)) return shapeCondition(compiler.shapes.matching(where))
  const match = matchOf(where)
  if (match !== undefined) return matching(match)
  switch (where.kind) {
    case 'all':
      return every(where.of, compiler)
    case 'any':
      return join(
        where.of.map((part) => conditionOf(part, compiler)),
        'OR',
      )
    case 'not':
      return not(conditionOf(where.of, compiler))
    case 'words':
      return wordsCondition(where)
    case 'between':
      return rangeCondition(leavesBetween(where, compiler))
    case 'network':
      return networkCondition(where)
    case 'test':
      return textCondition(where)
  }
}

export function shapeCondition(shapes: ReadonlySet<number>): Condition {
  return { sql: 'shape IN (SELECT value FROM json_each(?))', values: [JSON.stringify([...shapes])] }
}

/** Parts that the full-text index answers alone are asked of it in one go. */
function every(of: readonly Expression[], compiler: Compiler): Condition {
  const matches = of.map(matchOf).filter((match) => match !== undefined)
  const rest = of.filter((part) => matchOf(part) === undefined).map((part) => conditionOf(part, compiler))
  return join([...(matches.length > 0 ? [matching(matches.join(' AND '))] : []), ...rest], 'AND')
}

export function join(parts: readonly Condition[], word: 'AND' | 'OR'): Condition {
  if (parts.length === 0) return { sql: word === 'AND' ? '1' : '0', values: [] }
  return { sql: `(${parts.map(({ sql }) => sql).join(` ${word} `)})`, values: parts.flatMap(({ values }) => values) }
}

/** A column that is absent does not match, and so its negation does. */
function not({ sql, values }: Condition): Condition {
  return { sql: `NOT coalesce(${sql}, 0)`, values }
}

function matching(match: string): Condition {
  return {
    sql: 'leaf_index IN (SELECT rowid FROM mention WHERE mention MATCH ? AND rowid >= $from AND rowid < $to)',
    values: [match],
  }
}

/** The expression in the language of FTS5, or undefined when that index cannot answer it exactly. Tokens are `[a-z0-9_]`. */
function matchOf(where: Expression): string | undefined {
  if (where.kind === 'words') return where.words.length === 1 ? wordMatch(where) : undefined
  if (where.kind === 'test') return testMatch(where)
  if ((where.kind !== 'all' && where.kind !== 'any') || where.of.length === 0) return undefined
  const parts = where.of.map(matchOf)
  if (parts.some((part) => part === undefined)) return undefined
  return `(${parts.join(where.kind === 'all' ? ' AND ' : ' OR ')})`
}

function wordMatch({ words, isOpen }: Words): string {
  const quoted = words.map((word) => `"${tokenOf('w', word)}"`)
  return `(${quoted.join(' AND ')}${isOpen ? ' *' : ''})`
}

const KINDS: Readonly<Partial<Record<TextTest['field'], TokenKind>>> = { id: 'i', who: 'a', resource: 'r', policy: 'p' }

function testMatch({ field, test }: TextTest): string | undefined {
  const kind = KINDS[field]
  if (!kind) return undefined
  if ('is' in test) {
    const isBeginning = field === 'id' && isShortHash(test.is)
    return `("${tokenOf(kind, test.is)}"${isBeginning ? ' *' : ''})`
  }
  const isPrefix = 'glob' in test && test.glob.length > 1 && /^[^*?]*\*$/.test(test.glob)
  return isPrefix ? `("${tokenOf(kind, prefixOf(test))}" *)` : undefined
}

function wordsCondition(where: Words): Condition {
  const verified = { sql: 'says(sentence, ?, ?)', values: [JSON.stringify(where.words), Number(where.isOpen)] }
  return join([matching(wordMatch(where)), verified], 'AND')
}

/** `$from` and `$to` are the bounds of the whole search; these are the part's own. */
function rangeCondition({ from, to }: { readonly from: number; readonly to: number }): Condition {
  return { sql: '(leaf_index >= ? AND leaf_index < ?)', values: [from, Math.min(to, Number.MAX_SAFE_INTEGER)] }
}

/** The log's time never runs backwards, so a time is a place in it. */
export function leavesBetween(
  { field, from = -Infinity, to = Infinity }: Between,
  { firstSince }: Compiler,
): { readonly from: number; readonly to: number } {
  const place = field === 'at' ? firstSince : (leaf: number) => leaf
  return { from: from === -Infinity ? 0 : place(from), to: to === Infinity ? Infinity : place(to) }
}

function networkCondition({ address, prefix = 0 }: Network): Condition {
  const inside =
    address === undefined ? { sql: '1', values: [] } : { sql: 'inside(ip, ?, ?)', values: [address, prefix] }
  const sql = `leaf_index IN (SELECT leaf_index FROM address WHERE leaf_index >= $from AND leaf_index < $to AND ${inside.sql})`
  return { sql, values: inside.values }
}

function textCondition({ field, test }: TextTest): Condition {
  if ('exists' in test) return { sql: EXISTS[field] ?? '1', values: [] }
  const passes = join(
    (COLUMNS[field] ?? []).map((column) => ({
      sql: `passes(${column}, ?, ${Number(field === 'policy')})`,
      values: [JSON.stringify(test)],
    })),
    'OR',
  )
  const prefix = prefixOf(test)
  return prefix === '' ? passes : join([matching(`("${tokenOf(KINDS[field]!, prefix)}" *)`), passes], 'AND')
}

const EXISTS: Readonly<Partial<Record<TextTest['field'], string>>> = {
  resource: 'resource_id IS NOT NULL',
  policy: "policies <> ''",
}
const COLUMNS: Readonly<Partial<Record<TextTest['field'], readonly string[]>>> = {
  who: ['who'],
  resource: ['resource_kind', 'resource_id'],
  policy: ['policies'],
}

const MAX_PREPARED = 64

/** The predicate's own tests, for what the index can narrow down but not answer. Lists stand in a column with blanks between. */
export function defineTests(database: DatabaseSync): void {
  const testOf = remember((text) => prepare(JSON.parse(text) as Test))
  const saysOf = remember((text) => prepareSays(JSON.parse(text.slice(1)) as string[], text.startsWith('1')))
  const options = { deterministic: true }
  database.function('passes', options, (text, test, isList) => {
    if (typeof text !== 'string') return 0
    return Number((isList === 1 ? text.split(' ').filter(Boolean) : [text]).some(testOf(String(test))))
  })
  database.function('says', options, (sentence, words, isOpen) =>
    Number(saysOf(`${String(isOpen)}${String(words)}`)(String(sentence))),
  )
  database.function('inside', options, (ip, address, prefix) =>
    Number(isInside(String(ip), { kind: 'network', address: String(address), prefix: Number(prefix) })),
  )
}

/** The tests of the questions that are asked right now. */
function remember<T>(make: (text: string) => T): (text: string) => T {
  const made = new Map<string, T>()
  return (text) => {
    const known = made.get(text)
    if (known !== undefined) return known
    if (made.size >= MAX_PREPARED) made.clear()
    const one = make(text)
    made.set(text, one)
    return one
  }
}
