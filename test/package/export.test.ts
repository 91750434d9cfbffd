/** What is exported proves itself, is the same every time, and says what is not in it. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run as replay } from '../../src/cli/replay.ts'
import { run as verify } from '../../src/cli/verify.ts'
import { CHECKPOINT, STATE } from '../../src/domain/package/layout.ts'
import { cosign } from '../../src/tlog/cosignature.ts'
import { COSIGNATURE, ed25519Signer, formatKey } from '../../src/tlog/key.ts'
import { parseNote } from '../../src/tlog/note.ts'
import { generateKeyPairSync } from 'node:crypto'
import { listening } from '../verify/world.ts'
import { check, manifestOf, takeApart, text, World, wrong } from './world.ts'

let world: World
beforeAll(async () => {
  world = await World.open()
})
afterAll(() => world[Symbol.asyncDispose]())

const kept = (name: string, bytes: Uint8Array) => {
  const path = join(world.directory, `${name}.csevidence`)
  writeFileSync(path, bytes)
  return path
}

test('a package of the whole log passes every check, and the same words make the same bytes', async () => {
  const bytes = await world.export()
  const report = await check(bytes, { logKeys: [world.key] })
  expect(report.checks.filter(({ state }) => state !== 'ok')).toEqual([])
  expect(report).toMatchObject({ isGood: true, isPinned: true, counts: { leaves: world.office.size } })
  expect(report.counts.evidence).toMatchObject({ withheld: 0 })
  expect(Buffer.from(bytes).equals(await world.export())).toBe(true)
})

test('every release is in the population, with what became of it, and in the samples with its story', async () => {
  const parts = takeApart(await world.export())
  const [release] = text(parts, 'populations/releases.jsonl').trim().split('\n')
  expect(JSON.parse(release!)).toMatchObject({
    environment: 'production',
    repository: 'acme/shop',
    required: 2,
    approvals: 2,
    refusals: 1,
    grants: 1,
    result: 'deployed',
  })
  expect(text(parts, 'exceptions.csv')).toMatch(/refused,approval\.refused/)
  const story = text(parts, 'samples/001/page.md')
  for (const type of ['repository.pushed', 'build.attested', 'approval.given', 'grant.issued', 'release.ended'])
    expect(story).toContain(type)
  expect([...parts.keys()]).toContainEqual(expect.stringMatching(/^samples\/001\/.*\.passkey-assertion$/))
  expect(text(parts, 'coverage.md')).toContain('**0: a gap**')
})

test('the sample follows from the tree and the words of the auditor', async () => {
  const picks = async (nonce: string) =>
    JSON.parse(text(takeApart(await world.export({ nonce })), 'samples/picks.json'))
  const [one, same, other] = [await picks('a'), await picks('a'), await picks('b')]
  expect(one).toEqual(same)
  expect(other.seed).not.toBe(one.seed)
})

test('a period by leaves has what stands around it, and is decided again on the state before it', async () => {
  const to = world.office.size - 2
  const bytes = await world.export({ from: '9', to: String(to) })
  const report = await check(bytes, { logKeys: [world.key] })
  expect(wrong(report)).toEqual([])
  expect(report.manifest).toMatchObject({ from: 9, to })
  const parts = takeApart(bytes)
  expect(JSON.parse(text(parts, 'log/proof.json')).edges.map(({ leafIndex }: any) => leafIndex)).toEqual([8, to])
  expect(parts.has(STATE)).toBe(true)
  const { terminal, text: told } = listening('text')
  expect(await replay({ directory: kept('part', bytes) }, terminal)).toBe(0)
  expect(told()).toMatch(/✓ 0 differences[^]*on the word of the signer/)
})

test('every period of the log proves itself', async () => {
  const { size } = world.office
  for (let from = 0; from < size; from += 3)
    for (let to = from + 1; to <= size; to += 5) {
      const report = await check(await world.export({ from: String(from), to: String(to), samples: 0 }))
      expect({ from, to, wrong: wrong(report) }).toEqual({ from, to, wrong: [] })
    }
})

test('a period by time begins and ends where its leaves do', async () => {
  const bytes = await world.export({ from: '2026-03-02T09:00:20Z', to: '2026-03-02T09:00:40Z' })
  const report = await check(bytes)
  expect(wrong(report)).toEqual([])
  expect(report.manifest!.from).toBeGreaterThan(0)
  expect(report.manifest!.to).toBeLessThan(world.office.size)
})

test('what is personal can stay at home: the digests go, and everything still verifies', async () => {
  const bytes = await world.export({ withhold: 'personal' })
  const report = await check(bytes, { logKeys: [world.key] })
  expect(wrong(report)).toEqual([])
  expect(report.counts.disclosures).toMatchObject({ checked: 0 })
  expect(report.counts.disclosures.withheld).toBeGreaterThan(10)
  expect(report.counts.evidence.withheld).toBeGreaterThan(0)
  expect(Buffer.from(bytes).includes('acme.example')).toBe(false)
  const { terminal, json } = listening()
  expect(await replay({ directory: kept('withheld', bytes) }, terminal)).toBe(0)
  expect(json<{ withheld: number[] }>().withheld.length).toBeGreaterThan(0)
})

test('a witness that cosigned is named, and one that did not is missed', async () => {
  const witness = ed25519Signer('witness.example', COSIGNATURE, generateKeyPairSync('ed25519').privateKey)
  const { log } = world.office.company.instance
  await log.addCosignatures(log.head.note, cosign(parseNote(log.head.note).text, witness, 1_772_442_000))
  const bytes = await world.export({}, { witnesses: [witness.key] })
  const seen = formatKey(witness.key)
  expect(await check(bytes, { witnessKeys: [seen] })).toMatchObject({ isGood: true, cosigners: [seen] })
  expect(manifestOf(takeApart(bytes)).witnesses).toEqual([seen])
  expect(text(takeApart(bytes), CHECKPOINT)).toContain('— witness.example ')
  const stranger = formatKey(ed25519Signer('other.example', COSIGNATURE, generateKeyPairSync('ed25519').privateKey).key)
  expect(wrong(await check(bytes, { witnessKeys: [stranger] }))).toEqual(['witnesses: absent'])
})

test('the command line tells each check, and exits 5 when one fails', async () => {
  const bytes = await world.export()
  const good = listening('text')
  expect(await verify({ directory: kept('good', bytes), logKey: [world.key] }, good.terminal)).toBe(0)
  expect(good.text()).toMatch(/✓ populations {3}\d{2} lists/)
  expect(good.text()).toContain('✓ the package is what was signed')
  const bad = Buffer.from(bytes)
  bad[bad.indexOf('dev.countersign.approval.given.v1')]! ^= 1
  const told = listening('text')
  expect(await verify({ directory: kept('bad', bad) }, told.terminal)).toBe(5)
  expect(told.text()).toMatch(/✗ leaves {8}altered: leaf \d+ was altered/)
  const whole = listening()
  expect(await replay({ directory: kept('whole', await world.export()) }, whole.terminal)).toBe(0)
  expect(whole.json<{ same: number; different: unknown[] }>()).toMatchObject({ same: world.office.size, different: [] })
})
