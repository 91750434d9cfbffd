import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inspect, nothingShown, workUntilCut } from './power-cut.ts'
import { origin, TestDirectory } from './world.ts'

const ROUNDS = 40

/** Mulberry32: a failed round can be run again. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

test(
  `${ROUNDS} power cuts, while committing, sealing, compressing, publishing, erasing and recovering: what was shown holds`,
  { timeout: 120_000 },
  async () => {
    const seed = Date.now() % 1_000_000
    const random = randomFrom(seed)
    using directory = new TestDirectory()
    const scene = { directory: directory.path, origin, signer: directory.signer, random, shown: nothingShown() }
    const places = new Set<string>()
    for (let round = 0; round < ROUNDS; round += 1) {
      const last = await workUntilCut(scene, 1 + Math.floor(random() ** 2 * 400))
      places.add(last.split(' ')[0]!)
      expect(await inspect(scene), `seed ${seed}, round ${round}, cut at: ${last}`).toEqual([])
    }
    expect(scene.shown.leaves.size).toBeGreaterThan(200)
    expect(places.size).toBeGreaterThan(2)
    const bundles = readdirSync(join(directory.path, 'log/public/tile/entries'))
    expect(bundles.filter((name) => name.endsWith('.gz')).length).toBeGreaterThan(0)
  },
)
