/** The proofs that the browser recomputes, against published vectors and a second implementation. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatHex, parseBase64, parseBase64Url, utf8 } from '../../src/console/verify/bytes.ts'
import { openDisclosure } from '../../src/console/verify/disclosure.ts'
import { climb, leafHash, verifyInclusion } from '../../src/console/verify/inclusion.ts'
import { checkLeaf } from '../../src/console/verify/leaf.ts'
import { parseCheckpoint, parseKey, parseNote, verifyNote } from '../../src/console/verify/note.ts'
import { pinKey, trustKey } from '../../src/console/verify/pin.ts'
import { createSigner, pathOf, rootOf, sha256, Tree } from './fixture/tree.ts'
import { createWorld } from './fixture/world.ts'

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'))

// transparency-dev/merkle testonly/constants.go
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
const ROOT = '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'
const PROOFS: readonly (readonly [number, readonly string[]])[] = [
  [
    0,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    5,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
]

test.each(PROOFS)('leaf %i of the published tree of 8 climbs to its root', async (index, proof) => {
  const { root } = await climb(await leafHash(hex(LEAVES[index]!)), index, 8, proof.map(hex))
  expect(formatHex(root)).toBe(ROOT)
})

test('every leaf of every tree is included, and nothing else is', async () => {
  const cases = fc.integer({ min: 1, max: 70 }).chain((size) => fc.tuple(fc.constant(size), fc.nat({ max: size - 1 })))
  await fc.assert(
    fc.asyncProperty(cases, fc.nat(), async ([size, index], salt) => {
      const hashes = Array.from({ length: size }, (_, at) => sha256(Uint8Array.of(0), `leaf ${at} ${salt}`))
      const path = pathOf(index, hashes).map((hash) => Uint8Array.from(hash))
      const root = Uint8Array.from(rootOf(hashes))
      const leaf = await leafHash(utf8(`leaf ${index} ${salt}`))
      expect(await verifyInclusion(leaf, index, size, path, root)).toBe(true)
      expect(await verifyInclusion(await leafHash(utf8('another')), index, size, path, root)).toBe(false)
      if (path.length > 0) {
        path[salt % path.length]![salt % 32]! ^= 1
        expect(await verifyInclusion(leaf, index, size, path, root)).toBe(false)
      }
    }),
    { numRuns: 60 },
  )
})

test.each([
  ['an index beyond the tree', 8, 8, 3],
  ['a negative index', -1, 8, 3],
  ['a hash too few', 0, 8, 2],
  ['a hash too many', 0, 8, 4],
])('%s is refused', async (_, index, size, count) => {
  const hashes = Array.from({ length: count }, () => new Uint8Array(32))
  await expect(climb(new Uint8Array(32), index, size, hashes)).rejects.toThrow(RangeError)
})

// golang.org/x/mod/sumdb/note, package example
const NEUMANN = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const NOTE =
  'If you think cryptography is the answer to your problem,\nthen you don\u2019t know what your problem is.\n\n\u2014 PeterNeumann '.replace(
    '\u2019',
    "'",
  ) + 'x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'

test('the published signed note verifies, and no other text under it', async () => {
  const key = await parseKey(NEUMANN)
  expect(await verifyNote(parseNote(NOTE), key)).toBe('valid')
  expect(await verifyNote(parseNote(NOTE.replace('answer', 'cause')), key)).toBe('wrong')
  expect(await verifyNote(parseNote(NOTE), await parseKey(createSigner('other', 1).key))).toBe('absent')
})

test('a key whose id is not its own is refused', async () => {
  await expect(parseKey(NEUMANN.replace('c74f20a3', 'c74f20a4'))).rejects.toThrow('key id')
})

test.each([
  '',
  '\n\n',
  'a\n\n\u2014 b c\n',
  'text\n',
  `${NOTE}x`,
  NOTE.replace('\u2014', '-'),
  NOTE.replace(' is ', ' \u0007 '),
])('no signed note: %j', (text) => {
  expect(() => parseNote(text)).toThrow(SyntaxError)
})

test('parsers of foreign text throw a SyntaxError and nothing else', () => {
  const onlySyntax = (parse: (text: string) => unknown) => (text: string) => {
    try {
      parse(text)
    } catch (error) {
      expect(error).toBeInstanceOf(SyntaxError)
    }
  }
  for (const parse of [parseNote, parseCheckpoint, parseBase64, parseBase64Url])
    fc.assert(fc.property(fc.string({ maxLength: 200 }), onlySyntax(parse)))
})

test('a witness cosigns with its time', async () => {
  const tree = new Tree('log.example')
  tree.append('one')
  const key = await parseKey(tree.witness.key)
  const { checkpoint } = tree.head()
  expect(await verifyNote(parseNote(checkpoint), key)).toBe('valid')
  expect(await verifyNote(parseNote(checkpoint.replace('\n1\n', '\n2\n')), key)).toBe('wrong')
})

// RFC 9901 section 4.2.3
const MOEBIUS = 'WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0'
const MOEBIUS_DIGEST = 'X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0'

test('the published disclosure is found by its digest, and only in a leaf that holds it', async () => {
  const leaf = JSON.stringify({ data: { personal: { _sd: [MOEBIUS_DIGEST] } } })
  expect(await openDisclosure(MOEBIUS, leaf)).toEqual({ name: 'family_name', value: 'M\u00f6bius', committed: true })
  expect((await openDisclosure(MOEBIUS, '{"data":{}}')).committed).toBe(false)
})

const { tree, rows, disclosures } = createWorld(Date.parse('2026-11-23T14:02:11Z'), 40)

function claim(leafIndex: number) {
  const leaf = tree.leaves[leafIndex]!
  return {
    leafIndex,
    leaf,
    proof: tree.prove(leafIndex),
    disclosures: disclosures.get(leafIndex)!,
    row: rows[leafIndex]!,
  }
}

test('an honest leaf passes every check', async () => {
  const verdict = await checkLeaf(claim(17), tree.log.key)
  expect(verdict.checks.map(({ name, ok }) => [name, ok])).toEqual([
    ['inclusion', true],
    ['checkpoint', true],
    ['reading', true],
    ['disclosure ip', true],
  ])
  expect(verdict.root).toBe(verdict.signedRoot)
})

type Claim = ReturnType<typeof claim>

test.each<readonly [string, string, (given: Claim) => unknown]>([
  ['a changed byte', 'inclusion', (given) => ({ ...given, leaf: given.leaf.replace('specversion', 'specVersion') })],
  ['another index', 'inclusion', (given) => ({ ...given, leafIndex: 16 })],
  [
    'a hash left out',
    'inclusion',
    ({ proof, ...given }) => ({ ...given, proof: { ...proof, hashes: proof.hashes.slice(1) } }),
  ],
  ['another tree size', 'inclusion', ({ proof, ...given }) => ({ ...given, proof: { ...proof, treeSize: 39 } })],
  [
    'an unsigned checkpoint',
    'checkpoint',
    ({ proof, ...given }) => ({ ...given, proof: { ...proof, checkpoint: 'x' } }),
  ],
  ['another reading', 'reading', ({ row, ...given }) => ({ ...given, row: { ...row, outcome: 'refused' as const } })],
  [
    'another value',
    'disclosure ip',
    (given) => ({ ...given, disclosures: [{ ...given.disclosures[0]!, value: '192.0.2.1' }] }),
  ],
  ['another datum', 'disclosure ip', (given) => ({ ...given, disclosures: disclosures.get(3)! })],
])('%s is a mismatch in %s', async (_, name, change) => {
  const verdict = await checkLeaf(change(claim(17)) as Claim, tree.log.key)
  expect(verdict.ok).toBe(false)
  expect(verdict.checks.find((check) => check.name === name)?.ok).toBe(false)
})

test('a checkpoint of another log, or by another key of the same name, is a mismatch', async () => {
  for (const name of ['other.example', tree.origin]) {
    const verdict = await checkLeaf(claim(17), createSigner(name, 1).key)
    expect(verdict.checks.find((check) => check.name === 'checkpoint')?.ok).toBe(false)
  }
})

test('the key seen first stays trusted until its person says otherwise', () => {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
  } as Storage
  expect(pinKey('a', storage)).toEqual({ key: 'a', offered: 'a', mismatch: false })
  expect(pinKey('b', storage)).toEqual({ key: 'a', offered: 'b', mismatch: true })
  trustKey('b', storage)
  expect(pinKey('b', storage).mismatch).toBe(false)
})
