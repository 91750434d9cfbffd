import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'

import { verifyAuthenticationResponse } from '@simplewebauthn/server'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import * as software from '../../src/credential/software-passkey.ts'
import { verifyAssertion, verifyRegistration, type PasskeyCredential } from '../../src/evidence/passkey.ts'
import { publicJwkOf } from '../../src/evidence/public-key.ts'

const rpId = 'countersign.example'
const origin = 'https://countersign.example'
const challenge = createHash('sha256').update('a statement').digest()
const expected = { challenge, origins: [origin, 'http://localhost:7171'], rpId }

const passkey = software.createSoftwarePasskey(rpId)
const registration = software.register(passkey, { challenge, origin })
const registered = await verifyRegistration(registration, expected)
if ('refused' in registered) throw new Error(registered.because)
const credential: PasskeyCredential = registered
const { response: assertion } = software.assert(passkey, { challenge, origin })

test('a registration gives the credential and its public key', () => {
  expect(registered).toEqual({
    credentialId: passkey.credentialId,
    publicKey: { kty: 'EC', crv: 'P-256', x: passkey.privateKey.x, y: passkey.privateKey.y },
    algorithm: 'ES256',
    signCount: 0,
    userVerified: true,
    deviceBound: true,
    backedUp: false,
    aaguid: software.SOFTWARE_AAGUID,
    origin,
  })
})

test('an assertion over the challenge is accepted, here and by the library', async () => {
  expect(verifyAssertion(assertion, { ...expected, credential })).toEqual({
    credentialId: passkey.credentialId,
    signCount: 1,
    signCountRegressed: false,
    userVerified: true,
    deviceBound: true,
    backedUp: false,
    origin,
  })
  const cose = Buffer.concat([
    Buffer.from('a5010203262001215820', 'hex'),
    Buffer.from(passkey.privateKey.x!, 'base64url'),
    Buffer.from('225820', 'hex'),
    Buffer.from(passkey.privateKey.y!, 'base64url'),
  ])
  const { verified } = await verifyAuthenticationResponse({
    response: assertion as Parameters<typeof verifyAuthenticationResponse>[0]['response'],
    expectedChallenge: challenge.toString('base64url'),
    expectedOrigin: origin,
    expectedRPID: rpId,
    credential: { id: passkey.credentialId, publicKey: cose, counter: 0 },
  })
  expect(verified).toBe(true)
})

test('a counter that does not grow is a fact, not a refusal', () => {
  expect(verifyAssertion(assertion, { ...expected, credential: { ...credential, signCount: 1 } })).toMatchObject({
    signCountRegressed: true,
  })
})

/** An authenticator whose every byte the test chooses. */
function answer(change: {
  client?: object
  rpId?: string
  flags?: number
  extra?: string
  key?: KeyObject
  hash?: 'sha256' | null
}) {
  const client = { type: 'webauthn.get', challenge: challenge.toString('base64url'), origin, ...change.client }
  const clientBytes = Buffer.from(JSON.stringify(client))
  const rpIdHash = createHash('sha256')
    .update(change.rpId ?? rpId)
    .digest()
  const data = Buffer.concat([
    rpIdHash,
    Buffer.from([change.flags ?? 0x05, 0, 0, 0, 9]),
    Buffer.from(change.extra ?? '', 'hex'),
  ])
  const signed = Buffer.concat([data, createHash('sha256').update(clientBytes).digest()])
  const signature = sign(change.hash === undefined ? 'sha256' : change.hash, signed, change.key ?? own.privateKey)
  return {
    id: 'AAAA',
    rawId: 'AAAA',
    type: 'public-key',
    clientExtensionResults: {},
    response: {
      clientDataJSON: clientBytes.toString('base64url'),
      authenticatorData: data.toString('base64url'),
      signature: signature.toString('base64url'),
    },
  }
}
const own = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ownCredential = { credentialId: 'AAAA', publicKey: publicJwkOf(own.publicKey), signCount: 0 }
const judge = (response: unknown, changed: object = {}) =>
  verifyAssertion(response, { ...expected, credential: ownCredential, ...changed })

test('the hand-made authenticator is itself accepted, with extensions and unknown client data too', () => {
  expect(judge(answer({}))).toHaveProperty('signCount', 9)
  expect(judge(answer({ flags: 0x85, extra: 'a0' }))).toHaveProperty('signCount', 9)
  expect(judge(answer({ client: { other_keys_can_be_added_here: 'x', crossOrigin: false } }))).toHaveProperty(
    'signCount',
  )
})

test.each([
  ['Ed25519', generateKeyPairSync('ed25519'), null],
  ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }), 'sha256' as const],
])('%s passkeys verify too', (_, pair, hash) => {
  const other = { ...ownCredential, publicKey: publicJwkOf(pair.publicKey) }
  expect(judge(answer({ key: pair.privateKey, hash }), { credential: other })).toHaveProperty('signCount', 9)
  expect(judge(answer({}), { credential: other })).toMatchObject({ refused: 'bad_signature' })
})

describe('an assertion is refused:', () => {
  test.each<[string, Parameters<typeof answer>[0], object, string]>([
    ['made for registration', { client: { type: 'webauthn.create' } }, {}, 'wrong_type'],
    ['over another challenge', { client: { challenge: randomBytes(32).toString('base64url') } }, {}, 'wrong_challenge'],
    [
      'over a prefix of the challenge',
      { client: { challenge: challenge.subarray(0, 31).toString('base64url') } },
      {},
      'wrong_challenge',
    ],
    [
      'when the challenge is too short to be unique',
      { client: { challenge: 'AA' } },
      { challenge: new Uint8Array(1) },
      'wrong_challenge',
    ],
    ['on another page', { client: { origin: 'https://countersign.example.evil.test' } }, {}, 'wrong_origin'],
    ['on another port', { client: { origin: `${origin}:8443` } }, {}, 'wrong_origin'],
    ['in a frame', { client: { crossOrigin: true } }, {}, 'cross_origin'],
    ['under another top page', { client: { topOrigin: 'https://evil.test' } }, {}, 'cross_origin'],
    ['for another relying party', { rpId: 'evil.test' }, {}, 'wrong_rp_id'],
    ['without touch', { flags: 0x04 }, {}, 'user_not_present'],
    ['without verification', { flags: 0x01 }, {}, 'user_not_verified'],
    ['with trailing bytes', { extra: '00' }, {}, 'malformed'],
    ['with extensions announced but absent', { flags: 0x85 }, {}, 'malformed'],
    ['backed up but not eligible', { flags: 0x15 }, {}, 'malformed'],
    ['from another credential', {}, { credential: { ...ownCredential, credentialId: 'AAAB' } }, 'wrong_credential'],
    [
      'signed by another key',
      { key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey },
      {},
      'bad_signature',
    ],
    [
      'against a key that is none',
      {},
      { credential: { ...ownCredential, publicKey: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' } } },
      'bad_signature',
    ],
  ])('%s', (_, change, expectation, code) => {
    expect(judge(answer(change), expectation)).toMatchObject({ refused: code })
  })

  test('user verification can be waived, and is then told', () => {
    expect(judge(answer({ flags: 0x01 }), { requireUserVerification: false })).toMatchObject({ userVerified: false })
  })

  test.each(['clientDataJSON', 'authenticatorData', 'signature'] as const)('any flipped bit of %s', (part) => {
    const bytes = Buffer.from(assertion.response[part], 'base64url')
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = Buffer.from(bytes)
        changed[bit >> 3]! ^= 1 << (bit & 7)
        const response = { ...assertion.response, [part]: changed.toString('base64url') }
        expect(verifyAssertion({ ...assertion, response }, { ...expected, credential })).toHaveProperty('refused')
      }),
    )
  })

  test('unknown members, anything else', () => {
    expect(judge({ ...answer({}), extra: 1 })).toMatchObject({ refused: 'malformed' })
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(judge(value)).toMatchObject({ refused: 'malformed' })
      }),
    )
  })
})

describe('a registration is refused:', () => {
  test.each<[string, object, object]>([
    ['over another challenge', { challenge: randomBytes(32), origin }, {}],
    ['on another page', { challenge, origin: 'https://evil.test' }, {}],
    ['for another relying party', { challenge, origin }, { rpId: 'evil.test' }],
  ])('%s', async (_, ceremony, changed) => {
    const response = software.register(passkey, ceremony as software.Ceremony)
    expect(await verifyRegistration(response, { ...expected, ...changed })).toMatchObject({ refused: 'not_verified' })
  })

  test('when it names another credential', async () => {
    const other = { ...registration, id: 'AAAA', rawId: 'AAAA' }
    expect(await verifyRegistration(other, expected)).toMatchObject({ refused: 'wrong_credential' })
  })

  test('with a certificate chain, whose judgement would need clock and network', async () => {
    const attestation = Buffer.from(registration.response.attestationObject, 'base64url')
    // {"fmt": "none", ...} becomes {"fmt": "fido-u2f", ...}
    const changed = Buffer.concat([attestation.subarray(0, 5), Buffer.from('\x68fido-u2f'), attestation.subarray(10)])
    const response = { ...registration.response, attestationObject: changed.toString('base64url') }
    expect(await verifyRegistration({ ...registration, response }, expected)).toMatchObject({
      refused: 'unsupported_attestation',
    })
  })

  test('any truncation, anything else', async () => {
    const bytes = Buffer.from(registration.response.attestationObject, 'base64url')
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: bytes.length - 1 }), async (length) => {
        const response = {
          ...registration.response,
          attestationObject: bytes.subarray(0, length).toString('base64url'),
        }
        expect(await verifyRegistration({ ...registration, response }, expected)).toHaveProperty('refused')
      }),
    )
    await fc.assert(
      fc.asyncProperty(fc.anything(), async (value) => {
        expect(await verifyRegistration(value, expected)).toMatchObject({ refused: 'malformed' })
      }),
    )
  })

  test('any random attestation object', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
        const response = { ...registration.response, attestationObject: Buffer.from(bytes).toString('base64url') }
        expect(await verifyRegistration({ ...registration, response }, expected)).toHaveProperty('refused')
      }),
    )
  })
})
