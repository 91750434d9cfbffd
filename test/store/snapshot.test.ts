import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openSnapshots } from '../../src/store/snapshot.ts'
import { origin, TestDirectory } from './world.ts'

const state = (size: number) => Buffer.from(`{"leaves":${size}}`)

test('the newest snapshot within the log is loaded, and the last two are kept', async () => {
  using directory = new TestDirectory()
  const snapshots = await openSnapshots({ directory: directory.path, origin, signer: directory.signer })
  expect(await snapshots.load(100)).toBeUndefined()
  for (const size of [5, 10, 9, 20]) await snapshots.save(size, state(size))
  expect(readdirSync(directory.path).sort()).toEqual(['10', '20'])
  expect(await snapshots.load(100)).toEqual({ size: 20, bytes: state(20) })
  expect(await snapshots.load(19)).toEqual({ size: 10, bytes: state(10) })
  expect(await snapshots.load(9)).toBeUndefined()
})

test('one changed bit, another name or another key: the snapshot is passed over', async () => {
  using directory = new TestDirectory()
  const options = { directory: directory.path, origin, signer: directory.signer }
  const snapshots = await openSnapshots(options)
  await snapshots.save(7, state(7))
  const path = join(directory.path, '7')
  const stored = readFileSync(path)
  await fc.assert(
    fc.asyncProperty(fc.nat(stored.length - 1), fc.nat(7), async (at, bit) => {
      const edited = Buffer.from(stored)
      edited[at]! ^= 1 << bit
      writeFileSync(path, edited)
      expect(await snapshots.load(7)).toBeUndefined()
    }),
    { numRuns: 60 },
  )
  for (const length of [0, 3, 10, stored.length - 1]) {
    writeFileSync(path, stored.subarray(0, length))
    expect(await snapshots.load(7)).toBeUndefined()
  }
  writeFileSync(path, stored)
  expect(await snapshots.load(7)).toEqual({ size: 7, bytes: state(7) })
  using other = new TestDirectory()
  expect(await (await openSnapshots({ ...options, signer: other.signer })).load(7)).toBeUndefined()
  expect(await (await openSnapshots({ ...options, origin: 'other.example' })).load(7)).toBeUndefined()
  expect(
    await (await openSnapshots({ ...options, signer: other.signer, formerKeys: [directory.signer.key] })).load(7),
  ).toBeDefined()
  renameSync(path, join(directory.path, '8'))
  expect(await snapshots.load(8)).toBeUndefined()
})
