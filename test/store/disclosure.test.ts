/** Disclosures of sealed leaves: in a shared file, in one of their own, or in two because a crash came in between. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Disclosures, GROUP_BUNDLES } from '../../src/store/disclosure.ts'
import { diskFiles } from '../../src/store/file.ts'

const secret = (leafIndex: number) => Buffer.from(`secret ${leafIndex}.`)

class Place implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'countersign-disclosures-'))

  open(): Disclosures {
    return new Disclosures(diskFiles, this.path)
  }

  /** Seals what these leaves disclose, as the sealer does. */
  async seal(from: number, to: number, leaves: readonly number[]): Promise<void> {
    const entries = new Map(leaves.map((leafIndex) => [leafIndex, secret(leafIndex)]))
    await diskFiles.replaceAll(await this.open().seal(from, to, entries))
  }

  async read(leafIndex: number): Promise<string | undefined> {
    const found = await this.open().get(leafIndex)
    return found && Buffer.from(found).toString()
  }

  names(): string[] {
    return readdirSync(this.path)
  }

  holds(text: string): boolean {
    return this.names().some((name) => readFileSync(join(this.path, name)).includes(text))
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

test('bundles that are sealed together share a file, up to a megabyte of it', async () => {
  using place = new Place()
  await place.seal(2, 9, [600, 1800, 2200])
  expect(place.names()).toEqual(['002'])
  expect(await Promise.all([600, 1800, 2200, 601].map((i) => place.read(i)))).toEqual([
    'secret 600.',
    'secret 1800.',
    'secret 2200.',
    undefined,
  ])
  const large = new Map([9, 10, 11, 12].map((bundle) => [bundle * 256, Buffer.alloc(400_000, 32)]))
  await diskFiles.replaceAll(await place.open().seal(9, 13, large))
  expect(place.names()).toEqual(['002', '009', '011'])
  expect((await place.open().get(12 * 256))?.length).toBe(400_000)
})

test('a file of one bundle, as they all were once, is read as ever', async () => {
  using place = new Place()
  const header = Buffer.from([7, 0, 0, 0, 9])
  writeFileSync(join(place.path, '003'), Buffer.concat([header, Buffer.from('of long ago').subarray(0, 9)]))
  expect([await place.read(3 * 256 + 7), await place.read(4 * 256 + 7)]).toEqual(['of long a', undefined])
})

test('sealing that a crash cut short leaves nothing behind that an erasure does not find', async () => {
  using place = new Place()
  const leaves = [10, 300, 1500, 1501]
  await place.seal(0, 8, leaves)
  writeFileSync(join(place.path, '003.new'), secret(1500))
  // Only one bundle counted as sealed after the crash.
  await place.seal(1, 4, [300])
  await place.seal(4, 8, [1500, 1501])
  expect(place.names()).toEqual(['000', '001', '003.new', '005'])
  await place.open().erase(
    new Map([
      [1500, undefined],
      [300, Buffer.from('rest')],
    ]),
  )
  expect([place.holds('secret 1500.'), place.holds('secret 300.')]).toEqual([false, false])
  expect(await Promise.all([10, 300, 1500, 1501].map((i) => place.read(i)))).toEqual([
    'secret 10.',
    'rest',
    undefined,
    'secret 1501.',
  ])
})

test('whatever is sealed, erased and sealed again after a crash, in any order: a leaf has what is left of it, and no file has more', async () => {
  const step = fc.oneof(
    fc.record({ act: fc.constant('seal' as const), bundles: fc.integer({ min: 1, max: 6 }), isLost: fc.boolean() }),
    fc.record({
      act: fc.constant('erase' as const),
      leaf: fc.nat({ max: 12 * 256 - 1 }),
      left: fc.boolean(),
    }),
  )
  const disclosing = fc.uniqueArray(fc.nat({ max: 12 * 256 - 1 }), { maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(disclosing, fc.array(step, { maxLength: 14 }), async (leaves, steps) => {
      using place = new Place()
      const disclosures = place.open()
      const world = new Map<number, string>(leaves.map((leafIndex) => [leafIndex, String(secret(leafIndex))]))
      const inWal = new Map(leaves.map((leafIndex) => [leafIndex, secret(leafIndex)]))
      const gone = new Set<string>()
      let sealed = 0
      for (const each of steps) {
        if (each.act === 'seal') {
          const to = Math.min(12, sealed + each.bundles)
          const within = new Map([...inWal].filter(([i]) => i >= sealed * 256 && i < to * 256))
          await diskFiles.replaceAll(await disclosures.seal(sealed, to, within))
          // A crash: these files are there, and some of their bundles count as not sealed.
          sealed = each.isLost ? sealed + Math.floor((to - sealed) / 2) : to
        } else {
          const what = world.get(each.leaf)
          if (what === undefined) continue
          const left = each.left ? Buffer.from(`left of ${each.leaf}.`) : undefined
          await disclosures.erase(new Map([[each.leaf, left]]))
          inWal.delete(each.leaf)
          if (what.startsWith('secret')) gone.add(what)
          if (left) world.set(each.leaf, String(left))
          else world.delete(each.leaf)
        }
      }
      for (const [leafIndex, text] of world) {
        const bytes = await disclosures.get(leafIndex)
        const found = leafIndex < sealed * 256 ? bytes : (inWal.get(leafIndex) ?? bytes)
        expect(found && Buffer.from(found).toString()).toBe(text)
      }
      for (const leafIndex of leaves)
        if (!world.has(leafIndex)) expect(await disclosures.get(leafIndex)).toBeUndefined()
      for (const text of gone) expect(place.holds(text)).toBe(false)
    }),
    { numRuns: 150 },
  )
})

test('files of a group stand in one directory', () => {
  expect(1000 % GROUP_BUNDLES).toBe(0)
})
