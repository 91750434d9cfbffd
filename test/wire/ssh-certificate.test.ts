import { generateKeyPairSync, sign, verify } from 'node:crypto'

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { readSshCertificate } from '../../src/evidence/ssh-certificate.ts'
import { encodeUserCertificate, formatCertificate, type UserCertificate } from '../../src/wire/ssh-certificate.ts'
import { encodeEd25519PublicKey } from '../../src/wire/ssh-key.ts'

const authority = generateKeyPairSync('ed25519')
const job = generateKeyPairSync('ed25519')
const raw = (key: typeof job.publicKey) => Buffer.from(key.export({ format: 'jwk' }).x!, 'base64url')
const signer = (bytes: Uint8Array) => sign(null, bytes, authority.privateKey)

const certificate: UserCertificate = {
  publicKey: encodeEd25519PublicKey(raw(job.publicKey)),
  serial: 4711n,
  keyId: 'countersign grant=g_1 leaf=4711',
  principals: ['deploy', 'job-4711'],
  validAfter: 1_795_000_000n,
  validBefore: 1_795_000_300n,
  criticalOptions: { 'source-address': '10.0.0.0/8', 'force-command': '/usr/bin/deploy shop' },
  extensions: { 'permit-pty': '', 'grant@countersign.example': 'g_1' },
  nonce: new Uint8Array(32),
  caPublicKey: encodeEd25519PublicKey(raw(authority.publicKey)),
}

test('what is written is what the strict reader of evidence/ reads', () => {
  const read = readSshCertificate(encodeUserCertificate(certificate, signer))
  expect(read).toMatchObject({
    serial: 4711n,
    keyId: certificate.keyId,
    principals: certificate.principals,
    validFrom: 1_795_000_000_000,
    validUntil: 1_795_000_300_000,
  })
  expect(Object.fromEntries(read.criticalOptions)).toEqual(certificate.criticalOptions)
  expect(Object.fromEntries(read.extensions)).toEqual(certificate.extensions)
  expect(Buffer.from(read.key.blob)).toEqual(Buffer.from(certificate.publicKey))
})

test('the same certificate is the same bytes, and another signer is noticed', () => {
  const once = encodeUserCertificate(certificate, signer)
  expect(Buffer.from(encodeUserCertificate(certificate, signer))).toEqual(Buffer.from(once))
  const other = encodeUserCertificate(certificate, (bytes) => sign(null, bytes, job.privateKey))
  expect(() => readSshCertificate(other)).toThrow('bad signature')
  expect(verify(null, once.subarray(0, 10), authority.publicKey, signer(once.subarray(0, 10)))).toBe(true)
  expect(formatCertificate(once, 'job')).toMatch(/^ssh-ed25519-cert-v01@openssh\.com [A-Za-z0-9+/=]+ job\n$/)
})

test.each<[string, Partial<UserCertificate>]>([
  ['no principal, which would mean everybody', { principals: [] }],
  ['an empty principal', { principals: [''] }],
  ['a line break in what servers log', { keyId: 'a\nAccepted publickey for root' }],
  ['a line break in an option', { criticalOptions: { 'force-command': 'true\nfalse' } }],
  ['an empty validity', { validBefore: certificate.validAfter }],
  ['a short nonce', { nonce: new Uint8Array(8) }],
  ['a key of no known type', { publicKey: certificate.publicKey.map((byte, index) => (index === 5 ? 0x78 : byte)) }],
  ['more text than fits', { keyId: 'x'.repeat(9000) }],
])('%s cannot be written', (_, change) => {
  expect(() => encodeUserCertificate({ ...certificate, ...change }, signer)).toThrow(RangeError)
})

test('any certificate that can be written reads back', () => {
  const word = fc.string({ minLength: 1, maxLength: 20, unit: fc.constantFrom(...'abcXYZ019-_.@ ü€') })
  const options = fc.dictionary(word, word, { maxKeys: 5 })
  fc.assert(
    fc.property(
      word,
      fc.array(word, { minLength: 1, maxLength: 5 }),
      options,
      options,
      fc.bigInt(0n, 2n ** 64n - 1n),
      (keyId, principals, criticalOptions, extensions, serial) => {
        const read = readSshCertificate(
          encodeUserCertificate({ ...certificate, keyId, principals, criticalOptions, extensions, serial }, signer),
        )
        expect(read).toMatchObject({ keyId, principals, serial })
        expect(Object.fromEntries(read.criticalOptions)).toEqual({ ...criticalOptions })
        expect(Object.fromEntries(read.extensions)).toEqual({ ...extensions })
      },
    ),
  )
})

test('any flipped bit of a certificate is noticed', () => {
  const bytes = Buffer.from(encodeUserCertificate(certificate, signer))
  fc.assert(
    fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
      const changed = Buffer.from(bytes)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(() => readSshCertificate(changed)).toThrow()
    }),
    { numRuns: 300 },
  )
})

test('options out of order, which a careless authority could sign, are not read', () => {
  const [first, second] = ['aa@x', 'bb@x'] as const
  const bytes = Buffer.from(
    encodeUserCertificate({ ...certificate, extensions: { [first]: '', [second]: '' } }, signer),
  )
  bytes.write(second, bytes.indexOf(first))
  bytes.write(first, bytes.lastIndexOf(second))
  const signedLength = bytes.length - 4 - (4 + 'ssh-ed25519'.length) - (4 + 64)
  const resigned = Buffer.concat([bytes.subarray(0, -64), signer(bytes.subarray(0, signedLength))])
  expect(() => readSshCertificate(resigned)).toThrow('out of order')
})
