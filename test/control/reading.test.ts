/** What looking leaves in the log: first sights at once and together, repeats as counts, and nothing that goes on for ever. */

import { expect, test } from 'vitest'
import { Reading, WINDOW_MS } from '../../src/control/reading.ts'
import { MAX_READS } from '../../src/domain/trail.ts'
import { read } from '../../src/domain/leaf.ts'
import type { Look } from '../../src/control/pen.ts'
import { openSeal, valueOf } from '../../src/control/seal.ts'
import { isRefusal } from '../../src/evidence/refusal.ts'
import { Company, type Somebody } from '../world/company.ts'

async function open() {
  let now = Date.now()
  const reports: string[] = []
  const company = await Company.open(() => now)
  const ana = await company.firstAdmin()
  const kit = await company.person(ana, 'kit', ['developer'])
  const reading = new Reading({ desk: company.instance, report: (sentence) => reports.push(sentence) })
  const { log } = company.instance
  const see = (look: Look, who: Somebody = ana, page: { after?: number; before?: number } = {}, ip = '192.0.2.7') =>
    reading.see(look, page, { caller: who.caller, personal: { ip, userAgent: 'test' }, isAllowed: true })
  /** Leaves from `from` on, with the queries beside them. */
  const leaves = async (from: number) =>
    Promise.all(
      Array.from({ length: log.size - from }, async (_, offset) => {
        const leaf = read(await log.leaf(from + offset))
        const kept = openSeal(leaf.personal, await log.disclosures(from + offset))
        return { ...leaf, queries: valueOf(kept, 'queries')?.split('\n') }
      }),
    )
  return {
    ...{ company, ana, kit, reading, reports, see, leaves },
    pass: (ms: number) => (now += ms),
    size: () => log.size,
    async [Symbol.asyncDispose]() {
      await reading[Symbol.asyncDispose]()
      await company[Symbol.asyncDispose]()
    },
  }
}

const search = (query: string): Look => ({ kind: 'search', query })

test('the first sight is a leaf of the reader before it resolves; what they typed is beside it, and not in it', async () => {
  await using office = await open()
  const before = office.size()
  const seen = await office.see(search('who:@kit'))
  if (isRefusal(seen)) throw new Error(seen.because)
  expect([seen.leafIndex, office.size(), seen.decision.outcome]).toEqual([before, before + 1, 'allowed'])
  const [leaf] = await office.leaves(before)
  expect(leaf).toMatchObject({ caller: office.ana.caller, event: { reads: [{ kind: 'search', query: 0 }] } })
  expect(leaf!.queries).toEqual(['who:@kit'])
  expect(Buffer.from(await office.company.instance.log.leaf(before)).toString()).not.toMatch(/kit|192\.0\.2/)
})

test('sights that come together share a leaf, at most 64, and each login has its own', async () => {
  await using office = await open()
  const before = office.size()
  const looks = Array.from({ length: 130 }, (_, leaf): Look => ({ kind: 'leaf', leaf }))
  const seen = await Promise.all([...looks.map((look) => office.see(look)), office.see(looks[0]!, office.kit)])
  const leaves = await office.leaves(before)
  const sizes = leaves.map(({ event, caller }) => [caller.id, event.type === 'trail.read' ? event.reads.length : 0])
  const { id } = office.ana
  expect(sizes.sort()).toEqual(
    [
      [id, 1],
      [id, 1],
      [id, MAX_READS],
      [id, MAX_READS],
      [office.kit.id, 1],
    ].sort(),
  )
  expect(new Set(seen.map((each) => (isRefusal(each) ? -1 : each.leafIndex))).size).toBe(5)
})

test('long queries fill a leaf sooner, and none is cut or mixed up', async () => {
  await using office = await open()
  const before = office.size()
  const asked = Array.from({ length: 12 }, (_, index) => `${index}\n${'x'.repeat(990)}`)
  await Promise.all(asked.map((query) => office.see(search(query))))
  const leaves = await office.leaves(before)
  expect(leaves.flatMap(({ queries }) => queries)).toEqual(asked.map((query) => query.replace('\n', ' ')))
  for (const { event, queries } of leaves)
    if (event.type === 'trail.read') expect(event.reads.map(({ query }) => query)).toEqual(queries!.map((_, n) => n))
})

test('looking again is counted, and written when the ten minutes are over; then it is a first sight again', async () => {
  await using office = await open()
  const first = office.size()
  await office.see(search('a'))
  for (let turn = 0; turn < 3; turn += 1) {
    await office.company.ask({ command: { type: 'end login', login: 'login:0000000000' }, caller: office.kit.caller })
    await office.see(search('a'))
  }
  const { length } = await office.leaves(first)
  expect(length).toBe(4)
  await office.reading.sweep()
  expect(office.size()).toBe(first + 4)
  office.pass(WINDOW_MS)
  await office.reading.sweep()
  const [counted] = await office.leaves(first + 4)
  expect(counted).toMatchObject({
    caller: { id: 'system:reading', kind: 'system' },
    outcome: 'recorded',
    event: { principal: office.ana.id, repeats: [{ leafIndex: first, read: 0, times: 3 }] },
  })
  office.pass(3 * 60_000)
  await office.see(search('a'))
  expect((await office.leaves(first + 5)).map(({ event }) => event.type)).toEqual(['trail.read'])
})

test('what a trace made a screen ask again is no new sight; what a person asks later is', async () => {
  await using office = await open()
  const first = office.size()
  await office.see(search('a'))
  office.pass(WINDOW_MS - 1_000)
  await office.see(search('b'), office.kit)
  office.pass(60_000)
  await office.see(search('a'))
  expect(office.size()).toBe(first + 2)
  office.pass(3 * 60_000)
  await office.see(search('a'))
  expect(office.size()).toBe(first + 3)
})

test('pages further down are counted, pages that were shown already are not', async () => {
  await using office = await open()
  const first = office.size()
  await office.see(search('a'))
  for (const before of [900, 800, 900, 800, 700]) await office.see(search('a'), office.ana, { before })
  for (const after of [10, 20, 10]) await office.see({ kind: 'bundle' }, office.ana, { after })
  office.pass(WINDOW_MS)
  await office.reading.sweep()
  const event = (await office.leaves(first)).at(-1)!.event
  expect(event).toMatchObject({
    repeats: [
      { leafIndex: first, times: 3 },
      { leafIndex: first + 1, times: 1 },
    ],
  })
})

test('two screens that ask again for each new leaf come to rest, also after something happened', async () => {
  await using office = await open()
  const { ledger } = office.company.instance
  let asked = 0
  const turns: Promise<unknown>[] = []
  const screen = (who: Somebody, queries: string[]) => () => {
    for (const query of queries) {
      asked += 1
      turns.push(office.see(search(query), who))
      turns.push(office.see(search(query), who, { before: ledger.publishedSize - 1 }))
    }
  }
  const stop = [screen(office.ana, ['', 'a']), screen(office.kit, [''])].map((refresh) => ledger.follow(refresh))
  const settle = async () => {
    for (let turn = turns.pop(); turn; turn = turns.pop()) await turn
    await office.reading.sweep()
  }
  await office.see(search(''))
  for (let hour = 0; hour < 12; hour += 1) {
    office.pass(WINDOW_MS)
    await settle()
  }
  const atRest = office.size()
  office.pass(WINDOW_MS)
  await settle()
  expect(office.size()).toBe(atRest)

  await office.company.ask({ command: { type: 'end login', login: 'login:0000000000' }, caller: office.kit.caller })
  for (let hour = 0; hour < 12; hour += 1) {
    office.pass(WINDOW_MS)
    await settle()
  }
  const again = office.size()
  expect(again - atRest).toBeLessThan(16)
  office.pass(WINDOW_MS)
  await settle()
  expect([office.size(), asked > 10]).toEqual([again, true])
  for (const each of stop) each()
})

test('the same login from another address is another sight', async () => {
  await using office = await open()
  const first = office.size()
  await office.see(search('a'))
  await office.see(search('a'), office.ana, {}, '198.51.100.9')
  expect(office.size()).toBe(first + 2)
})

test('what the log cannot hold is not shown, and counts stay due until it can', async () => {
  await using office = await open()
  await office.see(search('a'))
  await office.see(search('a'), office.ana, { before: 9 })
  const { log } = office.company.instance
  const append = log.append.bind(log)
  log.append = () => {
    throw new Error('no space left on device')
  }
  await expect(office.see(search('b'))).rejects.toThrow('no space left')
  office.pass(WINDOW_MS)
  await office.reading.sweep()
  expect(office.reports).toEqual([expect.stringMatching(/^couldn't write down .*trying again: no space left/)])
  log.append = append
  const size = office.size()
  await office.see(search('b'))
  await office.reading.sweep()
  expect((await office.leaves(size)).map(({ event }) => event.type)).toEqual(['trail.read', 'trail.counted'])
})

test('whoever is refused is refused in one leaf, and asked anew once they would be allowed', async () => {
  await using office = await open()
  const eve = await office.company.person(office.ana, 'eve', [])
  const look = { kind: 'stream' } as const
  const reader = { caller: eve.caller, personal: {}, isAllowed: false }
  const first = office.size()
  for (let turn = 0; turn < 3; turn += 1) {
    const seen = await office.reading.see(look, {}, reader)
    expect(isRefusal(seen) ? undefined : [seen.decision.reason, seen.leafIndex]).toEqual(['policy_refused', first])
  }
  await office.company.ask({
    command: { type: 'assign role', person: eve.id, role: 'auditor' },
    caller: office.ana.caller,
  })
  const seen = await office.reading.see(look, {}, { ...reader, isAllowed: true })
  expect(isRefusal(seen) ? undefined : seen.decision.outcome).toBe('allowed')
})

test('closing writes what was counted', async () => {
  const office = await open()
  const first = office.size()
  await office.see(search('a'))
  await office.see(search('a'), office.ana, { before: 3 })
  await office.reading[Symbol.asyncDispose]()
  expect((await office.leaves(first)).map(({ event }) => event.type)).toEqual(['trail.read', 'trail.counted'])
  await office.company[Symbol.asyncDispose]()
})
