import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { diskFiles } from '../../src/store/file.ts'
import { openCheckpoint, type Checkpoint } from '../../src/tlog/checkpoint.ts'
import { formatTilePath, partialTiles } from '../../src/tlog/tile.ts'
import { stateFromTiles, Tree } from '../../src/tlog/tree.ts'
import { appendMany, leafOf, origin, TestDirectory } from './world.ts'

function published({ path, signer }: TestDirectory): Checkpoint | undefined {
  const file = join(path, 'public/checkpoint')
  return existsSync(file) ? openCheckpoint(readFileSync(file), origin, [signer.key]) : undefined
}

/** The root that a stranger computes from the files alone, as tlog-tiles lets them be fetched. */
function rootOf({ path }: TestDirectory, size: number): Uint8Array {
  const edges = new Map<number, Uint8Array>()
  for (const tile of partialTiles(size)) {
    const [partial, full] = [tile, { ...tile, width: 256 }].map((each) => join(path, 'public', formatTilePath(each)))
    edges.set(tile.level, readFileSync(existsSync(full!) ? full! : partial!))
  }
  const tree = new Tree()
  tree.restore(stateFromTiles(size, (level) => edges.get(level)!))
  return tree.root()
}

test('while sealing is far behind, checkpoints come out as often as ever, each complete', async () => {
  using directory = new TestDirectory()
  // A disk on which a round of sealing takes 60 ms.
  const replaceAll: typeof diskFiles.replaceAll = async (files) => {
    await setTimeout(60)
    await diskFiles.replaceAll(files)
  }
  const slow = { ...diskFiles, replaceAll }
  await using log = await directory.open({ files: slow, publishIntervalMs: 100, segmentBytes: 1 << 24 })
  const appended = appendMany(log, 60_000)
  const sizes: number[] = []
  for (let isOver = false; !isOver; await setTimeout(5)) {
    isOver = log.head.size === 60_000 && published(directory)?.size === 60_000
    const { size, rootHash } = published(directory) ?? { size: 0, rootHash: undefined }
    if (size === (sizes.at(-1) ?? 0)) continue
    sizes.push(size)
    expect(rootOf(directory, size)).toEqual(rootHash)
  }
  await appended
  expect(sizes).toEqual(sizes.toSorted((a, b) => a - b))
  // Eight rounds of 8,192 leaves: without this, one checkpoint at their end.
  expect(sizes.length).toBeGreaterThan(3)
})

test('what is new is published within a second, without being asked', async () => {
  using directory = new TestDirectory()
  await using log = await directory.open({ publishIntervalMs: 1000 })
  for (let round = 0; round < 2; round += 1) {
    await log.append(leafOf(log.size)).durable
    const startedAt = performance.now()
    await expect.poll(() => published(directory)?.size, { interval: 10, timeout: 3000 }).toBe(log.size)
    expect(performance.now() - startedAt).toBeLessThan(1500)
  }
})
