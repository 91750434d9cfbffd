/** Members of a package, read piece by piece: nothing has to fit into memory but one line, and lines have an end. */

import { concat } from '../../bytes/portable.ts'
import { compareNames, type Source, type ZipMember } from '../../bytes/zip.ts'

/** `at` is where it begins in the archive. */
export type Line = { readonly at: number; readonly bytes: Uint8Array }

const BLOCK_BYTES = 1 << 18
/** The longest line of ours holds evidence of 8 MiB in base64. */
const MAX_LINE_BYTES = 16 << 20
/** What is read as a whole is written by people, or tells of few things. */
const MAX_WHOLE_BYTES = 64 << 20

export class Member {
  readonly source: Source
  readonly name: string
  readonly size: number
  readonly crc: number
  readonly #at: number

  constructor(source: Source, { name, size, crc, at }: ZipMember) {
    this.source = source
    this.name = name
    this.size = size
    this.crc = crc
    this.#at = at
  }

  async *blocks(): AsyncGenerator<Uint8Array> {
    for (let done = 0; done < this.size; done += BLOCK_BYTES)
      yield await this.source.read(this.#at + done, Math.min(BLOCK_BYTES, this.size - done))
  }

  /** All of it. Rejects with a SyntaxError beyond `most`, 64 MiB unless said. */
  async bytes(most = MAX_WHOLE_BYTES): Promise<Uint8Array> {
    if (this.size > most) throw new SyntaxError(`${this.name} has ${this.size} bytes, more than any of ours`)
    return this.source.read(this.#at, this.size)
  }

  /** Lines without their newlines; what follows the last newline is a line, too. Throws a SyntaxError for one beyond 16 MiB. */
  async *lines(): AsyncGenerator<Line> {
    let [at, length] = [this.#at, 0]
    let parts: Uint8Array[] = []
    for await (const block of this.blocks()) {
      let from = 0
      for (let end = block.indexOf(0x0a); end >= 0; end = block.indexOf(0x0a, from)) {
        const tail = block.subarray(from, end)
        const bytes = parts.length === 0 ? tail : concat(...parts, tail)
        yield { at, bytes }
        at += bytes.length + 1
        ;[from, length, parts] = [end + 1, 0, []]
      }
      if (from < block.length) parts.push(block.subarray(from))
      length += block.length - from
      if (length > MAX_LINE_BYTES) throw new SyntaxError(`${this.name} has a line of more than ${MAX_LINE_BYTES} bytes`)
    }
    if (length > 0) yield { at, bytes: concat(...parts) }
  }
}

/** Lines of all members of a folder, in the order of their names. */
export async function* linesIn(members: ReadonlyMap<string, Member>, folder: string): AsyncGenerator<Line> {
  const names = [...members.keys()].filter((name) => name.startsWith(folder)).sort(compareNames)
  for (const name of names) yield* members.get(name)!.lines()
}

const WINDOW_BYTES = 1 << 16
const MAX_WINDOWS = 64

/** The same bytes, with the parts that were read last kept in memory: for many small reads near to each other. */
export function windowed(source: Source): Source {
  const windows = new Map<number, Uint8Array>()
  const windowAt = async (index: number) => {
    const known = windows.get(index)
    if (known) return known
    const at = index * WINDOW_BYTES
    const bytes = await source.read(at, Math.min(WINDOW_BYTES, source.size - at))
    if (windows.size >= MAX_WINDOWS) windows.delete(windows.keys().next().value!)
    windows.set(index, bytes)
    return bytes
  }
  return {
    get size() {
      return source.size
    },
    read: async (at, length) => {
      const [first, last] = [Math.floor(at / WINDOW_BYTES), Math.floor((at + length - 1) / WINDOW_BYTES)]
      if (last - first > 1 || length === 0) return source.read(at, length)
      const start = await windowAt(first)
      const from = at - first * WINDOW_BYTES
      if (first === last) return start.subarray(from, from + length)
      const end = await windowAt(last)
      return concat(start.subarray(from), end.subarray(0, from + length - WINDOW_BYTES))
    },
  }
}
