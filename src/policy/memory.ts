/** The latest answers, each by all of its question that the policies can tell apart: so an answer can be early, never another one's. */

import type { Mentions } from './mention.ts'
import type { CedarValue, EntityUid, Question } from './question.ts'

const MAX_REMEMBERED = 4096
const MAX_KEY_LENGTH = 4096
const MAX_DEPTH = 32

type Answer = { readonly errors: readonly string[] }

/** What `think` answers; `unreadable` to a question with a value that no policy can read. */
export function remember<A extends Answer>(
  think: (question: Question) => A,
  mentions: Mentions,
  unreadable: A,
): (question: Question) => A {
  const answers = new Map<string, A>()
  return (question) => {
    const key = keyOf(question, mentions)
    if (key === undefined) return unreadable
    const known = answers.get(key)
    if (known) return known
    const fresh = think(question)
    // An error may name who asked.
    if (key.length > MAX_KEY_LENGTH || fresh.errors.length > 0) return fresh
    if (answers.size >= MAX_REMEMBERED) answers.delete(answers.keys().next().value!)
    answers.set(key, fresh)
    return fresh
  }
}

/**
 * Equal for questions that no policy of the set can answer differently. Undefined for numbers that are not finite, lone surrogates
 * and endless nesting.
 */
export function keyOf(question: Question, mentions: Mentions): string | undefined {
  const key = new Key(mentions)
  const { principal, action, resource, context, entities } = question
  const parts = [JSON.stringify(action), key.uid(principal), key.uid(resource), key.context(context)]
  for (const { uid, attrs, parents } of entities)
    parts.push(key.uid(uid), key.value(attrs, 0), `[${parents.map((parent) => key.uid(parent)).join()}]`)
  return key.isReadable ? parts.join('\n') : undefined
}

class Key {
  isReadable = true
  readonly #mentions: Mentions
  /** Entities that nobody names, in the order in which the question brings them up. */
  readonly #met = new Map<string, number>()

  constructor(mentions: Mentions) {
    this.#mentions = mentions
  }

  uid({ type, id }: EntityUid): string {
    if (this.#mentions.ids.has(id)) return `${this.#text(type)}${this.#text(id)}`
    const name = `${this.#text(type)}${this.#text(id)}`
    const met = this.#met.get(name) ?? this.#met.size
    this.#met.set(name, met)
    return `${JSON.stringify(type)}~${met}`
  }

  context(context: Question['context']): string {
    const members = Object.entries(context).map(([name, value]) => `${this.#text(name)}:${this.#member(name, value)}`)
    return `{${members.sort().join()}}`
  }

  /** A number that is only compared with some others is known by how many of them it is above, or which one it is. */
  #member(name: string, value: CedarValue): string {
    const limits = Number.isSafeInteger(value) ? this.#mentions.limits(name) : undefined
    if (!limits) return this.value(value, 0)
    const above = limits.filter((limit) => limit < (value as number)).length
    return limits[above] === value ? `=${above}` : `>${above}`
  }

  value(value: CedarValue, depth: number): string {
    if (depth > MAX_DEPTH) this.isReadable = false
    if (!this.isReadable) return ''
    if (typeof value === 'string') return this.#text(value)
    if (typeof value === 'number' && !Number.isFinite(value)) this.isReadable = false
    if (typeof value !== 'object' || value === null) return String(value)
    if (Array.isArray(value)) return `[${value.map((one: CedarValue) => this.value(one, depth + 1)).join()}]`
    if (Object.hasOwn(value, '__entity')) return `@${this.uid((value as { __entity: EntityUid }).__entity)}`
    const members = Object.entries(value as Readonly<Record<string, CedarValue>>)
    return `{${members
      .map(([name, one]) => `${this.#text(name)}:${this.value(one, depth + 1)}`)
      .sort()
      .join()}}`
  }

  #text(text: string): string {
    if (!text.isWellFormed()) this.isReadable = false
    return JSON.stringify(text)
  }
}
