/** The index's side of the trail: leaves become rows, in the order of the log, and questions are answered. It never sees the state. */

import type { Disclosure } from '../../bytes/disclosure.ts'
import { base64url, utf8 } from '../../bytes/text.ts'
import { reread, type Leaf } from '../../domain/leaf.ts'
import type { Indexed, Trail } from '../../index/trail.ts'
import { openSeal } from '../seal.ts'
import { indexed } from '../view/row.ts'
import { unpack, type Batch, type Packed } from './batch.ts'
import { Memory, type Facts } from './memory.ts'
import type { FromIndex, Question, ToIndex } from './word.ts'

/** A grant may lead to a release, and no further. */
const MAX_ROUNDS = 4

type Say = (message: FromIndex) => void

export class Indexer {
  readonly #trail: Trail
  readonly #say: Say
  readonly #memory = new Memory()
  #turn: Promise<void> = Promise.resolve()
  #learn: ((facts: Facts) => void) | undefined

  constructor(trail: Trail, say: Say) {
    this.#trail = trail
    this.#say = say
    const { size } = trail
    const ends = [...new Set([0, Math.floor(size / 2), size - 1])].filter((index) => index >= 0 && index < size)
    say({ type: 'opened', size, ends: trail.rows(ends) })
  }

  /** Never throws. */
  hear(message: ToIndex): void {
    switch (message.type) {
      case 'batch':
        this.#turn = this.#turn.then(() => this.#take(message.batch))
        return
      case 'facts':
        return this.#learn?.(message.facts)
      case 'question':
        return this.#answer(message.id, message.name, message.args)
      case 'close':
        this.#turn = this.#turn.then(() => this.#close())
    }
  }

  async #take(batch: Batch): Promise<void> {
    let rows: readonly Indexed[] = []
    let trouble: string | undefined
    try {
      rows = await this.#rowsOf(batch)
      this.#trail.append(rows)
      this.#trail.flush()
      trouble = this.#trail.trouble
    } catch (error) {
      trouble = `couldn't index leaves from ${batch.from} on: ${(error as Error).message}`
    }
    this.#say({ type: 'taken', mark: { size: this.#trail.size, at: rows.at(-1)?.at, trouble } })
  }

  /** A row that lacks something is made again when it is known. */
  async #rowsOf(batch: Batch): Promise<Indexed[]> {
    const packed = unpack(batch)
    const rows: Indexed[] = []
    this.#memory.forgetNothings()
    let lacking = packed.map((_, index) => index)
    for (let round = 0; lacking.length > 0 && round < MAX_ROUNDS; round += 1) {
      if (round > 0) this.#memory.learn(await this.#ask())
      lacking = lacking.filter((index) => {
        this.#memory.beginRow()
        rows[index] = rowOf(packed[index]!, this.#memory)
        return this.#memory.isRowLacking
      })
    }
    return rows
  }

  #ask(): Promise<Facts> {
    const { promise, resolve } = Promise.withResolvers<Facts>()
    this.#learn = resolve
    this.#say({ type: 'wanted', wanted: this.#memory.wanted })
    return promise
  }

  #answer(id: number, name: Question, args: readonly unknown[]): void {
    try {
      const value = name === 'labels' ? this.#labels(args[0] as readonly string[]) : this.#askTrail(name, args)
      this.#say({ type: 'answer', id, size: this.#trail.size, value })
    } catch (error) {
      this.#say({ type: 'failure', id, problem: (error as Error).message })
    }
  }

  #askTrail(name: Exclude<Question, 'labels'>, args: readonly unknown[]): unknown {
    return (this.#trail[name] as (...given: readonly unknown[]) => unknown)(...args)
  }

  #labels(ids: readonly string[]): (readonly [string, string])[] {
    return ids.flatMap((id) => {
      const label = this.#trail.labelOf(id)
      return label === undefined ? [] : [[id, label] as const]
    })
  }

  #close(): void {
    this.#trail[Symbol.dispose]()
    this.#say({ type: 'closed' })
  }
}

/** A leaf is parsed for its row and dropped: memory holds rows, which are small, and one leaf. */
function rowOf({ leafIndex, leaf: bytes, kept }: Packed, memory: Memory): Indexed {
  const leaf = reread(bytes)
  return indexed(leaf, leafIndex, memory, kept ? openAddress(leaf, kept) : [])
}

/** Of what is kept beside a leaf the index takes an address alone; what cannot be read there was committed to by nobody. */
function openAddress({ personal }: Leaf, kept: Uint8Array): Disclosure[] {
  try {
    const texts = JSON.parse(utf8.decode(kept)) as readonly string[]
    const addresses = texts.filter((text) => ADDRESS.test(utf8.decode(base64url.decode(text))))
    return openSeal(personal, utf8.encode(JSON.stringify(addresses)))
  } catch {
    return []
  }
}

/** `["salt","ip",…]` */
const ADDRESS = /^\s*\[\s*"[^"]*"\s*,\s*"ip"\s*,/
