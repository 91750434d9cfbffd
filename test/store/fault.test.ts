import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LogUnwritable } from '../../src/store/error.ts'
import type { Log } from '../../src/store/log.ts'
import { FaultyFiles } from './faulty.ts'
import { appendMany, leafOf, TestDirectory } from './world.ts'

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !holds(); i += 1) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(holds()).toBe(true)
}

async function expectLeaves(log: Log, count: number): Promise<void> {
  expect(log.size).toBe(count)
  for await (const { leafIndex, leaf } of log.leaves(0, Infinity)) expect(String(leaf)).toBe(String(leafOf(leafIndex)))
}

const sentences = {
  ENOSPC: 'no space left on device',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
} as const

test.each(Object.entries(sentences))(
  '%s: what waits is rejected in one sentence, what was acknowledged stays, service resumes',
  async (fault, sentence) => {
    using directory = new TestDirectory()
    const disk = new FaultyFiles()
    {
      await using log = await directory.open({ files: disk.files })
      await appendMany(log, 42)
      const { head } = log
      const order: string[] = []
      log.onRollback((durableSize) => order.push(`rollback to ${durableSize}`))

      Object.assign(disk, { fault, torn: 0.7 })
      const [first, second] = [log.append(leafOf(42)), log.append(leafOf(43))]
      for (const { durable } of [first, second]) durable.catch(() => order.push('rejected'))
      const error = await first.durable.catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(LogUnwritable)
      expect((error as LogUnwritable).message).toBe(`couldn't append leaf 42: ${sentence}`)
      await expect(second.durable).rejects.toBeInstanceOf(LogUnwritable)
      expect(order).toEqual(['rollback to 42', 'rejected', 'rejected'])
      expect([log.size, log.head, log.trouble]).toEqual([42, head, `couldn't append leaf 42: ${sentence}`])
      expect(() => log.append(leafOf(42))).toThrow(`couldn't append leaf 42: ${sentence}`)
      expect(String(await log.leaf(41))).toBe(String(leafOf(41)))

      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(log.trouble).toBeDefined()
      disk.fault = undefined
      await until(() => log.trouble === undefined)
      await appendMany(log, 300)
      await expectLeaves(log, 342)
    }
    await using log = await directory.open()
    await expectLeaves(log, 342)
  },
)

test('a batch that failed does not come to life in a later recovery, however much of it reached the disk', async () => {
  for (const torn of [0.3, 0.9, 1]) {
    using directory = new TestDirectory()
    using copy = new TestDirectory()
    const disk = new FaultyFiles()
    const log = await directory.open({ files: disk.files })
    await appendMany(log, 10)
    Object.assign(disk, { fault: 'ENOSPC', torn })
    await expect(log.append(Buffer.from('never happened')).durable).rejects.toBeInstanceOf(LogUnwritable)
    disk.fault = undefined
    await until(() => log.trouble === undefined)
    // As a power cut would leave it: nothing closed, nothing sealed.
    cpSync(directory.path, copy.path, { recursive: true })
    await using recovered = await copy.open({ signer: directory.signer })
    await expectLeaves(recovered, 10)
    await log.close()
  }
})

test('many writers during a failure: every promise settles, and indices go on without a gap', async () => {
  using directory = new TestDirectory()
  const disk = new FaultyFiles()
  await using log = await directory.open({ files: disk.files })
  const kept = new Map<number, string>()
  let isDone = false
  const write = async (name: number) => {
    for (let i = 0; !isDone; i += 1) {
      const text = `${name}/${i}`
      try {
        const { leafIndex, durable } = log.append(Buffer.from(text))
        await durable
        kept.set(leafIndex, text)
      } catch (error) {
        expect(error).toBeInstanceOf(LogUnwritable)
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    }
  }
  const writers = Array.from({ length: 8 }, (_, name) => write(name))
  for (const torn of [0, 0.5, 1]) {
    await new Promise((resolve) => setTimeout(resolve, 30))
    Object.assign(disk, { fault: 'ENOSPC', torn })
    await new Promise((resolve) => setTimeout(resolve, 30))
    disk.fault = undefined
    await until(() => log.trouble === undefined)
  }
  await new Promise((resolve) => setTimeout(resolve, 30))
  isDone = true
  await Promise.all(writers)
  expect(log.size).toBe(kept.size)
  for (const [leafIndex, text] of kept) expect(String(await log.leaf(leafIndex))).toBe(text)
})

test('after an input/output error nothing is tried again', async () => {
  using directory = new TestDirectory()
  const disk = new FaultyFiles()
  {
    await using log = await directory.open({ files: disk.files })
    await appendMany(log, 3)
    disk.fault = 'EIO'
    await expect(log.append(leafOf(3)).durable).rejects.toThrow(
      "couldn't append leaf 3: the disk reported an input/output error",
    )
    disk.fault = undefined
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(log.trouble).toContain('check the disk, then restart')
    expect(() => log.append(leafOf(3))).toThrow(LogUnwritable)
  }
  await using log = await directory.open()
  await expectLeaves(log, 3)
})

test('when only sealing fails, appending goes on and the trouble is told until it is over', async () => {
  using directory = new TestDirectory()
  const disk = new FaultyFiles()
  await using log = await directory.open({ files: disk.files })
  Object.assign(disk, { fault: 'ENOSPC', where: 'public' })
  await appendMany(log, 1000)
  await until(() => log.trouble !== undefined)
  expect(log.trouble).toBe("couldn't seal or publish the log: no space left on device")
  await appendMany(log, 100)
  await expectLeaves(log, 1100)
  disk.fault = undefined
  await until(() => log.trouble === undefined)
  await expectLeaves(log, 1100)
})

test('when no new segment can be made, appending stops before anything is lost', async () => {
  using directory = new TestDirectory()
  const disk = new FaultyFiles()
  await using log = await directory.open({ files: disk.files })
  Object.assign(disk, { fault: 'ENOSPC', where: 'spare' })
  let durable = 0
  const fill = async () => {
    for (;;) {
      await log.append(leafOf(durable, 5000)).durable
      durable += 1
    }
  }
  await expect(fill()).rejects.toThrow('no space left on device')
  expect([log.size, log.head.size]).toEqual([durable, durable])
  disk.fault = undefined
  await until(() => log.trouble === undefined)
  await log.append(leafOf(durable, 5000)).durable
  expect(String(await log.leaf(durable))).toBe(String(leafOf(durable, 5000)))
})

function mountTmpfs(path: string, sizeKiB: number): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKiB}k`, 'tmpfs', path], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function canMount(): boolean {
  using directory = new TestDirectory()
  if (!mountTmpfs(directory.path, 64)) return false
  execFileSync('umount', [directory.path])
  return true
}

const isMountable = canMount()

test.skipIf(!isMountable)(
  'a real disk of 4 MiB fills up, is read, is made room on, and takes leaves again',
  async () => {
    using directory = new TestDirectory()
    const at = join(directory.path, 'disk')
    mkdirSync(at)
    mountTmpfs(at, 4096)
    try {
      const log = await directory.open({ directory: join(at, 'log') })
      writeFileSync(join(at, 'ballast'), Buffer.alloc(2 << 20))
      const durable: number[] = []
      const fill = async () => {
        for (;;) {
          const { leafIndex, durable: done } = log.append(leafOf(log.size, 20_000))
          await done
          durable.push(leafIndex)
        }
      }
      await expect(fill()).rejects.toThrow('no space left on device')
      for (const leafIndex of durable) expect(String(await log.leaf(leafIndex))).toBe(String(leafOf(leafIndex, 20_000)))
      rmSync(join(at, 'ballast'))
      await until(() => log.trouble === undefined)
      await log.append(leafOf(log.size, 20_000)).durable
      expect(log.size).toBe(durable.length + 1)
      await log.close()
    } finally {
      execFileSync('umount', ['-l', at])
    }
  },
)

test.skipIf(!isMountable)(
  'a directory that is read-only is not opened, and says so; nothing in it changes',
  async () => {
    using directory = new TestDirectory()
    const at = join(directory.path, 'disk')
    mkdirSync(at)
    mountTmpfs(at, 4096)
    try {
      const open = () => directory.open({ directory: join(at, 'log') })
      const log = await open()
      await appendMany(log, 5)
      await log.close()
      const before = readdirSync(at, { recursive: true })
      execFileSync('mount', ['-o', 'remount,ro', at])
      await expect(open()).rejects.toMatchObject({ code: 'unwritable' })
      expect(readdirSync(at, { recursive: true })).toEqual(before)
      execFileSync('mount', ['-o', 'remount,rw', at])
      const again = await open()
      await expectLeaves(again, 5)
      await again.close()
    } finally {
      execFileSync('umount', ['-l', at])
    }
  },
)
