import { afterAll, beforeAll, expect, test } from 'vitest'
import { check, World, wrong } from './world.ts'

let world: World
beforeAll(async () => {
  world = await World.open()
})
afterAll(() => world[Symbol.asyncDispose]())

test('a package of the whole log proves itself', async () => {
  const bytes = await world.export()
  const report = await check(bytes, { logKeys: [world.key] })
  expect(wrong(report)).toEqual([])
  expect(report.isGood).toBe(true)
})
