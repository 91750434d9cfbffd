/** Leaves that are asked to become durable together: all of them do, in their order and under one checkpoint, or none does. */

import { expect, test } from 'vitest'
import { StoreError } from '../../src/store/error.ts'
import { FaultyFiles } from './faulty.ts'
import { appendMany, leafOf, TestDirectory } from './world.ts'

const entries = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({
    leaf: leafOf(from + i),
    ...(i % 3 === 0 && { disclosures: Buffer.from(`secret ${from + i}`) }),
  }))

test('they are durable under one checkpoint, in their order, with their disclosures', async () => {
  using directory = new TestDirectory()
  {
    await using log = await directory.open()
    // A batch that has begun and has no room for all of them is not filled up with some.
    const before = Array.from({ length: 600 }, (_, i) => log.append(leafOf(i)).durable)
    const { leafIndex, durable } = log.appendAll(entries(600, 1000))
    expect([leafIndex, log.size]).toEqual([600, 1600])
    const sizes = (await Promise.all(before)).map(({ size }) => size)
    expect(new Set(sizes)).toEqual(new Set([600]))
    expect((await durable).size).toBe(1600)
  }
  await using log = await directory.open()
  for await (const { leafIndex, leaf } of log.leaves(0, 1600)) expect(String(leaf)).toBe(String(leafOf(leafIndex)))
  expect(String(await log.disclosures(603))).toBe('secret 603')
  expect(await log.disclosures(604)).toBeUndefined()
})

test('one that is refused takes the others with it, and none takes an index', async () => {
  using directory = new TestDirectory()
  await using log = await directory.open()
  for (const leaf of [new Uint8Array(), new Uint8Array(65_536)])
    expect(() => log.appendAll([...entries(0, 3), { leaf }])).toThrow(StoreError)
  expect(() => log.appendAll([])).toThrow('1 to 1024 leaves')
  expect(() => log.appendAll(entries(0, 1025))).toThrow('1 to 1024 leaves')
  expect(log.size).toBe(0)
  const taken = Array.from({ length: 8 }, (_, i) => log.appendAll(entries(i * 1000, 1000)).durable)
  expect(() => log.appendAll(entries(8000, 193))).toThrow('wait for the disk')
  taken.push(log.appendAll(entries(8000, 192)).durable)
  expect((await Promise.all(taken)).map(({ size }) => size % 1000)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 192])
})

test('when the disk fails, none of them was ever there', async () => {
  using directory = new TestDirectory()
  const disk = new FaultyFiles()
  {
    await using log = await directory.open({ files: disk.files })
    await appendMany(log, 10)
    Object.assign(disk, { fault: 'ENOSPC', torn: 0.9 })
    await expect(log.appendAll(entries(10, 1000)).durable).rejects.toThrow('no space left')
    expect(log.size).toBe(10)
    disk.fault = undefined
  }
  await using log = await directory.open()
  expect(log.size).toBe(10)
})
