import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  formatEnvelope,
  formatStatement,
  pae,
  PAYLOAD_TYPE,
  verifyProvenance,
  type Provenance,
} from '../../src/evidence/attestation.ts'

const at = Date.parse('2026-11-23T12:00:00Z')
const provenance: Provenance = {
  subjects: [{ name: 'shop.tar', digest: `sha256:${'ab'.repeat(32)}` }],
  buildType: 'https://countersign.example/build/v1',
  builderId: 'https://ci.example/acme/shop/.github/workflows/build.yml@refs/heads/main',
  externalParameters: { workflow: { ref: 'refs/heads/main', repository: 'acme/shop' } },
  resolvedDependencies: [{ uri: 'git+https://git.example/acme/shop', digest: { gitCommit: '01'.repeat(20) } }],
  invocationId: 'run 1 attempt 1',
  startedAt: at - 60_000,
  finishedAt: at - 1000,
}

const ed25519 = generateKeyPairSync('ed25519')
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const trust = ({ publicKey }: { publicKey: KeyObject }, keyId = 'builder') => ({
  keyId,
  publicKey: publicKey.export({ format: 'der', type: 'spki' }),
})
const signer =
  ({ privateKey }: { privateKey: KeyObject }, hash: string | null) =>
  (bytes: Uint8Array) =>
    sign(hash, bytes, privateKey)
const seal = (payload: Uint8Array, type = PAYLOAD_TYPE) => formatEnvelope(type, payload, signer(ed25519, null))
const keys = [trust(p256, 'other'), trust(ed25519)]
const verify = (envelope: Uint8Array) => verifyProvenance(envelope, { keys }, at)

const good = seal(formatStatement(provenance))

test('what is formatted and sealed is what is verified and claimed', () => {
  expect(verify(good)).toEqual({ ...provenance, keyId: 'builder' })
  expect(formatStatement(provenance).toString()).not.toContain('undefined')
})

test('ECDSA keys verify with the hash of their curve', () => {
  for (const [pair, hash] of [
    [p256, 'sha256'],
    [p384, 'sha384'],
  ] as const) {
    const envelope = formatEnvelope(PAYLOAD_TYPE, formatStatement(provenance), signer(pair, hash))
    expect(verifyProvenance(envelope, { keys: [trust(pair)] }, at)).toHaveProperty('keyId', 'builder')
  }
  const crossed = formatEnvelope(PAYLOAD_TYPE, formatStatement(provenance), signer(p384, 'sha256'))
  expect(verifyProvenance(crossed, { keys: [trust(p384)] }, at)).toMatchObject({ refused: 'bad_signature' })
})

test('the encoding of what is signed is that of the DSSE specification', () => {
  expect(Buffer.from(pae('http://example.com/HelloWorld', Buffer.from('hello world'))).toString()).toBe(
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  )
})

function rewrap(
  change: (envelope: { payload: string; payloadType: string; signatures: object[] }) => object,
): Uint8Array {
  return Buffer.from(JSON.stringify(change(JSON.parse(Buffer.from(good).toString()))))
}

test('standard and URL-safe base64 are both read; keyid decides nothing', () => {
  const safe = (text: string) => text.replaceAll('+', '-').replaceAll('/', '_')
  const urlSafe = rewrap((envelope) =>
    JSON.parse(JSON.stringify(envelope), (name, value) => (name === 'payload' || name === 'sig' ? safe(value) : value)),
  )
  expect(verify(urlSafe)).toHaveProperty('subjects')
  const named = rewrap((envelope) => ({ ...envelope, signatures: [{ ...envelope.signatures[0], keyid: 'other' }] }))
  expect(verify(named)).toHaveProperty('keyId', 'builder')
})

describe('is refused:', () => {
  const statement = JSON.parse(Buffer.from(formatStatement(provenance)).toString())
  const sealed = (changed: object) => seal(Buffer.from(JSON.stringify({ ...statement, ...changed })))
  const cases: [string, Uint8Array, string][] = [
    ['two signatures', rewrap((e) => ({ ...e, signatures: [...e.signatures, ...e.signatures] })), 'malformed'],
    ['no signature', rewrap((e) => ({ ...e, signatures: [] })), 'malformed'],
    ['an unknown member', rewrap((e) => ({ ...e, extra: 1 })), 'malformed'],
    ['another payload type', seal(formatStatement(provenance), 'application/json'), 'unsupported_payload'],
    ['a payload type changed afterwards', rewrap((e) => ({ ...e, payloadType: 'text/plain' })), 'unsupported_payload'],
    [
      'another signer',
      formatEnvelope(PAYLOAD_TYPE, formatStatement(provenance), signer(generateKeyPairSync('ed25519'), null)),
      'bad_signature',
    ],
    ['another predicate', sealed({ predicateType: 'https://slsa.dev/provenance/v0.2' }), 'unsupported_predicate'],
    ['an old statement', sealed({ _type: 'https://in-toto.io/Statement/v0.1' }), 'malformed_statement'],
    ['no subject', sealed({ subject: [] }), 'malformed_statement'],
    [
      'a subject without SHA-256',
      sealed({ subject: [{ name: 'x', digest: { sha1: '01'.repeat(20) } }] }),
      'weak_digest',
    ],
    ['half a SHA-256', sealed({ subject: [{ name: 'x', digest: { sha256: 'ab'.repeat(16) } }] }), 'weak_digest'],
    ['an unknown predicate member', sealed({ predicate: { ...statement.predicate, extra: 1 } }), 'malformed_statement'],
    ['no builder', sealed({ predicate: { ...statement.predicate, runDetails: {} } }), 'malformed_statement'],
    [
      'duplicate names',
      seal(Buffer.from(JSON.stringify(statement).replace('{', '{"predicateType":"x",'))),
      'malformed_statement',
    ],
    ['too large', new Uint8Array(1_048_577), 'too_large'],
  ]
  test.each(cases)('%s', (_, envelope, code) => {
    expect(verify(envelope)).toMatchObject({ refused: code })
  })

  test('a key outside its window', () => {
    const window = { validFrom: at - 1, validUntil: at + 1 }
    const trusted = { keys: [{ ...trust(ed25519), ...window }] }
    expect(verifyProvenance(good, trusted, at)).toHaveProperty('keyId')
    expect(verifyProvenance(good, trusted, at + 1)).toMatchObject({ refused: 'key_not_valid' })
    expect(verifyProvenance(good, trusted, at - 2)).toMatchObject({ refused: 'key_not_valid' })
  })

  test('RSA keys and garbage as keys', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const envelope = formatEnvelope(PAYLOAD_TYPE, formatStatement(provenance), signer(rsa, 'sha256'))
    expect(verifyProvenance(envelope, { keys: [trust(rsa)] }, at)).toMatchObject({ refused: 'bad_signature' })
    expect(verifyProvenance(good, { keys: [{ keyId: 'x', publicKey: Buffer.from('x') }] }, at)).toMatchObject({
      refused: 'bad_signature',
    })
  })

  test('any flipped bit that changes meaning', () => {
    fc.assert(
      fc.property(fc.nat(good.length * 8 - 1), (bit) => {
        const changed = Buffer.from(good)
        changed[bit >> 3]! ^= 1 << (bit & 7)
        const outcome = verify(changed)
        // keyid is not signed and not used: whatever changed there changes nothing.
        if (!('refused' in outcome)) expect(outcome).toEqual(verify(good))
      }),
      { numRuns: 500 },
    )
  })

  test('any bytes, any signed JSON', () => {
    const any = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => Buffer.from(text)),
      fc.json().map((text) => seal(Buffer.from(text))),
    )
    fc.assert(
      fc.property(any, (bytes) => {
        expect(verify(bytes)).toHaveProperty('refused')
      }),
    )
  })
})
