/**
 * What the log folded to, so that a start does not fold everything: a small state, and a shelf of records that memory need not
 * hold. Both are one database, written in one transaction, and believed only as this log signed them: the note covers the state and
 * the tags of all boxes, so a record that was edited, taken out or put back into an older form is found when it is asked for.
 *
 * Whoever can write the file can have it thrown away and made anew from the log, and no more.
 */

import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { equal } from '../bytes/digest.ts'
import type { Json } from '../bytes/json.ts'
import type { Move, Shelf } from '../domain/book.ts'
import * as box from './box.ts'
import { reasonOf, StoreError } from './error.ts'
import { Recent } from './recent.ts'
import { connect } from './shelf-database.ts'
import { digestPiece, openSnapshot, signSnapshot, type Snapshot, type SnapshotKeys } from './snapshot.ts'

export interface StateShelf extends Shelf, Disposable {
  /**
   * What was saved last, if it is of at most `maxSize` leaves, whole and signed; else undefined, and the shelf is empty. Waits for
   * what is being saved.
   */
  load(maxSize: number): Promise<Snapshot | undefined>
  /** All of it or nothing: the state's bytes, piece by piece, and every move. One at a time. Others get their turn meanwhile. */
  save(size: number, state: Iterable<Uint8Array>, moves: readonly Move[]): Promise<void>
  /** Forgets everything. */
  clear(): void
}

export interface ShelfOptions extends SnapshotKeys {
  readonly directory: string
}

const FILE = 'shelf.db'
const TAG_PIECE_BYTES = 1 << 16
const TURN_MS = 2
type Turn = () => Promise<void> | undefined

/** Opens the directory's shelf, or begins it again when it is no database. Throws a StoreError when it cannot be made. */
export function openShelf(options: ShelfOptions): StateShelf {
  try {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 })
    // Snapshots of earlier versions: nothing reads them any more.
    for (const name of readdirSync(options.directory)) if (/^\d+$/.test(name)) rmSync(join(options.directory, name))
    return new SqliteShelf(options)
  } catch (cause) {
    throw new StoreError('unwritable', `couldn't open the shelf in ${options.directory}: ${reasonOf(cause)}`, { cause })
  }
}

/** Where a save stands: what readers see while it runs, and what counts once it is committed. */
type Boxes = { readonly layout: box.Layout; tags: Uint8Array }

class SqliteShelf implements StateShelf {
  readonly #options: ShelfOptions
  readonly #recent = new Recent()
  #database: DatabaseSync
  #read!: StatementSync
  #boxes: Boxes = empty()
  /** The tags of the save before, to be written over: they have megabytes, and saves are many. */
  #spare: Uint8Array = new Uint8Array()
  #saving: Promise<void> = Promise.resolve()

  constructor(options: ShelfOptions) {
    this.#options = options
    this.#database = this.#open()
  }

  #open(): DatabaseSync {
    const path = join(this.#options.directory, FILE)
    try {
      this.#database = connect(path)
    } catch {
      for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
      this.#database = connect(path)
    }
    this.#read = this.#database.prepare('SELECT body FROM box WHERE number = ?')
    return this.#database
  }

  async load(maxSize: number): Promise<Snapshot | undefined> {
    await this.#saving.catch(() => undefined)
    this.#recent.clear()
    const saved = attempt(() => this.#saved())
    if (saved && saved.snapshot.size <= maxSize) {
      this.#boxes = saved.boxes
      return saved.snapshot
    }
    this.#begin(maxSize)
    return undefined
  }

  #saved(): { readonly snapshot: Snapshot; readonly boxes: Boxes } | undefined {
    const note = this.#database.prepare('SELECT text FROM note').get()?.['text']
    if (typeof note !== 'string') return undefined
    const pieces = this.#database.prepare('SELECT bytes FROM piece ORDER BY number').all()
    const [first = new Uint8Array(), ...rest] = pieces.map(({ bytes }) => bytes as Uint8Array)
    const size = openSnapshot(note, [first, ...rest], this.#options)
    const layout = JSON.parse(Buffer.from(first).toString()) as box.Layout
    const tagPieces = Math.ceil((layout.boxes * box.TAG_BYTES) / TAG_PIECE_BYTES)
    const boxes = { layout, tags: new Uint8Array(Buffer.concat(rest.slice(0, tagPieces))) }
    return { snapshot: { size, bytes: Buffer.concat(rest.slice(tagPieces)) }, boxes }
  }

  get(book: string, key: string): Json | undefined {
    const name = box.nameOf(book, key)
    return this.#recent.get(name, () => {
      const json = box.find(this.#body(box.boxOf(name, this.#boxes.layout), this.#boxes), name)
      return json === undefined ? undefined : (JSON.parse(json) as Json)
    })
  }

  #body(number: number, { tags }: Boxes): Uint8Array {
    const body = (attempt(() => this.#read.get(number)?.['body']) as Uint8Array | undefined) ?? new Uint8Array()
    if (equal(box.tagOf(body), tagAt(tags, number))) return body
    throw new StoreError(
      'damaged',
      `what ${join(this.#options.directory, FILE)} keeps is not what was put there; stop the server, delete that file and start again: it is made anew from the log`,
    )
  }

  async save(size: number, state: Iterable<Uint8Array>, moves: readonly Move[]): Promise<void> {
    await this.#saving.catch(() => undefined)
    this.#saving = this.#transact(size, state, moves)
    await this.#saving
  }

  /** A crash anywhere in here leaves what was saved before, and the log has the rest. */
  async #transact(size: number, state: Iterable<Uint8Array>, moves: readonly Move[]): Promise<void> {
    const before = this.#boxes
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      this.#boxes = { layout: { ...before.layout }, tags: copyOf(before.tags, this.#spare) }
      const turn = takeTurns()
      await this.#put(moves, turn)
      await this.#sign(size, state, turn)
      this.#database.exec('COMMIT')
      this.#spare = before.tags
    } catch (error) {
      attempt(() => this.#database.exec('ROLLBACK'))
      this.#boxes = before
      this.#recent.clear()
      throw error
    }
  }

  async #put(moves: readonly Move[], turn: Turn): Promise<void> {
    const { layout } = this.#boxes
    const write = this.#writer()
    for (const [number, inBox] of await grouped(moves, layout, turn)) {
      const records = box.open(this.#body(number, this.#boxes))
      const had = records.size
      for (const [name, json] of inBox) {
        if (json === undefined) records.delete(name)
        else records.set(name, json)
        this.#recent.delete(name)
      }
      write(number, records)
      layout.records += records.size - had
      await turn()
    }
    for (; box.isCrowded(layout); await turn()) this.#split(write)
  }

  #split(write: (number: number, records: ReadonlyMap<string, string>) => void): void {
    const { layout } = this.#boxes
    const [old, added] = [box.nextToSplit(layout.boxes), layout.boxes]
    const records = [...box.open(this.#body(old, this.#boxes))]
    layout.boxes += 1
    const isMoved = ([name]: readonly [string, string]) => box.boxOf(name, layout) === added
    write(old, new Map(records.filter((record) => !isMoved(record))))
    write(added, new Map(records.filter(isMoved)))
  }

  #writer(): (number: number, records: ReadonlyMap<string, string>) => void {
    const put = this.#database.prepare('INSERT OR REPLACE INTO box VALUES(?, ?)')
    const remove = this.#database.prepare('DELETE FROM box WHERE number = ?')
    return (number, records) => {
      const body = box.close(records)
      if (body.length === 0) remove.run(number)
      else put.run(number, body)
      this.#boxes.tags = withTag(this.#boxes.tags, number, box.tagOf(body))
    }
  }

  async #sign(size: number, state: Iterable<Uint8Array>, turn: Turn): Promise<void> {
    const { layout, tags } = this.#boxes
    this.#database.exec('DELETE FROM piece')
    const put = this.#database.prepare('INSERT INTO piece(bytes) VALUES(?)')
    const digests: Uint8Array[] = []
    for (const piece of piecesOf(layout, tags, state)) {
      put.run(piece)
      digests.push(digestPiece(piece))
      await turn()
    }
    const text = signSnapshot(size, digests, this.#options)
    this.#database.prepare('INSERT OR REPLACE INTO note VALUES(1, ?)').run(text)
  }

  clear(): void {
    this.#begin(0)
  }

  /** For about so many records. */
  #begin(records: number): void {
    this.#boxes = empty(box.boxesFor(records))
    this.#recent.clear()
    // Not emptied but begun again: a file that somebody broke mends, and its space is given back.
    attempt(() => this.#database.close())
    rmSync(join(this.#options.directory, FILE), { force: true })
    for (const suffix of ['-wal', '-shm']) rmSync(join(this.#options.directory, FILE + suffix), { force: true })
    this.#open()
  }

  [Symbol.dispose](): void {
    attempt(() => this.#database.close())
  }
}

function empty(boxes = box.MIN_BOXES): Boxes {
  const layout = { boxes, records: 0, salt: randomBytes(16).toString('hex') }
  return { layout, tags: new Uint8Array(boxes * box.TAG_BYTES) }
}

function copyOf(tags: Uint8Array, into: Uint8Array): Uint8Array {
  if (into.length !== tags.length || into === tags) return Uint8Array.from(tags)
  into.set(tags)
  return into
}

function tagAt(tags: Uint8Array, number: number): Uint8Array {
  return tags.subarray(number * box.TAG_BYTES, (number + 1) * box.TAG_BYTES)
}

/** In place where there is room; room grows by half. */
function withTag(tags: Uint8Array, number: number, tag: Uint8Array): Uint8Array {
  const end = (number + 1) * box.TAG_BYTES
  const roomy = end <= tags.length ? tags : new Uint8Array(Math.ceil((end * 3) / 2 / box.TAG_BYTES) * box.TAG_BYTES)
  if (roomy !== tags) roomy.set(tags)
  roomy.set(tag, number * box.TAG_BYTES)
  return roomy
}

type InBox = [name: string, json: string | undefined][]

/** By box, so that each is opened once, from the first to the last as the file has them. */
async function grouped(moves: readonly Move[], layout: box.Layout, turn: Turn): Promise<[number, InBox][]> {
  const boxes = new Map<number, InBox>()
  for (const { book, key, value } of moves) {
    const name = box.nameOf(book, key)
    const number = box.boxOf(name, layout)
    const inBox = boxes.get(number) ?? []
    boxes.set(number, inBox)
    inBox.push([name, value === undefined ? undefined : JSON.stringify(value)])
    await turn()
  }
  return [...boxes].sort(([one], [other]) => one - other)
}

function* piecesOf(layout: box.Layout, tags: Uint8Array, state: Iterable<Uint8Array>): Generator<Uint8Array> {
  yield Buffer.from(JSON.stringify(layout))
  const end = layout.boxes * box.TAG_BYTES
  for (let from = 0; from < end; from += TAG_PIECE_BYTES)
    yield tags.subarray(from, Math.min(end, from + TAG_PIECE_BYTES))
  yield* state
}

/** Something to wait for, once in a while. */
function takeTurns(): Turn {
  let startedAt = performance.now()
  return () => {
    if (performance.now() - startedAt < TURN_MS) return undefined
    return new Promise((resolve) =>
      setImmediate(() => {
        startedAt = performance.now()
        resolve()
      }),
    )
  }
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}
