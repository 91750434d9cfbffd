/**
 * The search language, read strictly: what is not understood is an error with its place, never silently ignored, since an
 * auditor would take the wrong rows for all there are.
 *
 *     type:release.* -outcome:allowed (who:@ana or kind:job) since:24h "shop 4be0c11" | count by who | top 10
 *
 * Side by side, all must hold; values of one field side by side are alternatives, as in `type:a type:b`.
 */

import { countFields, isProblem, type Count, type Expression, type Query, type QueryProblem } from './query.ts'
import { suggest } from './suggestion.ts'
import { tokenize, type Token } from './token.ts'
import { readValue, readWords, writtenFields, type WrittenField } from './value.ts'

const MAX_TERMS = 32
const MAX_DEPTH = 8
const MAX_TOP = 1_000
const DEFAULT_TOP = 10

/** At most 1,000 characters, 32 terms, 8 parentheses deep. An empty query finds everything. `now`: ms since the epoch. */
export function parseQuery(text: string, now: number): Query | QueryProblem {
  const tokens = tokenize(text)
  return isProblem(tokens) ? tokens : new Parser(tokens, text.length, now).query()
}

class Fault extends Error {
  readonly told: QueryProblem
  constructor(told: QueryProblem) {
    super(told.problem)
    this.told = told
  }
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #end: number
  readonly #now: number
  #next = 0
  #terms = 0

  constructor(tokens: readonly Token[], end: number, now: number) {
    this.#tokens = tokens
    this.#end = end
    this.#now = now
  }

  query(): Query | QueryProblem {
    try {
      const isEmpty = this.#tokens.length === 0 || this.#is('|')
      const where: Expression = isEmpty ? { kind: 'all', of: [] } : this.#either(0)
      const count = this.#count()
      if (this.#peek)
        this.#fail(
          this.#peek.kind === ')' ? 'this parenthesis closes nothing' : 'this stands behind the end of the query',
        )
      return { where, ...(count && { count }) }
    } catch (fault) {
      if (fault instanceof Fault) return fault.told
      throw fault
    }
  }

  #either(depth: number): Expression {
    const of = [this.#every(depth)]
    while (this.#isWord('or')) {
      this.#next += 1
      of.push(this.#every(depth))
    }
    return of.length === 1 ? of[0]! : { kind: 'any', of }
  }

  /** Parts with `and` between them stand on their own; those side by side are grouped by field. */
  #every(depth: number): Expression {
    const of: Expression[] = []
    let run = [this.#part(depth)]
    for (let token = this.#peek; token && !this.#endsEvery(token); token = this.#peek) {
      if (!this.#isWord('and')) run.push(this.#part(depth))
      else {
        this.#next += 1
        of.push(...grouped(run))
        run = [this.#part(depth)]
      }
    }
    of.push(...grouped(run))
    return of.length === 1 ? of[0]! : { kind: 'all', of }
  }

  #endsEvery({ kind }: Token): boolean {
    return kind === ')' || kind === '|' || kind === ',' || this.#isWord('or')
  }

  #part(depth: number): Expression {
    const token = this.#take('a field or a word is missing')
    if (token.kind === '-' || (token.kind === 'word' && /^not$/i.test(token.text)))
      return { kind: 'not', of: this.#part(this.#deeper(depth, token)) }
    if (token.kind === '(') {
      const inner = this.#either(this.#deeper(depth, token))
      if (this.#peek?.kind !== ')') this.#fail('this parenthesis is not closed', token)
      this.#next += 1
      return inner
    }
    return this.#term(token)
  }

  #deeper(depth: number, token: Token): number {
    if (depth >= MAX_DEPTH) this.#fail(`a query is at most ${MAX_DEPTH} parentheses deep`, token)
    return depth + 1
  }

  #term(token: Token): Expression {
    this.#terms += 1
    if (this.#terms > MAX_TERMS) this.#fail(`a query has at most ${MAX_TERMS} terms`, token)
    if (token.kind === 'field') return this.#field(token)
    if (token.kind === 'regex') this.#fail('a pattern needs a field: type:/^release/', token)
    if (token.kind === 'word' && token.text === '-') this.#fail('- has no value', token)
    if (token.kind !== 'word' && token.kind !== 'quoted') this.#fail('a field or a word is missing before this', token)
    return this.#sound(readWords(token))
  }

  #field(token: Token): Expression {
    const field = this.#fieldNamed(token)
    const value = this.#peek
    const isAttached = value !== undefined && value.at === token.at + token.text.length + 1
    if (!isAttached) this.#fail(`${token.text}: has no value`, token)
    this.#next += 1
    if (value.kind === '(') return this.#list(field, value)
    if (value.kind !== 'word' && value.kind !== 'quoted' && value.kind !== 'regex')
      this.#fail(`${token.text}: has no value`, token)
    return this.#sound(readValue(field, { ...value, at: token.at }, this.#now))
  }

  #fieldNamed(token: Token): WrittenField {
    const field = writtenFields.find((known) => known === token.text.toLowerCase())
    if (field) return field
    const meant = suggest(token.text, writtenFields)
    const hint = meant ? `; did you mean ${meant}:?` : ''
    throw new Fault({
      at: token.at,
      problem: `there is no field ${token.text}; there are ${writtenFields.join(', ')}${hint}`,
      ...(meant && { suggestion: `${meant}:` }),
    })
  }

  /** `(a, b)` or `(a or b)`: any of them. */
  #list(field: WrittenField, open: Token): Expression {
    const of: Expression[] = []
    for (;;) {
      const value = this.#take('this list is not closed', open)
      if (value.kind !== 'word' && value.kind !== 'quoted' && value.kind !== 'regex')
        this.#fail('a list holds values with commas between them: type:(a, b)', value)
      this.#terms += 1
      if (this.#terms > MAX_TERMS) this.#fail(`a query has at most ${MAX_TERMS} terms`, value)
      of.push(this.#sound(readValue(field, value, this.#now)))
      const after = this.#take('this list is not closed', open)
      if (after.kind === ')') return of.length === 1 ? of[0]! : { kind: 'any', of }
      if (after.kind !== ',' && !/^or$/i.test(after.text)) this.#fail('a comma or ) is missing before this', after)
    }
  }

  /** `| count by who | top 10` */
  #count(): Count | undefined {
    if (!this.#is('|')) return undefined
    this.#next += 1
    for (const word of ['count', 'by']) {
      if (!this.#isWord(word)) this.#fail('behind | stands: count by FIELD, then maybe | top N')
      this.#next += 1
    }
    const named = this.#take(`count by ${countFields.join(', ')}`)
    const by = countFields.find((known) => known === named.text)
    if (!by) {
      const meant = suggest(named.text, countFields)
      const problem = `count by one of ${countFields.join(', ')}${meant ? `; did you mean ${meant}?` : ''}`
      throw new Fault({ at: named.at, problem, ...(meant && { suggestion: meant }) })
    }
    return { by, top: this.#top() }
  }

  #top(): number {
    if (!this.#is('|')) return DEFAULT_TOP
    this.#next += 1
    if (!this.#isWord('top')) this.#fail('behind count by stands: | top N')
    this.#next += 1
    const number = this.#take('top takes a number')
    const top = /^\d{1,4}$/.test(number.text) ? Number(number.text) : 0
    if (top < 1 || top > MAX_TOP) this.#fail(`top takes a number from 1 to ${MAX_TOP}`, number)
    return top
  }

  get #peek(): Token | undefined {
    return this.#tokens[this.#next]
  }

  #is(kind: Token['kind']): boolean {
    return this.#peek?.kind === kind
  }

  #isWord(word: string): boolean {
    return this.#peek?.kind === 'word' && this.#peek.text.toLowerCase() === word
  }

  #take(missing: string, opened?: Token): Token {
    const token = this.#peek ?? this.#fail(missing, opened)
    this.#next += 1
    return token
  }

  #sound(read: Expression | QueryProblem): Expression {
    if ('problem' in read) throw new Fault(read)
    return read
  }

  #fail(problem: string, token: Token | undefined = this.#peek): never {
    throw new Fault({ at: token?.at ?? this.#end, problem })
  }
}

/** Values of one field, asked for side by side, are alternatives. */
function grouped(run: readonly Expression[]): Expression[] {
  const keyOf = (part: Expression) => (part.kind === 'test' ? part.field : part.kind === 'network' ? 'ip' : undefined)
  const groups = Map.groupBy(run, (part) => keyOf(part) ?? part)
  return [...groups.values()].map((of) => (of.length === 1 ? of[0]! : { kind: 'any', of }))
}
