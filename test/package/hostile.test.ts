/** Whoever holds the key of the log may sign any nonsense: it is refused by name, and nothing is thrown, hung or believed. */

import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkPackage } from '../../src/domain/package/check.ts'
import { MANIFEST, PROOF, STATE } from '../../src/domain/package/layout.ts'
import { parseManifest } from '../../src/domain/package/manifest.ts'
import { nodeTools } from '../../src/domain/package/node-tools.ts'
import { replayPackage } from '../../src/domain/package/replay.ts'
import { utf8 } from '../../src/bytes/text.ts'
import { check, editLines, putTogether, resign, takeApart, text, World, wrong, type Parts } from './world.ts'

let world: World
let parts: Parts
let later: Parts
beforeAll(async () => {
  world = await World.open()
  parts = takeApart(await world.export())
  later = takeApart(await world.export({ from: '9', to: '20', samples: 0 }))
})
afterAll(() => world[Symbol.asyncDispose]())

const signed = (changed: Parts) => putTogether(resign(changed, world.source.signer))

const nonsense = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 300 }),
  fc.json({ maxDepth: 4 }).map((json) => utf8.encode(json)),
  fc
    .constantFrom(
      'null\n',
      '[]\n',
      '{"__proto__":{}}\n',
      '{'.repeat(5000),
      '"\\ud800"\n',
      '\n\n\n',
      '{"leafIndex":-1}\n',
    )
    .map(utf8.encode),
)

test('any member may be anything', async () => {
  const names = [...parts.keys()].filter((name) => name !== MANIFEST)
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), nonsense, async (name, bytes) => {
      const { report } = await checkPackage(signed(new Map(parts).set(name, bytes)), {}, nodeTools)
      // HOWTO is for people; the list of hashes is looked at only when a leaf does not fit.
      if (name !== 'HOWTO.txt' && name !== 'log/hashes' && !name.startsWith('controls/'))
        expect(report.isGood, name).toBe(false)
    }),
    { numRuns: 200 },
  )
})

test('a manifest may be anything', async () => {
  await fc.assert(
    fc.asyncProperty(nonsense, async (bytes) => {
      expect((await check(putTogether(new Map(parts).set(MANIFEST, bytes)))).isGood).toBe(false)
    }),
    { numRuns: 100 },
  )
  for (const change of [
    { from: -1 },
    { to: 0 },
    { to: 1e15 },
    { checkpointSize: 1 },
    { logKey: 'nonsense' },
    { origin: 'x' },
    { witnesses: ['y'] },
  ])
    expect((await check(putTogether(resign(new Map(parts), world.source.signer, change)))).isGood).toBe(false)
})

test('a proof may be any JSON', async () => {
  await fc.assert(
    fc.asyncProperty(fc.json({ maxDepth: 5 }), async (json) => {
      expect((await check(signed(new Map(later).set(PROOF, utf8.encode(json))))).isGood).toBe(false)
    }),
    { numRuns: 100 },
  )
})

test('a state that was signed and is none ends in a finding, not in a crash', async () => {
  for (const state of [
    '',
    '{}',
    '["people","x",1]\n',
    '["__proto__","a",{}]\n',
    '["policy",{"digest":7}]\n',
    'null\n',
  ]) {
    const answered = await replayPackage(signed(new Map(later).set(STATE, utf8.encode(state))), {})
    const isFine = answered.report.isGood && answered.replay?.different.length === 0
    expect(isFine, state).toBe(false)
  }
})

test('a state that says more than was is found out when the decisions are made again', async () => {
  const person = /"roles":\{"map":\[/
  const changed = editLines(new Map(later), STATE, (lines) =>
    lines.map((line) =>
      line.startsWith('["at"') ? '["at",9999999999999]' : line.replace(person, '"roles":{"map":[["king",null],'),
    ),
  )
  const { replay } = await replayPackage(signed(changed), {})
  expect(replay!.different.length).toBeGreaterThan(0)
})

test('evidence and disclosures that do not belong are found although they were signed for', async () => {
  const group = [...parts.keys()].find((name) => name.startsWith('evidence/'))!
  const swapped = editLines(new Map(parts), group, (lines) =>
    lines.map((line) => line.replace(/"base64":"..../, '"base64":"AAAA')),
  )
  expect(wrong(await check(signed(swapped)))).toContain('evidence: altered')
  const [first] = text(parts, 'disclosures/000000000000.jsonl').split('\n')
  const moved = editLines(new Map(parts), 'disclosures/000000000000.jsonl', (lines) => [
    ...lines,
    first!.replace(/"leafIndex":\d+/, '"leafIndex":1'),
  ])
  expect(wrong(await check(signed(moved)))).toContain('disclosures: altered')
})

test('a manifest has one spelling', () => {
  const { payload } = JSON.parse(text(parts, MANIFEST)) as { payload: string }
  const statement = Buffer.from(payload, 'base64').toString()
  expect(parseManifest(statement).origin).toBe('log.example')
  for (const change of [
    (s: string) => ` ${s}`,
    (s: string) => s.replace('"format":1', '"format":2'),
    (s: string) => s.replace('"format":1', '"format":1,"more":1'),
    (s: string) => s.replace('"from":0', '"from":0.5'),
    (s: string) => s.replace('evidence-package/v1', 'evidence-package/v2'),
  ])
    expect(() => parseManifest(change(statement))).toThrow(SyntaxError)
})
