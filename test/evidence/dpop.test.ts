/** DPoP proofs as the jose library makes them, and as a thief would. */

import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'

import fc from 'fast-check'
import { calculateJwkThumbprint, exportJWK, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'

import { thumbprintOf, verifyDpop } from '../../src/evidence/dpop.ts'
import { publicJwkOf } from '../../src/evidence/public-key.ts'
import { isRefusal } from '../../src/evidence/refusal.ts'

const at = Date.parse('2026-11-23T12:00:00Z')
const token = 'cs_0123456789012345678901234567890123456789012'
const request = { method: 'POST', url: 'https://countersign.example/api/v1/releases?wait=1', accessToken: token }
const ed25519 = generateKeyPairSync('ed25519')
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })

const claims = {
  jti: 'b1f0c5d2a7e94c30',
  htm: 'POST',
  htu: 'https://countersign.example/api/v1/releases',
  iat: at / 1000,
  ath: createHash('sha256').update(token).digest('base64url'),
}

async function prove(changed: object = {}, head: object = {}, keys = ed25519, alg = 'EdDSA'): Promise<string> {
  const jwk = await exportJWK(keys.publicKey)
  return await new SignJWT({ ...claims, ...changed })
    .setProtectedHeader({ typ: 'dpop+jwt', alg, jwk, ...head })
    .sign(keys.privateKey)
}

test.each<[string, { publicKey: KeyObject; privateKey: KeyObject }]>([
  ['EdDSA', ed25519],
  ['ES256', p256],
])('a proof with %s says which key made it', async (alg, keys) => {
  const proof = await prove({}, {}, keys, alg)
  const thumbprint = await calculateJwkThumbprint(await exportJWK(keys.publicKey))

  expect(verifyDpop(proof, request, at)).toEqual({
    thumbprint,
    key: publicJwkOf(keys.publicKey),
    proofId: claims.jti,
    issuedAt: at,
  })
  expect(thumbprintOf(publicJwkOf(keys.publicKey))).toBe(thumbprint)
})

test('the example key of RFC 7638 has the thumbprint that stands there', () => {
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
  expect(thumbprintOf({ kty: 'RSA', n, e: 'AQAB' })).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
})

test('before there is a token, none has to be named', async () => {
  const { method, url } = request
  expect(verifyDpop(await prove({ ath: undefined }), { method, url }, at)).toMatchObject({ proofId: claims.jti })
})

describe('a proof is refused', () => {
  test.each<readonly [string, object, string]>([
    ['for another method', { htm: 'DELETE' }, 'wrong_request'],
    ['for another path', { htu: 'https://countersign.example/api/v1/grants' }, 'wrong_request'],
    ['for another host', { htu: 'https://countersign.example.evil/api/v1/releases' }, 'wrong_request'],
    ['for another scheme', { htu: 'http://countersign.example/api/v1/releases' }, 'wrong_request'],
    ['for no address at all', { htu: 'releases' }, 'wrong_request'],
    ['without its token', { ath: undefined }, 'wrong_token'],
    ['with another token', { ath: createHash('sha256').update('cs_other').digest('base64url') }, 'wrong_token'],
    ['of half a minute and a second ago', { iat: at / 1000 - 31 }, 'stale'],
    ['from the future', { iat: at / 1000 + 31 }, 'stale'],
    ['without an identifier', { jti: undefined }, 'malformed'],
    ['with a short identifier', { jti: '1' }, 'malformed'],
  ])('%s', async (_, changed, refused) => {
    expect(verifyDpop(await prove(changed), request, at)).toMatchObject({ refused })
  })

  test('as an ordinary JWT', async () => {
    expect(verifyDpop(await prove({}, { typ: 'JWT' }), request, at)).toMatchObject({ refused: 'malformed' })
  })
  test('with a private key in its header', async () => {
    const jwk = await exportJWK(ed25519.privateKey).catch(() => ed25519.privateKey.export({ format: 'jwk' }))
    expect(verifyDpop(await prove({}, { jwk }), request, at)).toMatchObject({ refused: 'unsupported_algorithm' })
  })
  test('with the key of somebody else', async () => {
    const jwk = await exportJWK(generateKeyPairSync('ed25519').publicKey)
    expect(verifyDpop(await prove({}, { jwk }), request, at)).toMatchObject({ refused: 'bad_signature' })
  })
  test.each<readonly [string, string, { publicKey: KeyObject; privateKey: KeyObject }]>([
    ['RSA', 'RS256', rsa],
    ['another curve', 'ES384', p384],
  ])('by %s', async (_, alg, keys) => {
    expect(verifyDpop(await prove({}, {}, keys, alg), request, at)).toMatchObject({ refused: 'unsupported_algorithm' })
  })
  test.each(['none', 'HS256'])('with the algorithm %s', async (alg) => {
    const [, body] = (await prove()).split('.')
    const jwk = await exportJWK(ed25519.publicKey)
    const head = Buffer.from(JSON.stringify({ typ: 'dpop+jwt', alg, jwk })).toString('base64url')
    expect(verifyDpop(`${head}.${body}.AAAA`, request, at)).toMatchObject({ refused: 'unsupported_algorithm' })
  })
  test('with an extension that must be understood', async () => {
    const [, body, signature] = (await prove()).split('.')
    const jwk = await exportJWK(ed25519.publicKey)
    const head = Buffer.from(JSON.stringify({ typ: 'dpop+jwt', alg: 'EdDSA', jwk, crit: ['b64'] })).toString(
      'base64url',
    )
    expect(verifyDpop(`${head}.${body}.${signature}`, request, at)).toMatchObject({ refused: 'malformed' })
  })
  test('larger than 4 KiB', async () => {
    expect(verifyDpop(await prove({ more: 'x'.repeat(4_096) }), request, at)).toMatchObject({ refused: 'malformed' })
  })
})

test('changed anywhere, it is refused, and nothing is thrown', async () => {
  const proof = await prove()
  fc.assert(
    fc.property(fc.nat(proof.length - 1), fc.constantFrom(...'AZaz09-_.+'), (position, character) => {
      const changed = proof.slice(0, position) + character + proof.slice(position + 1)
      const found = verifyDpop(changed, request, at)
      if (changed !== proof) expect(isRefusal(found)).toBe(true)
    }),
    { numRuns: 500 },
  )
  fc.assert(fc.property(fc.string(), (text) => isRefusal(verifyDpop(text, request, at))))
})
