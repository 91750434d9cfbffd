/** The proven leaves of a package, any of which can be read again at its place. */

import { decodeText } from '../../bytes/portable.ts'
import type { Source } from '../../bytes/zip.ts'
import { windowed, type Line } from './archive.ts'
import { Growing } from './growing.ts'
import { parsePlainLeaf, type PlainLeaf } from './plain-leaf.ts'

export class Leaves {
  readonly #from: number
  readonly #source: Source
  readonly #starts = new Growing('larger')
  readonly #lengths = new Growing('up to 2^32')

  /** `from` is the index of the first. */
  constructor(from: number, source: Source) {
    this.#from = from
    this.#source = windowed(source)
  }

  get count(): number {
    return this.#starts.size
  }

  /** The next one. */
  add({ at, bytes }: Line): void {
    this.#starts.push(at)
    this.#lengths.push(bytes.length)
  }

  /** Undefined outside of the range. */
  async bytes(leafIndex: number): Promise<Uint8Array | undefined> {
    const place = leafIndex - this.#from
    if (place < 0 || place >= this.count) return undefined
    return this.#source.read(this.#starts.at(place), this.#lengths.at(place))
  }

  async text(leafIndex: number): Promise<string> {
    return decodeText((await this.bytes(leafIndex)) ?? new Uint8Array(0))
  }

  async leaf(leafIndex: number): Promise<PlainLeaf | undefined> {
    const bytes = await this.bytes(leafIndex)
    return bytes && parsePlainLeaf(decodeText(bytes), leafIndex)
  }
}
