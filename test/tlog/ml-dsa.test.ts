/** ML-DSA-44 cosignatures are those of C2SP tlog-cosignature: another implementation's verify, and two of ours agree on every other. */

import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8 } from '../../src/bytes/text.ts'
import * as browser from '../../src/console/verify/note.ts'
import { nodeTools } from '../../src/domain/package/node-tools.ts'
import { formatCheckpoint } from '../../src/tlog/checkpoint.ts'
import { cosign, verifyCosignatures } from '../../src/tlog/cosignature.ts'
import { TlogError } from '../../src/tlog/error.ts'
import { COSIGNATURE, ed25519Signer, formatKey, mlDsaSigner, parseKey } from '../../src/tlog/key.ts'
import { formatNote, parseNote } from '../../src/tlog/note.ts'
import { checkpoint as vector, vkey } from './ml-dsa-vector.ts'

const signer = mlDsaSigner('witness.example/w1', generateKeyPairSync('ml-dsa-44').privateKey)
const text = formatCheckpoint({ origin: 'log.example', size: 42, rootHash: new Uint8Array(32).fill(7) })
const noteOf = (body: string, line: string) => `${body}\n${line}`
const code = (act: () => unknown) => {
  try {
    act()
    return undefined
  } catch (error) {
    return error instanceof TlogError ? error.code : error
  }
}

test('a cosignature of another implementation verifies, and its key is spelled as it spells it', async () => {
  const key = parseKey(vkey)
  expect(formatKey(key)).toBe(vkey)
  expect(verifyCosignatures(parseNote(vector), [key])).toMatchObject([{ timeSeconds: 0 }])
  expect(await nodeTools.judgeNote(vector, vkey)).toBe('valid')
  expect(await browser.verifyNote(browser.parseNote(vector), await browser.parseKey(vkey))).toBe('valid')
  for (const [from, to] of [
    ['\n1\n', '\n2\n'],
    ['+zoEr', '+zoEs'],
    ['example.com/mldsa-log\n1', 'example.com/other\n1'],
  ] as const)
    expect(code(() => verifyCosignatures(parseNote(vector.replace(from, to)), [key]))).toBe('bad_signature')
})

test('what one of ours signs, both of ours verify; nothing else', async () => {
  const line = cosign(text, signer, 1_763_900_000)
  const note = noteOf(text, line)
  expect(verifyCosignatures(parseNote(note), [signer.key])).toMatchObject([{ timeSeconds: 1_763_900_000 }])
  const key = await browser.parseKey(formatKey(signer.key))
  expect(await browser.verifyNote(browser.parseNote(note), key)).toBe('valid')
  const { signatures } = parseNote(note)
  const at = fc.nat(signatures[0]!.signature.length - 1)
  await fc.assert(
    fc.asyncProperty(at, fc.nat(7), async (index, bit) => {
      const signature = Uint8Array.from(signatures[0]!.signature)
      signature[index]! ^= 1 << bit
      const bent = formatNote({ text, signatures: [{ ...signatures[0]!, signature }] })
      expect(code(() => verifyCosignatures(parseNote(bent), [signer.key]))).toBe('bad_signature')
      expect(await browser.verifyNote(browser.parseNote(bent), key)).toBe('wrong')
    }),
    { numRuns: 60 },
  )
})

test('the name of the cosigner is signed, and the time', () => {
  const { privateKey } = generateKeyPairSync('ml-dsa-44')
  const [one, other] = [mlDsaSigner('one', privateKey), mlDsaSigner('other', privateKey)]
  const { signature } = parseNote(noteOf(text, cosign(text, one, 5))).signatures[0]!
  const moved = formatNote({ text, signatures: [{ ...other.key, signature }] })
  expect(code(() => verifyCosignatures(parseNote(moved), [other.key]))).toBe('bad_signature')
})

test('checkpoints with extension lines are not cosigned, and such a cosignature is none', async () => {
  const extended = `${text}extension\n`
  expect(code(() => cosign(extended, signer, 5))).toBe('malformed_checkpoint')
  const [signature] = parseNote(noteOf(text, cosign(text, signer, 5))).signatures
  const note = formatNote({ text: extended, signatures: [signature!] })
  expect(code(() => verifyCosignatures(parseNote(note), [signer.key]))).toBe('bad_signature')
  expect(await browser.verifyNote(browser.parseNote(note), await browser.parseKey(formatKey(signer.key)))).toBe('wrong')
})

test('both kinds count beside each other, and keys of the wrong length or kind are refused', () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const plain = ed25519Signer('witness.example/w2', COSIGNATURE, privateKey)
  const note = parseNote(noteOf(text, cosign(text, signer, 5) + cosign(text, plain, 6)))
  expect(verifyCosignatures(note, [plain.key, signer.key]).map(({ timeSeconds }) => timeSeconds)).toEqual([5, 6])
  expect(code(() => mlDsaSigner('one', privateKey))).toBe('malformed_key')
  expect(code(() => parseKey(vkey.slice(0, -8)))).toBe('malformed_key')
  expect(code(() => parseKey(vkey.replace('b5df45c5', 'b5df45c6')))).toBe('malformed_key')
  expect(code(() => mlDsaSigner('é'.repeat(200), generateKeyPairSync('ml-dsa-44').privateKey))).toBe('malformed_key')
  expect(utf8.encode(formatKey(signer.key)).length).toBeLessThan(1_900)
})
