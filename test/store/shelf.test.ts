/** The shelf against a plain map, and against whoever edits its file or kills its process. */

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '../../src/bytes/json.ts'
import { boxOf, isCrowded, MIN_BOXES, nameOf, nextToSplit, type Layout } from '../../src/store/box.ts'
import { openShelf, type ShelfOptions } from '../../src/store/shelf.ts'
import { origin, TestDirectory } from './world.ts'

const state = (size: number) => [Buffer.from(`{"leaves":`), Buffer.from(`${size}}`)]
const optionsOf = ({ path, signer }: TestDirectory): ShelfOptions => ({ directory: path, origin, signer })
const move = (key: string, value?: Json) => ({ book: 'commits', key, value })

test('whatever is put, changed and taken away is what a map would hold, also after another start', async () => {
  const change = fc.record({
    book: fc.constantFrom('commits', 'releases', 'releases#'),
    key: fc.oneof(fc.integer({ min: 0, max: 500 }).map(String), fc.string()),
    value: fc.option(fc.oneof(fc.string(), fc.record({ text: fc.string() })), { nil: undefined }),
  })
  const rounds = fc.array(fc.array(change, { maxLength: 300 }), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(rounds, async (saves) => {
      using directory = new TestDirectory()
      const expected = new Map<string, Json>()
      for (const [round, moves] of saves.entries()) {
        using shelf = openShelf(optionsOf(directory))
        expect((await shelf.load(100))?.size).toBe(round === 0 ? undefined : round - 1)
        for (const { book, key } of moves) expect(shelf.get(book, key)).toEqual(expected.get(nameOf(book, key)))
        await shelf.save(round, state(round), moves)
        for (const { book, key, value } of moves)
          if (value === undefined) expected.delete(nameOf(book, key))
          else expected.set(nameOf(book, key), value)
        for (const { book, key } of moves) expect(shelf.get(book, key)).toEqual(expected.get(nameOf(book, key)))
      }
    }),
    { numRuns: 25 },
  )
})

test('boxes are shared out one by one: a record is always in the box that its name says, and no box is long', async () => {
  using directory = new TestDirectory()
  using shelf = openShelf(optionsOf(directory))
  const keys = Array.from({ length: 4_000 }, (_, number) => `commit ${number}`)
  for (let from = 0; from < keys.length; from += 500)
    await shelf.save(
      from,
      state(from),
      keys.slice(from, from + 500).map((key) => move(key, { key })),
    )
  expect(keys.every((key) => (shelf.get('commits', key) as { key: string }).key === key)).toBe(true)
  using database = new DatabaseSync(join(directory.path, 'shelf.db'), { readOnly: true })
  const longest = database.prepare('SELECT max(length(body)) AS most, count(*) AS boxes FROM box').get()!
  expect(longest['boxes']).toBeGreaterThan(900)
  expect(longest['most']).toBeLessThan(1_500)

  const layout: Layout = { boxes: MIN_BOXES, records: 0, salt: 'x' }
  const names = keys.slice(0, 100).map((key) => nameOf('commits', key))
  let where = names.map((name) => boxOf(name, layout))
  for (layout.records = keys.length; isCrowded(layout);) {
    const [old, added] = [nextToSplit(layout.boxes), layout.boxes]
    layout.boxes += 1
    const now = names.map((name) => boxOf(name, layout))
    expect(now.every((box, index) => box === where[index] || (where[index] === old && box === added))).toBe(true)
    where = now
  }
})

test('its files belong to this user alone', async () => {
  using directory = new TestDirectory()
  using shelf = openShelf(optionsOf(directory))
  await shelf.save(1, state(1), [move('a', 'x')])
  const files = readdirSync(directory.path)
  expect(files).toContain('shelf.db-wal')
  for (const name of files) expect([name, statSync(join(directory.path, name)).mode & 0o077]).toEqual([name, 0])
})

/** What an editor of the file may try; each is done on a shelf of two saves. */
const edits: Record<string, (database: DatabaseSync, earlier: Map<number, Uint8Array>) => void> = {
  'a record says something else': (database) =>
    database.exec(`UPDATE box SET body = CAST(replace(CAST(body AS TEXT), 'second', 'edited') AS BLOB)`),
  'a record is taken out': (database) => database.exec('DELETE FROM box'),
  'a record is put back into its older form': (database, earlier) => {
    for (const [number, body] of earlier) database.prepare('UPDATE box SET body = ? WHERE number = ?').run(body, number)
  },
  'boxes change places': (database) => database.exec('UPDATE box SET number = 63 - number WHERE number < 64'),
}

for (const [what, edit] of Object.entries(edits))
  test(`${what}: nobody is answered from it, and it is told what to do`, async () => {
    using directory = new TestDirectory()
    {
      using shelf = openShelf(optionsOf(directory))
      await shelf.save(1, state(1), [move('a', 'first'), move('b', 'first')])
      using database = new DatabaseSync(join(directory.path, 'shelf.db'))
      const rows = database.prepare('SELECT number, body FROM box').all() as { number: number; body: Uint8Array }[]
      await shelf.save(2, state(2), [move('a', 'second'), move('b', 'second')])
      edit(database, new Map(rows.map(({ number, body }) => [number, body])))
    }
    using shelf = openShelf(optionsOf(directory))
    expect((await shelf.load(2))?.size).toBe(2)
    expect(() => shelf.get('commits', 'a')).toThrow(/not what was put there; stop the server, delete that file/)
    shelf.clear()
    expect([await shelf.load(2), shelf.get('commits', 'a')]).toEqual([undefined, undefined])
  })

test('a state that another key signed, of another log, cut short or changed by one bit is not loaded, and the shelf is empty then', async () => {
  using directory = new TestDirectory()
  using other = new TestDirectory()
  const options = optionsOf(directory)
  {
    using shelf = openShelf(options)
    await shelf.save(7, state(7), [move('a', 'x')])
    expect(await shelf.load(7)).toEqual({ size: 7, bytes: Buffer.concat(state(7)) })
  }
  const path = join(directory.path, 'shelf.db')
  const stored = readFileSync(path)
  const tries: [string, Partial<ShelfOptions>, (bytes: Buffer) => Buffer][] = [
    ['another key', { signer: other.signer }, (bytes) => bytes],
    ['another log', { origin: 'other.example' }, (bytes) => bytes],
    ['cut short', {}, (bytes) => bytes.subarray(0, 3_000)],
    ['no database', {}, () => Buffer.from('hello')],
    ['another state', {}, (bytes) => Buffer.from(bytes.toString('latin1').replace('7}', '8}'), 'latin1')],
    ['another salt', {}, (bytes) => Buffer.from(bytes.toString('latin1').replace('"salt":"', '"salt":" '), 'latin1')],
  ]
  for (const [, changed, edit] of tries) {
    writeFileSync(path, edit(Buffer.from(stored)))
    using shelf = openShelf({ ...options, ...changed })
    expect(await shelf.load(7)).toBeUndefined()
    expect(shelf.get('commits', 'a')).toBeUndefined()
  }
  writeFileSync(path, stored)
  {
    using shelf = openShelf({ ...options, signer: other.signer, formerKeys: [directory.signer.key] })
    expect((await shelf.load(7))?.size).toBe(7)
  }
  using shelf = openShelf(options)
  // More than the log has: the log was restored from an older copy.
  expect(await shelf.load(6)).toBeUndefined()
  expect(await shelf.load(7)).toBeUndefined()
})

test('a save that fails leaves what was saved before, for the readers of now and of the next start', async () => {
  using directory = new TestDirectory()
  {
    using shelf = openShelf(optionsOf(directory))
    await shelf.save(1, state(1), [move('a', 'first')])
    function* failing() {
      yield Buffer.from('x')
      throw new Error('the disk is full')
    }
    await expect(shelf.save(2, failing(), [move('a', 'second'), move('b', 'second')])).rejects.toThrow('disk is full')
    expect([shelf.get('commits', 'a'), shelf.get('commits', 'b')]).toEqual(['first', undefined])
  }
  using shelf = openShelf(optionsOf(directory))
  expect((await shelf.load(9))?.size).toBe(1)
  expect(shelf.get('commits', 'a')).toBe('first')
})

test('who reads during a save reads what was there or what comes, and never trouble', async () => {
  using directory = new TestDirectory()
  using shelf = openShelf(optionsOf(directory))
  const keys = Array.from({ length: 3_000 }, (_, number) => `commit ${number}`)
  await shelf.save(
    1,
    state(1),
    keys.map((key) => move(key, 'first')),
  )
  const saving = shelf.save(
    2,
    state(2),
    keys.map((key) => move(key, 'second')),
  )
  let isDone = false
  void saving.then(() => (isDone = true))
  const seen = new Set<unknown>()
  for (let turn = 0; !isDone; turn += 1) {
    for (let next = 0; next < 20; next += 1) seen.add(shelf.get('commits', keys[(turn * 20 + next) % keys.length]!))
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect([...seen].every((value) => value === 'first' || value === 'second')).toBe(true)
  expect(keys.every((key) => shelf.get('commits', key) === 'second')).toBe(true)
})
