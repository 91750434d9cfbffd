/** The trail in a thread of its own: what is published is found, in order and once, whatever happens to the thread. */

import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { everything } from '../../src/match/query.ts'
import { query, World } from './world.ts'

const all = { query: everything, limit: 500 }

test('whoever asks right after a leaf is durable finds it, and hears of no lag', async () => {
  await using world = await World.open()
  const indexing = world.index()
  for (let size = 1; size <= 20; size += 1) {
    await world.write(1, indexing)
    const { rows, treeSize, lag } = await indexing.reader().search(all)
    expect([rows[0]?.leafIndex, treeSize, lag]).toEqual([size - 1, size, { leaves: 0, ms: 0 }])
  }
})

test('leaves are indexed in order and once, those that were there before and those that come', async () => {
  await using world = await World.open()
  await world.write(3_000)
  const taken: number[] = []
  const indexing = world.index({ hear: (message) => message.type === 'taken' && taken.push(message.mark.size) })
  for (let burst = 0; burst < 10; burst += 1) await world.write(100, indexing)
  await indexing.catchUp()
  const { total, rows } = await indexing.reader().search({ ...all, after: 2_990 })
  expect(total).toBe(4_000)
  expect(rows.map(({ leafIndex }) => leafIndex).slice(0, 3)).toEqual([2_991, 2_992, 2_993])
  expect(taken).toEqual(taken.toSorted((a, b) => a - b))
})

test('a thread that dies in the middle is begun again where the index stands, and nothing is missing or doubled', async () => {
  await using world = await World.open()
  await world.write(4_000)
  let batches = 0
  const indexing = world.index({
    post: (message) => {
      if (message.type === 'batch' && (batches += 1) % 3 === 2 && batches < 9) void world.link?.cut()
    },
  })
  await world.write(500, indexing)
  await expect.poll(() => indexing.lag.leaves, { timeout: 20_000 }).toBe(0)
  expect(indexing.restarts).toBeGreaterThan(1)
  expect(world.reports.length).toBeGreaterThan(0)
  expect(world.reports[0]).toMatch(/the trail is begun again, since it ended/)
  expect(indexing.trouble).toBeUndefined()
  expect((await indexing.reader().search(all)).total).toBe(4_500)
  const pages = await indexing.reader().rows(Array.from({ length: 4_500 }, (_, index) => index))
  expect(pages.map(({ leafIndex }) => leafIndex)).toEqual(Array.from({ length: 4_500 }, (_, index) => index))
})

test('what was asked of a thread that dies is answered with a sentence, and the next question by the next thread', async () => {
  await using world = await World.open()
  let isLost = true
  const indexing = world.index({ lose: ({ type }) => type === 'question' && isLost })
  await world.write(10, indexing)
  await indexing.catchUp()
  const answer = expect(indexing.reader().search(all)).rejects.toThrow(/the trail is begun again: its thread ended/)
  setTimeout(() => void world.link!.cut(), 20)
  await answer
  isLost = false
  expect((await indexing.reader().search(all)).total).toBe(10)
  expect(indexing.restarts).toBe(1)
})

test('while the index is slower than the log, memory holds some batches and the rest is read from the log', async () => {
  await using world = await World.open()
  let [flying, most, bytes] = [0, 0, 0]
  const indexing = world.index({
    post: (message) => {
      if (message.type !== 'batch') return
      most = Math.max(most, (flying += 1))
      bytes = Math.max(bytes, message.batch.count)
    },
    hear: (message) => message.type === 'taken' && (flying -= 1),
  })
  await indexing.catchUp()
  // All in one go, before the index hears of any: more than ever waits in memory.
  await world.write(8_000, indexing)
  await indexing.catchUp()
  expect(most).toBeLessThanOrEqual(2)
  expect(bytes).toBeLessThanOrEqual(1_024)
  expect((await indexing.reader().search(all)).total).toBe(8_000)
})

test('an address is found until it is erased; then its bytes are nowhere, also where it was still on its way', async () => {
  await using world = await World.open()
  const indexing = world.index()
  const ip = '203.0.113.77'
  await world.write(5, indexing, { ip, userAgent: 'a client' })
  expect((await indexing.reader().search({ query: query(`ip:${ip}/32`), limit: 9 })).total).toBe(5)
  await world.write(5, indexing, { ip })
  const indexes = Array.from({ length: 10 }, (_, index) => index)
  await indexing.erase(indexes)
  await world.ledger.log.eraseDisclosures(new Map(indexes.map((index) => [index, undefined])))
  await indexing.erase(indexes)
  expect((await indexing.reader().search({ query: query('exists:ip'), limit: 9 })).total).toBe(0)
  expect((await indexing.reader().search(all)).total).toBe(10)
  for (const name of (await readdir(world.directory)).filter((each) => each.startsWith('trail.db')))
    expect((await readFile(join(world.directory, name))).includes(ip), name).toBe(false)
})

test('an erasure that a dying thread did not do is owed, and done before anything else by the next one', async () => {
  await using world = await World.open()
  const indexing = world.index()
  await world.write(3, indexing, { ip: '203.0.113.77' })
  await indexing.catchUp()
  const cut = world.link!.cut()
  await expect(indexing.erase([0, 1])).resolves.toBeUndefined()
  await cut
  await expect.poll(async () => (await indexing.reader().search({ query: query('exists:ip'), limit: 9 })).total).toBe(1)
})

test('closing writes what was published, and a trail that is opened again goes on there', async () => {
  await using world = await World.open()
  {
    await using indexing = world.index()
    await indexing.catchUp()
    await world.write(2_500, indexing)
  }
  {
    using trail = world.opened()
    expect(trail.size).toBe(2_500)
  }
  const batches: number[] = []
  const again = world.index({ post: (message) => message.type === 'batch' && batches.push(message.batch.from) })
  await world.write(1, again)
  await again.catchUp()
  expect(batches).toEqual([2_500])
})

test('a log that cannot be read where the index stands is said, and the trail goes on when it can', async () => {
  await using world = await World.open()
  await world.write(10)
  const { log } = world.ledger
  const leaves = log.leaves.bind(log)
  let isBroken = true
  log.leaves = (from, to) => {
    if (isBroken) throw new Error('leaf 0 was changed')
    return leaves(from, to)
  }
  const indexing = world.index()
  await expect(indexing.catchUp()).rejects.toThrow(/couldn't read leaf 0 for the trail: leaf 0 was changed/)
  expect(indexing.lag.leaves).toBe(10)
  isBroken = false
  await expect.poll(() => indexing.lag.leaves, { timeout: 5_000 }).toBe(0)
  expect(indexing.trouble).toBeUndefined()
})

test('a slow search holds up nobody on this side', async () => {
  await using world = await World.open()
  for (let part = 0; part < 4; part += 1) await world.write(5_000)
  const indexing = world.index()
  await indexing.catchUp()
  const searched = indexing.reader().search({ query: query('"/(?:a|b)+nothing/" or who:/nobody$/'), limit: 9 })
  let turns = 0
  const counting = setInterval(() => (turns += 1), 1)
  const other = Promise.all(Array.from({ length: 50 }, () => world.write(1, indexing)))
  await other
  const before = turns
  await searched
  clearInterval(counting)
  expect(before).toBeGreaterThan(0)
  expect((await indexing.reader().search(all)).total).toBe(20_050)
})
