import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256 } from '../../src/bytes/digest.ts'
import { base64, hex, utf8 } from '../../src/bytes/text.ts'
import { formatCheckpoint, openCheckpoint, parseCheckpoint, signCheckpoint } from '../../src/tlog/checkpoint.ts'
import { cosign, verifyCosignatures } from '../../src/tlog/cosignature.ts'
import { TlogError } from '../../src/tlog/error.ts'
import { COSIGNATURE, ed25519Signer, formatKey, NOTE_SIGNATURE, parseKey } from '../../src/tlog/key.ts'
import { formatNote, parseNote, parseSignatureLines, signNote, verifyNote } from '../../src/tlog/note.ts'
import { formatProofFile, parseProofFile } from '../../src/tlog/proof-file.ts'
import { decodeBundle, encodeBundle, formatTilePath, parseTilePath } from '../../src/tlog/tile.ts'
import {
  formatAddCheckpoint,
  formatConflict,
  parseAddCheckpoint,
  parseAddCheckpointAnswer,
  parseConflict,
} from '../../src/tlog/witness.ts'
import { enoch, peter } from './vectors.ts'

const peterKey = parseKey(peter.key)
const enochKey = parseKey(enoch.key)
const code = (act: () => unknown) => {
  try {
    act()
  } catch (error) {
    if (error instanceof TlogError) return error.code
    throw error
  }
  return 'none'
}

function peterSigner() {
  const seed = base64.decode(peter.seed).subarray(1)
  const der = Buffer.concat([hex.decode('302e020100300506032b657004220420'), seed])
  return ed25519Signer('PeterNeumann', NOTE_SIGNATURE, createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
}

test('Go sumdb/note: a verifier key is read, and no mangling of it', () => {
  expect(formatKey(peterKey)).toBe(peter.key)
  for (let from = 0; from <= peter.key.length; from += 1) {
    for (let to = from + 1; to <= peter.key.length; to += 1) {
      if (to - from < peter.key.length) expect(code(() => parseKey(peter.key.slice(from, to)))).toBe('malformed_key')
    }
  }
  for (let at = 0; at < peter.key.length; at += 1) {
    const next = String.fromCharCode(peter.key.charCodeAt(at) + 1)
    expect(code(() => parseKey(peter.key.slice(0, at) + next + peter.key.slice(at + 1)))).toBe('malformed_key')
  }
  for (const bad of [
    'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==',
    'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  ]) {
    expect(code(() => parseKey(bad))).toBe('malformed_key')
  }
})

test('Go sumdb/note: signing gives the published bytes', () => {
  expect(signNote(peter.text, peterSigner())).toBe(`${peter.text}\n${peter.line}`)
  expect(code(() => signNote('abc', peterSigner()))).toBe('malformed_note')
})

test('Go sumdb/note: opening', () => {
  const both = parseNote(`${peter.text}\n${peter.line}${enoch.line}`)
  expect(verifyNote(both, [peterKey])).toEqual([peterKey])
  expect(verifyNote(both, [peterKey, enochKey])).toEqual([peterKey, enochKey])
  expect(code(() => verifyNote(both, []))).toBe('unknown_key')
  expect(formatNote(both)).toBe(`${peter.text}\n${peter.line}${enoch.line}`)
  const broken = parseNote(`${peter.text}\n${peter.line.slice(0, 60)}ABCD${peter.line.slice(60)}`)
  expect(code(() => verifyNote(broken, [peterKey]))).toBe('bad_signature')
  const renamed = parseNote(`${peter.text}\n${peter.line.replace('PeterNeumann', 'CarmenSandiego')}`)
  expect(code(() => verifyNote(renamed, [peterKey]))).toBe('unknown_key')
})

test('Go sumdb/note: malformed notes', () => {
  const malformed = [
    peter.text,
    `${peter.text}\n`,
    `${peter.text}\n${peter.line.slice(0, -1)}`,
    `\u0001${peter.text}\n${peter.line}`,
    `${peter.text}\n— Bad Name x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`,
    `${peter.text}\n${peter.line}Unexpected line.\n`,
    `${peter.text}\n${peter.line.repeat(101)}`,
    `${peter.text}\n${peter.line.replace('PeterNeumann', 'Peter+Neumann')}`,
    `${peter.text}\n${peter.line.replace('PeterNeumann', 'Peter\u00a0Neumann')}`,
    `${peter.text}\n${peter.line.replace('PeterNeumann', 'Peter\u0085Neumann')}`,
  ]
  for (const note of malformed) expect(code(() => parseNote(note))).toBe('malformed_note')
  expect(code(() => parseNote(Buffer.from([0xff, ...utf8.encode(`${peter.text}\n${peter.line}`)])))).toBe(
    'malformed_note',
  )
  // "MUST accept at least up to 16 signatures"
  expect(verifyNote(parseNote(`${peter.text}\n${peter.line.repeat(16)}`), [peterKey])).toEqual([peterKey])
})

test('C2SP signed-note: the text of the example ends at the last blank line', () => {
  const text = 'Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n'
  const line =
    '— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n'
  const note = parseNote(`${text}\n${line}`)
  expect(note.text).toBe(text)
  expect(note.signatures.map(({ name, keyId, signature }) => [name, keyId, signature.length])).toEqual([
    ['quasimodo.example/salvatore', '367ba04b', 64],
  ])
  expect(formatNote(note)).toBe(`${text}\n${line}`)
})

const behindTheSofa = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'

test('C2SP tlog-checkpoint: the example is read and written back', () => {
  const checkpoint = parseCheckpoint(behindTheSofa)
  expect([checkpoint.origin, checkpoint.size, checkpoint.extensions]).toEqual([
    'example.com/behind-the-sofa',
    20_852_163,
    [],
  ])
  expect(formatCheckpoint(checkpoint)).toBe(behindTheSofa)
  expect(formatCheckpoint(parseCheckpoint(`${behindTheSofa}more\n`))).toBe(`${behindTheSofa}more\n`)
  const [origin, size, root] = behindTheSofa.split('\n')
  for (const bad of [
    `\n${size}\n${root}\n`,
    `${origin}\n0${size}\n${root}\n`,
    `${origin}\n-1\n${root}\n`,
    `${origin}\n1e3\n${root}\n`,
    `${origin}\n9007199254740992\n${root}\n`,
    `${origin}\n${size}\n${root}`,
    `${origin}\n${size}\nAAAA\n`,
    `${origin}\n${size}\n${root!.slice(0, -1)}\n`,
    `${origin}\n${size}\n${root}\n\nmore\n`,
    `${origin}\n${size}\n`,
  ]) {
    expect(code(() => parseCheckpoint(bad))).toBe('malformed_checkpoint')
  }
})

test('a checkpoint is opened for its origin and key only', () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const signer = ed25519Signer('log.example', NOTE_SIGNATURE, privateKey)
  const note = signCheckpoint({ origin: 'log.example', size: 3, rootHash: sha256() }, signer)
  expect(openCheckpoint(note, 'log.example', [signer.key]).size).toBe(3)
  expect(code(() => openCheckpoint(note, 'other.example', [signer.key]))).toBe('malformed_checkpoint')
  expect(code(() => openCheckpoint(note, 'log.example', [peterKey]))).toBe('unknown_key')
  expect(code(() => openCheckpoint(note.replace('\n3\n', '\n4\n'), 'log.example', [signer.key]))).toBe('bad_signature')
})

test('C2SP tlog-cosignature: keys of type 4, the timestamp is signed', () => {
  expect(parseKey('remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2').type).toBe(COSIGNATURE)
  const { privateKey } = generateKeyPairSync('ed25519')
  const signer = ed25519Signer('witness.example/w1', COSIGNATURE, privateKey)
  const line = cosign(behindTheSofa, signer, 1_679_315_147)
  const note = parseNote(`${behindTheSofa}\n${line}`)
  expect(verifyCosignatures(note, [signer.key])).toEqual([{ witness: signer.key, timeSeconds: 1_679_315_147 }])
  const { signature } = note.signatures[0]!
  signature[7]! ^= 1
  expect(code(() => verifyCosignatures(note, [signer.key]))).toBe('bad_signature')
  expect(code(() => cosign(behindTheSofa, peterSigner(), 1))).toBe('malformed_key')
  // transparency-dev/formats, CoSigV1Timestamp
  const published =
    '— w ZGhGuQAAAABm/qTPeyKXD+R2rzyQsxPiP8mXum7qq/iF0u4vanlqJyocWODBt97w9uL+8qT7S5gxEHWWOworDcFiEBYJXORmnFBOBA==\n'
  expect(Buffer.from(parseSignatureLines(published)[0]!.signature).readBigUInt64BE()).toBe(1_727_964_367n)
})

const exampleRequest = `old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6265UEjw6QUXTS5Rovnzv++qbSzm9Q=
`

test('C2SP tlog-witness: the example request is read and written back', () => {
  const request = parseAddCheckpoint(Buffer.from(exampleRequest))
  expect([request.oldSize, request.proof.length, parseNote(request.checkpoint).signatures.length]).toEqual([
    20_852_014, 4, 2,
  ])
  expect(formatAddCheckpoint(request)).toBe(exampleRequest)
  for (const bad of [
    exampleRequest.replace('old 2', 'old 02'),
    exampleRequest.replace('old ', 'old'),
    exampleRequest.replace('old', 'new'),
    exampleRequest.replace('PlRN', 'PlR'),
    exampleRequest.replace('PlRN', 'PlRNAAAA'),
    exampleRequest.replaceAll('\n\n', '\n'),
    `old 1\n${'PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n'.repeat(64)}\n${behindTheSofa}`,
  ]) {
    expect(code(() => parseAddCheckpoint(Buffer.from(bad)))).toBe('malformed_request')
  }
  expect(parseConflict(formatConflict(7))).toBe(7)
  expect(code(() => parseConflict('7'))).toBe('malformed_request')
  expect(parseAddCheckpointAnswer(Buffer.from(`${peter.line}${enoch.line}`))).toHaveLength(2)
  expect(code(() => parseAddCheckpointAnswer(Buffer.from('')))).toBe('malformed_note')
})

test('C2SP tlog-proof: transparency-dev/formats proofs are written and read', () => {
  const [h1, h2] = [sha256(Buffer.from('hash1')), sha256(Buffer.from('hash2'))]
  const cases = [
    [
      { leafIndex: 5, proof: [h1, h2], checkpoint: 'test checkpoint\n' },
      `index 5\n${base64.encode(h1)}\n${base64.encode(h2)}\n\ntest checkpoint\n`,
    ],
    [
      { leafIndex: 10, proof: [h1], checkpoint: 'checkpoint data\n', extra: utf8.encode('extra information') },
      `extra ${base64.encode(utf8.encode('extra information'))}\nindex 10\n${base64.encode(h1)}\n\ncheckpoint data\n`,
    ],
    [{ leafIndex: 0, proof: [], checkpoint: 'checkpoint\n' }, 'index 0\n\ncheckpoint\n'],
  ] as const
  for (const [file, body] of cases) {
    expect(formatProofFile(file)).toBe(`c2sp.org/tlog-proof@v1\n${body}`)
    const parsed = parseProofFile(`c2sp.org/tlog-proof@v1\n${body}`)
    expect(formatProofFile(parsed)).toBe(`c2sp.org/tlog-proof@v1\n${body}`)
  }
  for (const bad of [
    '',
    'not a proof',
    'c2sp.org/tlog-proof@v1\n',
    'c2sp.org/tlog-proof@v1\nindex x\n\nc\n',
    'c2sp.org/tlog-proof@v1\nextra !!\nindex 0\n\nc\n',
  ]) {
    expect(code(() => parseProofFile(bad))).toBe('malformed_proof')
  }
})

test('tlog-tiles: paths have one spelling', () => {
  expect(formatTilePath({ level: 0, index: 1_234_067, width: 256 })).toBe('tile/0/x001/x234/067')
  expect(parseTilePath('tile/entries/x001/x234/067.p/5')).toEqual({ level: 'entries', index: 1_234_067, width: 5 })
  fc.assert(
    fc.property(
      fc.oneof(fc.constant('entries' as const), fc.nat(63)),
      fc.integer({ min: 0, max: 2 ** 40 }),
      fc.integer({ min: 1, max: 256 }),
      (level, index, width) => {
        expect(parseTilePath(formatTilePath({ level, index, width }))).toEqual({ level, index, width })
      },
    ),
  )
  for (const bad of [
    'tile/64/000',
    'tile/00/000',
    'tile/0/0',
    'tile/0/x000/001',
    'tile/0/001/001',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/05',
    'tile/data/000',
    '../tile/0/000',
    'tile/0/000\n',
    'tile/0/000.p/999',
  ]) {
    expect(parseTilePath(bad)).toBeUndefined()
  }
})

test('entry bundles come back as they went in, and no other length is read', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 256 }), (entries) => {
      const bundle = encodeBundle(entries)
      expect(decodeBundle(bundle, entries.length).map((entry) => Uint8Array.from(entry))).toEqual(entries)
      expect(code(() => decodeBundle(bundle, entries.length + 1))).toBe('malformed_bundle')
      expect(code(() => decodeBundle(Buffer.concat([bundle, Uint8Array.of(0)]), entries.length))).toBe(
        'malformed_bundle',
      )
    }),
    { numRuns: 50 },
  )
})

test('parsers of foreign bytes throw nothing but TlogError', () => {
  const parsers: ((bytes: Uint8Array) => unknown)[] = [
    (bytes) => parseNote(bytes),
    (bytes) => parseAddCheckpoint(bytes),
    (bytes) => parseAddCheckpointAnswer(bytes),
    (bytes) => parseProofFile(Buffer.from(bytes).toString()),
    (bytes) => parseCheckpoint(Buffer.from(bytes).toString()),
    (bytes) => parseKey(Buffer.from(bytes).toString()),
    (bytes) => decodeBundle(bytes, 3),
    (bytes) => parseConflict(Buffer.from(bytes).toString('latin1')),
    (bytes) => parseTilePath(Buffer.from(bytes).toString('latin1')),
  ]
  const seeds = [
    exampleRequest,
    `${peter.text}\n${peter.line}`,
    peter.key,
    behindTheSofa,
    'c2sp.org/tlog-proof@v1\nindex 0\n\nc\n',
    '— a AAAAAAA=\n',
    'tile/0/000',
  ]
  const mutated = fc
    .tuple(fc.constantFrom(...seeds), fc.nat(), fc.uint8Array({ maxLength: 6 }))
    .map(([seed, at, insert]) => {
      const bytes = Buffer.from(seed)
      const cut = at % (bytes.length + 1)
      return Buffer.concat([bytes.subarray(0, cut), insert, bytes.subarray(cut + (at % 3))])
    })
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      for (const parse of parsers) code(() => parse(bytes))
    }),
    { numRuns: 2000 },
  )
})
