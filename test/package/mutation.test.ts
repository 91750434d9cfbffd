/** Whatever is done to a package is found, and called what it is. */

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CHECKPOINT, COVERAGE, HASHES, MANIFEST, PROOF } from '../../src/domain/package/layout.ts'
import { openCheckpoint, signCheckpoint } from '../../src/tlog/checkpoint.ts'
import { formatKey } from '../../src/tlog/key.ts'
import { utf8 } from '../../src/bytes/text.ts'
import {
  check,
  editLines,
  manifestOf,
  putTogether,
  resign,
  stranger,
  takeApart,
  text,
  World,
  wrong,
  type Parts,
} from './world.ts'

let world: World
let bytes: Uint8Array
beforeAll(async () => {
  world = await World.open()
  bytes = await world.export()
})
afterAll(() => world[Symbol.asyncDispose]())

const LEAVES = 'log/leaves/000000000000.jsonl'
const evidence = (parts: Parts) => [...parts.keys()].find((name) => name.startsWith('evidence/'))!
const swap = (lines: string[], a: number, b: number) => lines.with(a, lines[b]!).with(b, lines[a]!)

/** What somebody does who cannot sign. */
const edits: readonly (readonly [name: string, edit: (parts: Parts) => unknown, found: string])[] = [
  ['a leaf deleted', (p) => editLines(p, LEAVES, (l) => l.toSpliced(5, 1)), 'leaves: gap'],
  ['a leaf altered', (p) => editLines(p, LEAVES, (l) => l.with(5, l[5]!.replace('Z"', '1Z"'))), 'leaves: altered'],
  ['two leaves reordered', (p) => editLines(p, LEAVES, (l) => swap(l, 5, 9)), 'leaves: reordered'],
  ['a leaf added', (p) => editLines(p, LEAVES, (l) => l.toSpliced(5, 0, l[4]!)), 'leaves: added'],
  ['a foreign leaf added', (p) => editLines(p, LEAVES, (l) => l.toSpliced(5, 0, '{}')), 'leaves: added'],
  ['the range shortened', (p) => editLines(p, LEAVES, (l) => l.slice(0, -3)), 'leaves: truncated'],
  [
    'the range and its hashes shortened',
    (p) => editLines(p, LEAVES, (l) => l.slice(0, -3)).set(HASHES, p.get(HASHES)!.slice(0, -96)),
    'leaves: truncated',
  ],
  ['all leaves gone', (p) => p.delete(LEAVES), 'members: absent'],
  ['a hash altered, and no leaf', (p) => p.set(HASHES, flipped(p.get(HASHES)!)), 'members: altered'],
  ['a row deleted', (p) => editLines(p, 'populations/logins.csv', (l) => l.toSpliced(2, 1)), 'populations: gap'],
  ['a row altered', (p) => editLines(p, 'populations/logins.csv', (l) => l.with(2, 'x,y')), 'populations: altered'],
  ['rows reordered', (p) => editLines(p, 'populations/logins.jsonl', (l) => swap(l, 0, 2)), 'populations: reordered'],
  [
    'a list cut short',
    (p) => editLines(p, 'populations/logins.jsonl', (l) => l.slice(0, -1)),
    'populations: truncated',
  ],
  ['a row added', (p) => editLines(p, 'populations/roles.csv', (l) => [...l, '9,x']), 'populations: added'],
  ['a list gone', (p) => p.delete('populations/logins.csv'), 'populations: absent'],
  ['an exception left out', (p) => editLines(p, 'exceptions.csv', (l) => l.toSpliced(1, 1)), 'exceptions: gap'],
  [
    'a gap covered up',
    (p) => p.set(COVERAGE, utf8.encode(text(p, COVERAGE).replaceAll('**0: a gap**', '7'))),
    'coverage: altered',
  ],
  [
    'a blob swapped',
    (p) => editLines(p, evidence(p), (l) => l.map((line) => line.replace(/"base64":"..../, '"base64":"AAAA'))),
    'evidence: altered',
  ],
  [
    'a policy rewritten',
    (p) =>
      p.set(
        [...p.keys()].find((n) => n.endsWith('login.cedar'))!,
        utf8.encode('permit(principal, action, resource);\n'),
      ),
    'policies: altered',
  ],
  [
    'another sample',
    (p) => editLines(p, 'samples/picks.json', (l) => [l[0]!.replace('dice', 'nice')]),
    'samples: altered',
  ],
  ['a disclosure of other personal data', (p) => swapDisclosures(p), 'disclosures: altered'],
  ['a file slipped in', (p) => p.set('populations/bonus.csv', utf8.encode('x\n')), 'members: added'],
  ['no checkpoint', (p) => p.delete(CHECKPOINT), 'checkpoint: absent'],
  [
    'another checkpoint',
    (p) => p.set(CHECKPOINT, utf8.encode(text(p, CHECKPOINT).replace(/\n\d+\n/, '\n9\n'))),
    'checkpoint: altered',
  ],
  ['no proof', (p) => p.set(PROOF, utf8.encode('{')), 'leaves: malformed'],
  ['no manifest', (p) => p.delete(MANIFEST), 'manifest: absent'],
  ['a manifest that is not one', (p) => p.set(MANIFEST, utf8.encode('{}')), 'manifest: malformed'],
]

test.each(edits)('%s', async (_, edit, found) => {
  const parts = takeApart(bytes)
  edit(parts)
  const report = await check(putTogether(parts), { logKeys: [world.key] })
  expect(report.isGood).toBe(false)
  expect(wrong(report)).toContain(found)
})

function flipped(content: Uint8Array): Uint8Array {
  return content.with(40, content[40]! ^ 1)
}

function swapDisclosures(parts: Parts): Parts {
  return editLines(parts, 'disclosures/000000000000.jsonl', (lines) => {
    const [first, second] = [JSON.parse(lines[0]!), JSON.parse(lines[1]!)]
    return lines.with(0, JSON.stringify({ ...first, disclosures: second.disclosures }))
  })
}

test('a deleted leaf is named by its number, and what rests on it is not judged', async () => {
  const parts = editLines(takeApart(bytes), LEAVES, (lines) => lines.toSpliced(17, 1))
  const { checks } = await check(putTogether(parts))
  expect(checks.find(({ name }) => name === 'leaves')!.detail).toMatch(/^leaf 17 is missing/)
  expect(checks.find(({ name }) => name === 'populations')!.state).toBe('skipped')
})

test('a manifest signed again with another key of the same name', async () => {
  const other = stranger('log.example')
  const parts = editLines(takeApart(bytes), LEAVES, (lines) => lines.toSpliced(5, 1))
  const again = resign(parts, other, { logKey: formatKey(other.key) })
  expect(wrong(await check(putTogether(again), { logKeys: [world.key] }))).toContain('manifest: wrong_key')
  // Nobody pinned a key: the checkpoint still tells.
  expect(wrong(await check(putTogether(again)))).toEqual(['checkpoint: wrong_key'])
  // The key of the manifest is the right one, and the signature is not.
  expect(wrong(await check(putTogether(resign(takeApart(bytes), other))))).toContain('manifest: altered')
})

test('manifest and checkpoint forged together are found by the pinned key; without one the report says that none was pinned', async () => {
  const other = stranger('log.example')
  const parts = takeApart(bytes)
  const { origin, size, rootHash } = openCheckpoint(text(parts, CHECKPOINT), 'log.example', [world.source.signer.key])
  parts.set(CHECKPOINT, utf8.encode(signCheckpoint({ origin, size, rootHash }, other)))
  const forged = putTogether(resign(parts, other, { logKey: formatKey(other.key) }))
  expect((await check(forged, { logKeys: [world.key] })).isGood).toBe(false)
  expect(await check(forged)).toMatchObject({ isGood: true, isPinned: false })
})

test('whoever has the key of the log cannot leave out a leaf, nor begin later or end earlier than was asked', async () => {
  const { signer } = world.source
  const shorter = editLines(takeApart(bytes), LEAVES, (lines) => lines.slice(0, -1))
  const { to } = manifestOf(shorter)
  shorter.set(HASHES, shorter.get(HASHES)!.slice(0, -32))
  expect(wrong(await check(putTogether(resign(shorter, signer, { to: to - 1 }))))[0]).toMatch(/^leaves: /)

  const asked = { from: '2026-03-02T09:00:20Z', to: '2026-03-02T09:00:40Z', samples: 0, nonce: '' }
  const early = takeApart(await world.export({ from: '0', to: '12', samples: 0, nonce: '' }))
  const found = wrong(await check(putTogether(resign(early, signer, { asked }))))
  expect(found).toContain('edges: outside_period')

  const unshown = takeApart(await world.export({ from: '4', to: '12', samples: 0 }))
  const proof = JSON.parse(text(unshown, PROOF)) as { edges: unknown[] }
  unshown.set(PROOF, utf8.encode(JSON.stringify({ ...proof, edges: [] })))
  expect(wrong(await check(putTogether(resign(unshown, signer))))).toContain('edges: absent')

  const strange = takeApart(bytes).set('notes.txt', utf8.encode('all is well'))
  expect(wrong(await check(putTogether(resign(strange, signer))))).toEqual(['nothing else: added'])
})

test('any one byte that is changed is found', async () => {
  for (let round = 0; round < 150; round += 1) {
    const at = randomBytes(4).readUInt32BE() % bytes.length
    const changed = Buffer.from(bytes)
    changed[at]! ^= 1 << (round % 8)
    expect({ at, isGood: (await check(changed, { logKeys: [world.key] })).isGood }).toEqual({ at, isGood: false })
  }
})
