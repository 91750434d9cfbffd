/**
 * A state as lines of JSON, one for each member of each map, so that neither side ever holds all of it as one text.
 *
 *     ["at",1763900000000]
 *     ["people","person:…",{"id":"person:…","roles":{"map":[["admin",null]]},…}]
 */

import { equal } from '../bytes/digest.ts'
import { utf8 } from '../bytes/text.ts'
import { Book, type Shelf, type Span } from './book.ts'
import { empty, spell, unspell, type ReadonlyState, type State } from './state.ts'

const CHUNK_LENGTH = 1 << 18

/** Raised whenever the same leaves fold to another state: a snapshot of another version is no shortcut any more. */
const VERSION = 4

function headOf(state: ReadonlyState): unknown[] {
  return ['snapshot', VERSION, ...Object.keys(state).sort()]
}

/** UTF-8, in pieces of some hundred kilobytes. */
export function* formatSnapshot(state: ReadonlyState): Generator<Uint8Array> {
  let text = ''
  for (const line of linesOf(state)) {
    text += `${JSON.stringify(line)}\n`
    if (text.length < CHUNK_LENGTH) continue
    yield utf8.encode(text)
    text = ''
  }
  yield utf8.encode(text)
}

function* linesOf(state: ReadonlyState): Generator<unknown[]> {
  yield headOf(state)
  for (const [name, member] of Object.entries(state)) {
    if (member === undefined) yield [name]
    else if (member instanceof Book) yield* linesOfBook(member as Book<unknown>)
    else if (!(member instanceof Map)) yield [name, spell(member)]
    else for (const [key, value] of member as Map<string, unknown>) yield [name, key, spell(value)]
  }
}

/** What lies on the shelf stays there. */
function* linesOfBook(book: Book<unknown>): Generator<unknown[]> {
  if (book.span) yield [book.name, book.span]
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
