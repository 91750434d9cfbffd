/**
 * Records by key, however many: the newest are in memory, the others lie on a shelf, and no answer tells which. A record is
 * never changed in place; whoever wants it otherwise sets another one.
 */

import type { Json } from '../bytes/json.ts'

/** Where records lie that were not set lately. */
export interface Shelf {
  /** What was last put there, or undefined when nothing was. Throws when what is kept is not what was put there. */
  readonly get: (book: string, key: string) => Json | undefined
}

/** One record on its way to the shelf; undefined takes it away. */
export type Move = { readonly book: string; readonly key: string; readonly value: Json | undefined }

/** Where a book that keeps an order begins and ends. */
export type Span = { readonly first: number; readonly next: number }

export class Book<V> {
  readonly name: string
  readonly #shelf: Shelf | undefined
  /** Undefined for what the shelf still has and the book has not. */
  #young = new Map<string, V | undefined>()
  /** What is on its way to the shelf. */
  #moving: ReadonlyMap<string, V | undefined> | undefined
  /** Position to key, for a book that keeps the order in which records were added. */
  readonly #order: Book<string> | undefined
  #first = 0
  #next = 0

  constructor(name: string, shelf?: Shelf, isOrdered = false) {
    this.name = name
    this.#shelf = shelf
    this.#order = isOrdered ? new Book<string>(`${name}#`, shelf) : undefined
  }

  get(key: string): V | undefined {
    if (this.#young.has(key)) return this.#young.get(key)
    if (this.#moving?.has(key)) return this.#moving.get(key)
    return this.#shelf?.get(this.name, key) as V | undefined
  }

  has(key: string): boolean {
    return this.get(key) !== undefined
  }

  /** A key that the book does not have yet; it becomes the newest. */
  add(key: string, value: V): void {
    this.set(key, value)
    this.#order?.set(String(this.#next++), key)
  }

  /** Another record under a key that keeps its place. */
  set(key: string, value: V): void {
    this.#young.set(key, value)
  }

  delete(key: string): void {
    if (this.#shelf) this.#young.set(key, undefined)
    else this.#young.delete(key)
  }

  /** The record that was added first, of those that are still there. Only for a book that keeps an order. */
  oldest(): readonly [key: string, value: V] | undefined {
    for (; this.#first < this.#next; this.#order?.delete(String(this.#first++))) {
      const key = this.#order?.get(String(this.#first))
      const value = key === undefined ? undefined : this.get(key)
      if (key !== undefined && value !== undefined) return [key, value]
    }
    return undefined
  }

  /**
   * Newest first, one by one, from the first that is not too new, at most `limit`. Only for a book that keeps an order and
   * loses no records.
   */
  *newest(limit: number, isTooNew?: (value: V) => boolean): Generator<V> {
    let [from, to] = [isTooNew ? this.#first : this.#next, this.#next]
    while (from < to) {
      const middle = Math.floor((from + to) / 2)
      const value = this.#at(middle)
      if (value !== undefined && isTooNew?.(value)) to = middle
      else from = middle + 1
    }
    for (let position = to - 1; position >= Math.max(this.#first, to - limit); position -= 1) {
      const value = this.#at(position)
      if (value !== undefined) yield value
    }
  }

  #at(position: number): V | undefined {
    const key = this.#order?.get(String(position))
    return key === undefined ? undefined : this.get(key)
  }

  /** What is not on the shelf, oldest first. */
  *young(): Generator<readonly [key: string, value: V]> {
    for (const part of [this.#moving ?? [], this.#young])
      for (const [key, value] of part) if (value !== undefined && this.get(key) === value) yield [key, value]
  }

  get span(): Span | undefined {
    return this.#order && this.#shelf && { first: this.#first, next: this.#next }
  }

  /** Goes on where a book with a shelf was when its state was saved. */
  resume({ first, next }: Span): void {
    this.#first = first
    this.#next = next
  }

  /** Everything young, to be put on the shelf; it is answered from memory until `settle`. */
  move(): Move[] {
    this.#moving = new Map([...(this.#moving ?? []), ...this.#young])
    this.#young = new Map()
    const own = [...this.#moving].map(([key, value]) => ({ book: this.name, key, value: value as Json | undefined }))
    return [...own, ...(this.#order?.move() ?? [])]
  }

  /** What was moved is on the shelf now. */
  settle(): void {
    this.#moving = undefined
    this.#order?.settle()
  }
}
