/** Erasing what is beside leaves: all of it or a part, sealed or not, and with the power cut in the middle. */

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { diskFiles, type Files } from '../../src/store/file.ts'
import { appendMany, leafOf, TestDirectory } from './world.ts'

test('a part of the disclosures can be erased: before sealing, after it, and across a restart', async () => {
  using directory = new TestDirectory()
  const rest = (i: number) => Buffer.from(`rest of ${i}`)
  {
    await using log = await directory.open()
    const both = (i: number) => Buffer.from(`secret and rest of ${i}.`)
    await Promise.all(Array.from({ length: 300 }, (_, i) => log.append(leafOf(i), both(i)).durable))
    await log.flush()
    await log.eraseDisclosures(new Map([7, 280, 290].map((i) => [i, rest(i)])))
    expect(await Promise.all([7, 280].map(async (i) => Buffer.from((await log.disclosures(i))!)))).toEqual(
      [7, 280].map(rest),
    )
    await log.eraseDisclosures(new Map([[290, undefined]]))
    for await (const finding of log.scrubOnce()) expect(finding).toBeUndefined()
  }
  await using log = await directory.open()
  expect(Buffer.from((await log.disclosures(280))!)).toEqual(rest(280))
  expect(await log.disclosures(290)).toBeUndefined()
  await appendMany(log, 300)
  await log.flush()
  expect(await Promise.all([7, 280].map(async (i) => Buffer.from((await log.disclosures(i))!)))).toEqual(
    [7, 280].map(rest),
  )
  expect([await log.disclosures(290), String(await log.disclosures(281))]).toEqual([
    undefined,
    'secret and rest of 281.',
  ])
  const stored = readdirSync(directory.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const held = (i: number) =>
    stored.some((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(`secret and rest of ${i}.`))
  expect([7, 280, 290].map(held)).toEqual([false, false, false])
})

/** A disk whose power is cut within a write: part of it arrives, and nothing after it does. */
function cutDuring(write: number, torn: number): { readonly files: Files; arm(): void } {
  let left = Infinity
  const cut = () => Object.assign(new Error('EIO: injected'), { code: 'EIO' })
  const files: Files = {
    ...diskFiles,
    open: async (path) => {
      const file = await diskFiles.open(path)
      return {
        read: (position, length) => file.read(position, length),
        close: () => file.close(),
        write: async (bytes, position) => {
          left -= 1
          if (left > 0) return await file.write(bytes, position)
          if (left === 0) await file.write(bytes.subarray(0, Math.ceil(bytes.length * torn)), position)
          throw cut()
        },
      }
    },
    replace: async (path, bytes, mode) => {
      left -= 1
      if (left <= 0) throw cut()
      await diskFiles.replace(path, bytes, mode)
    },
  }
  return { files, arm: () => (left = write) }
}

test('the power is cut within each write of an erasure: no leaf is lost, what is left is there, and it can be repeated', async () => {
  for (const [write, torn] of [1, 2, 3, 4, 5].flatMap((each) => [0, 0.4, 1].map((share) => [each, share] as const))) {
    using directory = new TestDirectory()
    using cut = {
      path: mkdtempSync(join(tmpdir(), 'countersign-cut-')),
      [Symbol.dispose]: () => rmSync(cut.path, { recursive: true }),
    }
    const disk = cutDuring(write, torn)
    const erasing = new Map([
      [0, undefined],
      [1, Buffer.from('what is left')],
    ])
    {
      const log = await directory.open({ files: disk.files, publishIntervalMs: 60_000 })
      for (let i = 0; i < 4; i += 1) await log.append(leafOf(i), Buffer.alloc(5000, `secret ${i} `)).durable
      disk.arm()
      await log.eraseDisclosures(erasing).catch(() => {})
      cpSync(directory.path, cut.path, { recursive: true })
      await log.close()
    }
    await using again = await directory.open({ directory: cut.path })
    expect(again.size).toBe(4)
    expect(String(await again.disclosures(1))).toMatch(/^(?:what is left$|secret 1 )/)
    await again.eraseDisclosures(erasing)
    expect(await again.disclosures(0)).toBeUndefined()
    expect(String(await again.disclosures(1))).toBe('what is left')
    expect(String(await again.disclosures(2))).toMatch(/^secret 2 /)
    const wal = readdirSync(join(cut.path, 'wal')).map((name) => readFileSync(join(cut.path, 'wal', name)))
    expect([0, 1, 2].map((i) => wal.some((bytes) => bytes.includes(`secret ${i} `)))).toEqual([false, false, true])
    for await (const finding of again.scrubOnce()) expect(finding).toBeUndefined()
  }
})
