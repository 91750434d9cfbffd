import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { string, uint32 } from '../../src/bytes/ssh-wire.ts'
import { publicJwkOf } from '../../src/evidence/public-key.ts'
import { isRefusal } from '../../src/evidence/refusal.ts'
import { parseSshPublicKey } from '../../src/evidence/ssh-key.ts'
import { verifySshsig } from '../../src/evidence/sshsig.ts'

const message = Buffer.from('a message')
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()
const decode = (text: string | undefined) => Buffer.from(text!, 'base64url')

function armor(blob: Uint8Array): string {
  const lines =
    Buffer.from(blob)
      .toString('base64')
      .match(/.{1,70}/g) ?? []
  return `-----BEGIN SSH SIGNATURE-----\n${lines.join('\n')}\n-----END SSH SIGNATURE-----`
}

type Change = {
  version?: number
  namespace?: string
  hash?: string
  trailing?: string
  flags?: number
  algorithm?: string
  signatureTrailing?: string
}

/** A signer that builds every field by hand, hardware keys included, of which no machine here has one. */
function signer(type: string, pair: { publicKey: KeyObject; privateKey: KeyObject }) {
  const jwk = publicJwkOf(pair.publicKey)
  const hardware = type.startsWith('sk-')
  const point =
    jwk.kty === 'OKP'
      ? string(decode(jwk.x))
      : jwk.kty === 'EC'
        ? Buffer.concat([string('nistp256'), string(Buffer.concat([Buffer.from([4]), decode(jwk.x), decode(jwk.y)]))])
        : Buffer.concat([string(decode(jwk.e)), string(Buffer.concat([Buffer.from([0]), decode(jwk.n)]))])
  const blob = Buffer.concat([string(type), point, ...(hardware ? [string('ssh:')] : [])])
  return { blob, sign: (change: Change = {}) => armor(build(change)) }

  function build({ version = 1, namespace = 'git', hash = 'sha512', trailing = '', flags = 1, ...change }: Change) {
    const digest = createHash(hash === 'sha256' ? 'sha256' : 'sha512')
      .update(message)
      .digest()
    const signed = Buffer.concat([Buffer.from('SSHSIG'), string(namespace), string(''), string(hash), string(digest)])
    const suffix = hardware ? Buffer.from([flags, 0, 0, 0, 7]) : Buffer.alloc(0)
    const bytes = hardware ? Buffer.concat([sha256(Buffer.from('ssh:')), suffix, sha256(signed)]) : signed
    const signature = [
      string(change.algorithm ?? type),
      string(raw(bytes)),
      suffix,
      Buffer.from(change.signatureTrailing ?? ''),
    ]
    return Buffer.concat([
      Buffer.from('SSHSIG'),
      uint32(version),
      ...[blob, namespace, '', hash, Buffer.concat(signature)].map(string),
      Buffer.from(trailing),
    ])
  }
  function raw(bytes: Uint8Array): Uint8Array {
    if (jwk.kty === 'OKP') return sign(null, bytes, pair.privateKey)
    if (jwk.kty === 'RSA') return sign('sha1', bytes, pair.privateKey)
    const both = sign('sha256', bytes, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' })
    return Buffer.concat([both.subarray(0, 32), both.subarray(32)].map((half) => string(mpint(half))))
  }
}

function mpint(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0)
  return bytes[start]! >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes.subarray(start)]) : bytes.subarray(start)
}

const ed25519 = signer('ssh-ed25519', generateKeyPairSync('ed25519'))
const hardware = [
  signer('sk-ssh-ed25519@openssh.com', generateKeyPairSync('ed25519')),
  signer('sk-ecdsa-sha2-nistp256@openssh.com', generateKeyPairSync('ec', { namedCurve: 'P-256' })),
]

describe('hardware keys', () => {
  test.each(hardware)('need a touch; PIN or fingerprint is told', (key) => {
    expect(verifySshsig(key.sign({ flags: 1 }), message, 'git')).toMatchObject({ userVerified: false })
    expect(verifySshsig(key.sign({ flags: 5 }), message, 'git')).toMatchObject({ userVerified: true })
    expect(verifySshsig(key.sign({ flags: 0 }), message, 'git')).toMatchObject({ refused: 'user_not_present' })
    expect(verifySshsig(key.sign({ signatureTrailing: 'x' }), message, 'git')).toMatchObject({
      refused: 'bad_signature',
    })
  })
})

test.each<[string, Change, string]>([
  ['another namespace', { namespace: 'file' }, 'wrong_namespace'],
  ['a version of the future', { version: 2 }, 'unsupported_signature'],
  ['a weak hash', { hash: 'sha1' }, 'unsupported_signature'],
  ['trailing bytes', { trailing: 'x' }, 'malformed'],
  ['trailing bytes in the signature', { signatureTrailing: 'x' }, 'bad_signature'],
  ['an algorithm of another key', { algorithm: 'ecdsa-sha2-nistp256' }, 'bad_signature'],
])('%s is refused', (_, change, code) => {
  expect(verifySshsig(ed25519.sign(), message, 'git')).toHaveProperty('key')
  expect(verifySshsig(ed25519.sign(change), message, 'git')).toMatchObject({ refused: code })
})

test('another message is refused, with the key that signed', () => {
  const outcome = verifySshsig(ed25519.sign(), Buffer.from('another message'), 'git')
  expect(outcome).toMatchObject({ refused: 'bad_signature', fingerprint: expect.stringMatching(/^SHA256:.{43}$/) })
})

test('RSA: SHA-1 signatures and short keys are refused', () => {
  const rsa = signer('ssh-rsa', generateKeyPairSync('rsa', { modulusLength: 2048 }))
  expect(verifySshsig(rsa.sign(), message, 'git')).toMatchObject({ refused: 'bad_signature' })
  expect(verifySshsig(rsa.sign({ algorithm: 'rsa-sha2-256' }), message, 'git')).toMatchObject({
    refused: 'bad_signature',
  })
  const short = signer('ssh-rsa', generateKeyPairSync('rsa', { modulusLength: 1024 }))
  expect(verifySshsig(short.sign(), message, 'git')).toMatchObject({ refused: 'unsupported_signature' })
})

test('public keys are read strictly', () => {
  const line = (blob: Uint8Array, type = 'ssh-ed25519') => `${type} ${Buffer.from(blob).toString('base64')}`
  const { blob } = ed25519
  expect(parseSshPublicKey(`${line(blob)} dana on her laptop\n`)).toMatchObject({ comment: 'dana on her laptop' })
  expect(parseSshPublicKey(line(blob))).toMatchObject({ comment: '', type: 'ssh-ed25519' })
  for (const [hard, name] of [
    [hardware[0]!, 'sk-ssh-ed25519@openssh.com'],
    [hardware[1]!, 'sk-ecdsa-sha2-nistp256@openssh.com'],
  ] as const) {
    expect(parseSshPublicKey(line(hard.blob, name))).toMatchObject({ type: name })
  }
  const bad = [
    line(blob, 'ssh-rsa'),
    line(Buffer.concat([blob, Buffer.from([0])])),
    line(blob.subarray(0, -1)),
    `restrict ${line(blob)}`,
    `${line(blob)} a\n${line(blob)} b`,
    'ssh-dss AAAAB3NzaC1kc3M=',
    '-----BEGIN OPENSSH PRIVATE KEY-----',
    '',
  ]
  for (const text of bad) expect(parseSshPublicKey(text), text).toMatchObject({ refused: 'malformed' })
})

test('any flipped bit of any signature is refused', () => {
  for (const key of [ed25519, ...hardware]) {
    const blob = Buffer.from(key.sign().split('\n').slice(1, -1).join(''), 'base64')
    fc.assert(
      fc.property(fc.nat(blob.length * 8 - 1), (bit) => {
        const changed = Buffer.from(blob)
        changed[bit >> 3]! ^= 1 << (bit & 7)
        expect(isRefusal(verifySshsig(armor(changed), message, 'git'))).toBe(true)
      }),
      { numRuns: 200 },
    )
  }
})

test('any text, any blob is refused', () => {
  const any = fc.oneof(
    fc.string(),
    fc.uint8Array().map(armor),
    fc.uint8Array().map((bytes) => armor(Buffer.concat([Buffer.from('SSHSIG'), uint32(1), bytes]))),
  )
  fc.assert(
    fc.property(any, (text) => {
      expect(isRefusal(verifySshsig(text, message, 'git'))).toBe(true)
      expect(isRefusal(parseSshPublicKey(text))).toBe(true)
    }),
  )
})
