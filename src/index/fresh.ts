/** The newest segment, in memory until it is full. */

import { isInside } from '../match/predicate.ts'
import type { Network } from '../match/query.ts'
import { wordsOf } from '../match/word.ts'
import { noBits, put, type Bits } from './bits.ts'
import { timeOf, type Packed } from './block.ts'
import { postingOf, type Posting } from './posting.ts'
import type { Entry } from './run.ts'
import type { Counted, Segment } from './segment.ts'
import { addKeys, bothOf, keysOf, kindOf, kinds, textOf, threeOf, type KeyKind } from './token.ts'
import type { Indexed } from './trail.ts'

/** One, or several in ascending order: most keys are had by one leaf only, which needs no list. */
type Offsets = number | number[]
/** A word, and how often another one follows it: no text is put together for every two that are neighbours. */
type Word = { readonly text: string; offsets: Offsets; readonly next: Map<Word, Offsets> }
type Keys = Readonly<Record<(typeof kinds)[number], Map<string, Offsets>>>

export class FreshSegment implements Segment {
  readonly start: number
  readonly #keys = Object.fromEntries(kinds.map((kind) => [kind, new Map<string, Offsets>()])) as Keys
  readonly #words = new Map<string, Word>()
  readonly #rows: Packed[] = []
  readonly #addresses = new Map<number, string>()

  constructor(start: number) {
    this.start = start
  }

  get length(): number {
    return this.#rows.length
  }

  get counts(): Counted {
    return [...this.entries('s')].map(({ key, n }) => [Number(key.slice(1)), n])
  }

  get addresses(): ReadonlyMap<number, string> {
    return this.#addresses
  }

  add(row: Indexed, packed: Packed): void {
    const offset = this.#rows.length
    this.#put('s', String(packed[0]), offset)
    addKeys(row, (kind, text) => this.#put(kind, text, offset))
    this.#addWords(wordsOf(row.sentence), offset)
    if (row.ip !== undefined) this.#addresses.set(offset, row.ip)
    this.#rows.push(packed)
  }

  #put(kind: keyof Keys, text: string, offset: number): void {
    const keys = this.#keys[kind]
    const known = keys.get(text)
    const offsets = known === undefined ? offset : more(known, offset)
    if (offsets !== known) keys.set(text, offsets)
  }

  #addWords(words: readonly string[], offset: number): void {
    let before: Word | undefined
    const repeated = new Set<string>()
    for (const text of words) {
      const known = this.#words.get(text)
      const word = known ?? { text, offsets: offset, next: new Map<Word, Offsets>() }
      if (!known) this.#words.set(text, word)
      else if (lastOf(known.offsets) === offset) repeated.add(text)
      else known.offsets = more(known.offsets, offset)
      if (before) {
        const follows = before.next.get(word)
        before.next.set(word, follows === undefined ? offset : more(follows, offset))
      }
      before = word
    }
    if (repeated.size > 0) this.#addRepeated(words, repeated, offset)
  }

  #addRepeated(words: readonly string[], repeated: ReadonlySet<string>, offset: number): void {
    for (const [index, text] of words.entries()) {
      if (!repeated.has(text)) continue
      this.#put('x', text, offset)
      if (index > 0 && index + 1 < words.length)
        this.#put('t', threeOf(words[index - 1]!, text, words[index + 1]!), offset)
    }
  }

  posting(key: string): Posting | undefined {
    const offsets = this.#find(kindOf(key), textOf(key))
    return offsets === undefined ? undefined : postingOf(listOf(offsets))
  }

  #find(kind: KeyKind, text: string): Offsets | undefined {
    if (kind === 'w') return this.#words.get(text)?.offsets
    if (kind !== 'b') return this.#keys[kind].get(text)
    const [first, second] = text.split(' ').map((word) => this.#words.get(word))
    return first && second && first.next.get(second)
  }

  *entries(prefix: string): Generator<Entry, void> {
    for (const [key, offsets] of this.#sorted(kindOf(prefix), textOf(prefix))) yield { key, ...postingOf(offsets) }
  }

  /** The kinds of keys that it has. */
  get kinds(): string {
    return [...kinds, 'b', 'w'].filter((kind) => this.#texts(kind as KeyKind).size > 0).join('')
  }

  /** Everything it is found by, in the order of the keys. */
  *sorted(): Generator<readonly [key: string, offsets: readonly number[]], void> {
    for (const kind of [...kinds, 'b', 'w'].toSorted()) yield* this.#sorted(kind as KeyKind, '')
  }

  *#sorted(kind: KeyKind, prefix: string): Generator<readonly [key: string, offsets: readonly number[]], void> {
    const found = this.#texts(kind)
    const texts: string[] = []
    for (const text of found.keys()) if (text.startsWith(prefix)) texts.push(text)
    texts.sort()
    const keys = keysOf(kind, texts)
    const entries = texts.map((text, index) => [keys[index]!, listOf(found.get(text)!)] as const)
    // Texts are in the order of UTF-16, which that of their bytes differs from where neither is ASCII.
    const isSorted = keys.every((key, index) => index === 0 || keys[index - 1]! < key)
    yield* isSorted ? entries : entries.sort(([a], [b]) => (a < b ? -1 : 1))
  }

  #texts(kind: KeyKind): ReadonlyMap<string, Offsets> {
    if (kind !== 'w' && kind !== 'b') return this.#keys[kind]
    const found = new Map<string, Offsets>()
    for (const { text, offsets, next } of this.#words.values())
      if (kind === 'w') found.set(text, offsets)
      else for (const [second, both] of next) found.set(bothOf(text, second.text), both)
    return found
  }

  rows(offsets: readonly number[]): Packed[] {
    return offsets.map((offset) => this.#rows[offset]!)
  }

  at(offset: number): number {
    return timeOf(this.#rows[offset]!)
  }

  within(network: Network): Bits {
    const bits = noBits()
    const inside = new Map<string, boolean>()
    for (const [offset, ip] of this.#addresses) {
      const known = inside.get(ip) ?? isInside(ip, network)
      inside.set(ip, known)
      if (known) put(bits, offset)
    }
    return bits
  }

  forget(offset: number): void {
    this.#addresses.delete(offset)
  }
}

function more(offsets: Offsets, offset: number): Offsets {
  if (typeof offsets === 'number') return offsets === offset ? offsets : [offsets, offset]
  if (offsets[offsets.length - 1] !== offset) offsets.push(offset)
  return offsets
}

function lastOf(offsets: Offsets): number {
  return typeof offsets === 'number' ? offsets : offsets[offsets.length - 1]!
}

function listOf(offsets: Offsets): readonly number[] {
  return typeof offsets === 'number' ? [offsets] : offsets
}
