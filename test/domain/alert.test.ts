import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Event } from '../../src/domain/event.ts'
import { RAPID } from '../../src/domain/alert.ts'
import { localTime } from '../../src/domain/local-time.ts'
import { formatSnapshot, parseSnapshot } from '../../src/domain/snapshot.ts'
import { formatState } from '../../src/domain/state.ts'
import { canonical } from '../../src/bytes/json.ts'
import { ana, company, digest, given, li, mara, NOON } from './given.ts'

const HOUR = 3_600_000
const opened = (n: number): Event => ({
  type: 'login.opened',
  login: `login:${String(n).padStart(16, '0')}`,
  bearerDigest: digest('e'),
  expiresAt: NOON + 99 * HOUR,
  principal: mara,
  method: 'passkey',
})
const due = (world: ReturnType<typeof given>) => [...world.state.due.values()].map(({ rule }) => rule)

test('access at ten at night in the person’s own zone is out of hours, once a day', () => {
  // 21:00 UTC is 22:00 in Vienna, and still Wednesday.
  expect(
    due(given(...company, { event: opened(1), at: NOON + 11 * HOUR }, { event: opened(2), at: NOON + 11.5 * HOUR })),
  ).toEqual(['out_of_hours'])
})

test('the same moment is within hours for somebody further west', () => {
  const west = company.map((step) =>
    step.event.type === 'principal.invited' ? { ...step, event: { ...step.event, zone: 'America/Los_Angeles' } } : step,
  )
  const calm = west.filter(({ event }) => event.type !== 'login.opened')
  expect(due(given(...calm, { event: opened(1), at: NOON + 8 * HOUR }))).toEqual([])
})

test('a Saturday is out of hours', () => {
  expect(due(given(...company, { event: opened(1), at: NOON + 72 * HOUR }))).toEqual(['out_of_hours'])
})

test('local time follows daylight saving', () => {
  expect(localTime(Date.UTC(2026, 6, 1, 10), 'Europe/Vienna')).toMatchObject({
    hour: 12,
    weekday: 3,
    day: '2026-07-01',
  })
  expect(localTime(Date.UTC(2026, 0, 1, 23, 30), 'Europe/Vienna')).toMatchObject({
    hour: 0,
    weekday: 5,
    day: '2026-01-02',
  })
})

const assigned = (n: number): Event => ({ type: 'role.assigned', person: li, role: `r${n}`, by: ana })
const burst = (count: number, stepMs: number) =>
  Array.from({ length: count }, (_, n) => ({ event: assigned(n), at: NOON + n * stepMs }))

test('four roles in five minutes are rapid; four in an hour are not; a fifth does not alert again', () => {
  expect(due(given(...company, ...burst(RAPID.count, 1000)))).toEqual(['rapid_roles'])
  expect(due(given(...company, ...burst(RAPID.count, HOUR / 4)))).toEqual([])
  expect(due(given(...company, ...burst(RAPID.count + 1, 1000)))).toEqual(['rapid_roles'])
})

test('an alert is fired once and stays due until its own leaf is written', () => {
  const world = given(...company, ...burst(RAPID.count, 1000))
  const [alert] = world.state.due.keys()
  const command = { type: 'fire alert', alert: alert as `alert:${string}` } as const
  expect(world.when('system:watch', command, { at: NOON + HOUR }).event).toMatchObject({
    type: 'alert.fired',
    rule: 'rapid_roles',
    about: ana,
  })
  expect(world.when('system:watch', command, { at: NOON + HOUR }).outcome).toBe('refused')
})

test('a state survives its snapshot in lines, and a snapshot of another version is refused', () => {
  const { state } = given(...company, ...burst(RAPID.count, 1000))
  const bytes = Buffer.concat([...formatSnapshot(state)])
  expect(canonical(formatState(parseSnapshot(bytes)))).toBe(canonical(formatState(state)))
  expect(() => parseSnapshot(Buffer.from(bytes.toString().replace(/"snapshot",\d+/, '"snapshot",0')))).toThrow(
    /another version/,
  )
  expect(() => parseSnapshot(bytes.subarray(0, -1))).toThrow(/ends within a line/)
})

test('a zone that nobody knows is taken for UTC: a leaf that is written can always be applied', () => {
  const nowhere = company.map((step) =>
    step.event.type === 'principal.invited' ? { ...step, event: { ...step.event, zone: 'Foo/Bar' } } : step,
  )
  const world = given(...nowhere, { event: opened(1), at: NOON + 11 * HOUR })
  expect([...world.state.due.values()].at(-1)).toMatchObject({
    rule: 'out_of_hours',
    localTime: 'Wed 2026-11-18 21:00 UTC',
  })
})

test('local time never throws for instants a leaf can have', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253402300799999 }), (at) => localTime(at, 'Asia/Kathmandu').hour < 24),
  )
})
