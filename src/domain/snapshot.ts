/**
 * A state as lines of JSON, one for each member of each map, so that neither side ever holds all of it as one text.
 *
 *     ["at",1763900000000]
 *     ["people","person:…",{"id":"person:…","roles":{"map":[["admin",null]]},…}]
 */

import { equal } from '../bytes/digest.ts'
import { utf8 } from '../bytes/text.ts'
import { Book, type Move, type Shelf, type Span } from './book.ts'
import { empty, spell, unspell, type ReadonlyState, type State } from './state.ts'

const CHUNK_LENGTH = 1 << 18

/** Raised whenever the same leaves fold to another state: a snapshot of another version is no shortcut any more. */
const VERSION = 8

function headOf(state: ReadonlyState): unknown[] {
  return ['snapshot', VERSION, ...Object.keys(state).sort()]
}

/** UTF-8, in pieces of some hundred kilobytes. Without records it is only good beside the shelf that has them. */
export function* formatSnapshot(state: ReadonlyState, hasRecords = true): Generator<Uint8Array> {
  let text = ''
  for (const line of linesOf(state, hasRecords)) {
    text += `${JSON.stringify(line)}\n`
    if (text.length < CHUNK_LENGTH) continue
    yield utf8.encode(text)
    text = ''
  }
  yield utf8.encode(text)
}

function* linesOf(state: ReadonlyState, hasRecords: boolean): Generator<unknown[]> {
  yield headOf(state)
  for (const [name, member] of Object.entries(state)) {
    if (member === undefined) yield [name]
    else if (member instanceof Book) yield* linesOfBook(member as Book<unknown>, hasRecords)
    else if (!(member instanceof Map)) yield [name, spell(member)]
    else for (const [key, value] of member as Map<string, unknown>) yield [name, key, spell(value)]
  }
}

/** A state on its way to a shelf: what it is now, whatever happens to it meanwhile. */
export type Taken = {
  readonly pieces: readonly Uint8Array[]
  readonly moves: readonly Move[]
  /** To be called once all of it is saved. */
  readonly settle: () => void
}

export function takeSnapshot(state: ReadonlyState): Taken {
  const books = Object.values(state as Record<string, unknown>).filter((member) => member instanceof Book)
  const moves = books.flatMap((book) => book.move())
  const settle = () => {
    for (const book of books) book.settle()
  }
  return { moves, pieces: [...formatSnapshot(state, false)], settle }
}

/** Where the book ends; what lies on the shelf, or is on its way there, is not in it. */
function* linesOfBook(book: Book<unknown>, hasRecords: boolean): Generator<unknown[]> {
  if (book.span) yield [book.name, book.span]
  if (!hasRecords) return
  for (const [key, value] of book.young()) yield [book.name, key, spell(value)]
}

/** The reverse. Only ever given bytes whose signature was checked; throws for anything that `formatSnapshot` does not write. */
export function parseSnapshot(bytes: Uint8Array, shelf?: Shelf): State {
  const state = empty(shelf) as unknown as Record<string, unknown>
  const head = utf8.encode(`${JSON.stringify(headOf(empty()))}\n`)
  if (!equal(bytes.subarray(0, head.length), head)) throw new SyntaxError('the snapshot is of another version')
  for (let from = head.length; from < bytes.length;) {
    const end = bytes.indexOf(0x0a, from)
    if (end < 0) throw new SyntaxError('the snapshot ends within a line')
    const [name, ...rest] = JSON.parse(utf8.decode(bytes.subarray(from, end))) as [string, ...unknown[]]
    const member = state[name]
    if (rest.length === 2 && member instanceof Map) member.set(rest[0], unspell(rest[1]))
    else if (rest.length === 2 && member instanceof Book) member.add(String(rest[0]), unspell(rest[1]))
    else if (rest.length === 1 && member instanceof Book) member.resume(rest[0] as Span)
    else if (rest.length === 1 && Object.hasOwn(state, name) && !(member instanceof Map)) state[name] = unspell(rest[0])
    // A name alone: what is not there yet.
    else if (rest.length === 0 && Object.hasOwn(state, name)) state[name] = undefined
    else throw new SyntaxError(`the snapshot has a line that no state has: ${name}`)
    from = end + 1
  }
  return state as unknown as State
}
