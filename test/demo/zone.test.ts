import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseZones } from '../../src/cli/demo/zone.ts'
import { localTime } from '../../src/domain/local-time.ts'

const anInstant = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2034, 0, 1) })

test('whenever the demo runs, somebody is away from work, and everybody else is at it where anybody is', () => {
  fc.assert(
    fc.property(anInstant, (at) => {
      const { working, isWorking, away } = chooseZones(at)
      const there = localTime(at, away)
      expect(there.weekday > 5 || there.hour < 8 || there.hour >= 18).toBe(true)
      const here = localTime(at, working)
      if (isWorking) expect(here.weekday <= 5 && here.hour >= 8 && here.hour < 17).toBe(true)
    }),
  )
})

test('from Monday to Friday noon in UTC it is working time somewhere', () => {
  for (let day = 4; day <= 8; day += 1)
    for (let hour = 0; hour < 24; hour += 1) {
      const at = Date.UTC(2026, 4, day, hour)
      const isEnd = day === 8 && hour > 22
      if (!isEnd) expect(chooseZones(at).isWorking, new Date(at).toISOString()).toBe(true)
    }
})
