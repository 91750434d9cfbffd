/** What spec/leaf.md says, done again from its vectors: here with nothing but Node, then with the code that writes leaves. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseDisclosure } from '../../src/bytes/disclosure.ts'
import { LeafError, MAX_LEAF_BYTES, read, spell, write, type Leaf } from '../../src/domain/leaf.ts'
import { hashText, leafHash } from '../../src/tlog/hash.ts'
import { Tree } from '../../src/tlog/tree.ts'

type Vector = {
  readonly name: string
  readonly text: string
  readonly leafHash: string
  readonly disclosures: readonly {
    readonly disclosure: string
    readonly digest: string
    readonly salt: string
    readonly name: string
    readonly value: string
  }[]
}
const load = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../spec/vectors', name), 'utf8'))
const { origin, rootHash, leaves } = load('leaf.json') as {
  readonly origin: string
  readonly rootHash: string
  readonly leaves: readonly Vector[]
}
const { texts } = load('leaf-refused.json') as {
  readonly texts: readonly { readonly why: string; readonly replace: string; readonly with: string }[]
}

/** RFC 8785 for what leaves are made of, from scratch. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
}
const sha256 = (...parts: (string | Uint8Array)[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()

describe.each(leaves)('$name', ({ text, leafHash: expected, disclosures }) => {
  test('is canonical JSON, and hashes as RFC 6962 says', () => {
    expect(canonical(JSON.parse(text))).toBe(text)
    expect(sha256(Uint8Array.of(0), text).toString('hex')).toBe(expected)
    expect(Buffer.from(leafHash(Buffer.from(text))).toString('hex')).toBe(expected)
  })

  test('is read, and spelled again byte for byte', () => {
    const leaf = read(Buffer.from(text))
    expect(Buffer.from(spell(leaf, origin)).toString()).toBe(text)
  })

  test('commits to its disclosures, and says nothing of them in clear', () => {
    const said = (JSON.parse(text) as { data: { personal?: { _sd: string[] } } }).data.personal?._sd ?? []
    expect(disclosures.map(({ digest }) => digest).toSorted()).toEqual(said)
    for (const { disclosure, digest, salt, name, value } of disclosures) {
      expect(sha256(disclosure).toString('base64url')).toBe(digest)
      expect(JSON.parse(Buffer.from(disclosure, 'base64url').toString())).toEqual([salt, name, value])
      expect(Buffer.from(salt, 'base64url')).toHaveLength(16)
      expect(parseDisclosure(disclosure)).toMatchObject({ digest, salt, name, value })
      expect(text).not.toContain(value)
    }
  })
})

test('the vectors make one tree', () => {
  const tree = new Tree()
  for (const { text } of leaves) tree.push(hashText(leafHash(Buffer.from(text))))
  expect(Buffer.from(tree.root()).toString('hex')).toBe(rootHash)
})

test.each(texts)('a text that $why is no leaf', ({ replace, with: by }) => {
  const text = leaves[0]!.text
  expect(text).toContain(replace)
  expect(() => read(Buffer.from(text))).not.toThrow()
  expect(() => read(Buffer.from(text.replace(replace, by)))).toThrow(LeafError)
})

test('a leaf over 65,535 bytes is not written', () => {
  const leaf = read(Buffer.from(leaves[1]!.text))
  if (leaf.command.type !== 'activate policy') throw new Error('the vectors are in another order')
  const ids = Array.from({ length: 600 }, (_, index) => `${index}`.padEnd(128, 'x'))
  const large = { ...leaf, command: { ...leaf.command, ids } } as Leaf
  expect(() => spell(large, origin)).toThrow(`over the limit of ${MAX_LEAF_BYTES}`)
})

test('a field that no schema knows is not written', () => {
  const leaf = read(Buffer.from(leaves[0]!.text))
  const decision = { outcome: 'recorded' as const, event: Object.assign({ also: true }, leaf.event) }
  expect(() => spell(write(leaf, decision), origin)).toThrow('Unrecognized key')
})
