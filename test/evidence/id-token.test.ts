import { createHash, createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { expect, test } from 'vitest'
import { base64url, utf8 } from '../../src/bytes/text.ts'
import { fitsAccessToken, verifyIdToken, verifyLogoutToken } from '../../src/evidence/id-token.ts'

const AT = Date.UTC(2026, 10, 18, 10)
const NOW = AT / 1000
const NONCE = 'n'.repeat(43)
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = (key: KeyObject, kid: string, alg: string) => ({ ...key.export({ format: 'jwk' }), kid, alg, use: 'sig' })
const keys = [jwk(rsa.publicKey, 'rsa', 'RS256'), jwk(ec.publicKey, 'ec', 'ES256')]
const trust = { issuer: 'https://idp.example', clientId: 'countersign', keys }

type Claims = Readonly<Record<string, unknown>>
const plain: Claims = {
  iss: trust.issuer,
  aud: trust.clientId,
  sub: 'mara',
  iat: NOW,
  exp: NOW + 300,
  nonce: NONCE,
  sid: 's1',
}
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const logout: Claims = {
  iss: trust.issuer,
  aud: trust.clientId,
  sub: 'mara',
  sid: 's1',
  jti: 'j1',
  iat: NOW,
  exp: NOW + 120,
  events: { [EVENT]: {} },
}

const part = (value: unknown) => base64url.encode(utf8.encode(JSON.stringify(value)))

function signed(claims: Claims, head: Claims = {}, key: KeyObject = rsa.privateKey): string {
  const text = [{ alg: 'RS256', kid: 'rsa', ...head }, claims].map(part).join('.')
  return `${text}.${base64url.encode(sign('sha256', utf8.encode(text), key))}`
}

const verify = async (token: string, at = AT) => {
  const said = await verifyIdToken(token, trust, NONCE, at)
  return 'refused' in said ? said.refused : said.subject
}
const without = (claims: Claims, name: string) =>
  Object.fromEntries(Object.entries(claims).filter(([is]) => is !== name))

test('an ID token that is whole says who signed in, and in which session', async () => {
  const said = await verifyIdToken(signed(plain), trust, NONCE, AT)
  expect(said).toMatchObject({ subject: 'mara', sessionId: 's1', expiresAt: (NOW + 300) * 1000 })
})

test.each([
  ['another issuer', { iss: 'https://idp.example/' }, 'wrong_issuer'],
  ['another audience', { aud: 'another' }, 'wrong_audience'],
  ['several audiences, without who it was issued to', { aud: ['countersign', 'another'] }, 'wrong_audience'],
  ['issued to another, for several', { aud: ['countersign', 'another'], azp: 'another' }, 'wrong_audience'],
  ['issued to another, for us', { azp: 'another' }, 'wrong_audience'],
  ['another nonce', { nonce: 'm'.repeat(43) }, 'wrong_nonce'],
  ['a nonce that begins alike', { nonce: NONCE.slice(1) }, 'wrong_nonce'],
  ['no nonce', { nonce: undefined }, 'claims_missing'],
  ['no subject', { sub: undefined }, 'claims_missing'],
  ['a subject that only looks like one', { sub: 'mаra' }, 'claims_missing'],
  ['a subject of 256 characters', { sub: 'm'.repeat(256) }, 'claims_missing'],
  ['a subject that is a list', { sub: ['mara'] }, 'claims_missing'],
  ['its end 31 s ago', { iat: NOW - 331, exp: NOW - 31 }, 'expired'],
  ['its beginning in 31 s', { iat: NOW + 31, exp: NOW + 331 }, 'not_yet_valid'],
  ['not before in 31 s', { nbf: NOW + 31 }, 'not_yet_valid'],
  ['an end before its beginning', { exp: NOW - 1 }, 'lifetime_too_long'],
  ['a life of two days', { exp: NOW + 172_800 }, 'lifetime_too_long'],
  ['an age of an hour', { iat: NOW - 3_600, exp: NOW + 3_600 }, 'expired'],
  ['no end', { exp: undefined }, 'claims_missing'],
  ['a fractional end', { exp: NOW + 0.5 }, 'claims_missing'],
])('an ID token with %s is refused', async (_, wrong, refused) => {
  expect(await verify(signed({ ...plain, ...wrong }))).toBe(refused)
})

test('clocks may differ by 30 s, and several audiences are good where it was issued to us', async () => {
  expect(await verify(signed({ ...plain, iat: NOW + 30, exp: NOW + 330 }))).toBe('mara')
  expect(await verify(signed({ ...plain, iat: NOW - 300, exp: NOW - 29 }))).toBe('mara')
  expect(await verify(signed({ ...plain, aud: ['another', 'countersign'], azp: 'countersign' }))).toBe('mara')
})

test('no token chooses how its key is used', async () => {
  const publicPem = rsa.publicKey.export({ format: 'pem', type: 'spki' })
  const text = [{ alg: 'HS256', kid: 'rsa' }, plain].map(part).join('.')
  const hmac = base64url.encode(createHmac('sha256', publicPem).update(text).digest())
  expect(await verify(`${text}.${hmac}`)).toBe('unsupported_algorithm')
  expect(await verify(`${[{ alg: 'none' }, plain].map(part).join('.')}.`)).toBe('malformed')
  expect(await verify(`${[{ alg: 'none' }, plain].map(part).join('.')}.AA`)).toBe('unsupported_algorithm')
  expect(await verify(signed(plain, { alg: 'toString' }))).toBe('unsupported_algorithm')
  expect(await verify(signed(plain, { kid: 'ec' }))).toBe('unknown_key')
  expect(await verify(signed(plain, { kid: 'gone' }))).toBe('unknown_key')
  expect(await verify(signed(plain, { crit: ['b64'], b64: false }))).toBe('malformed')
  expect(await verify(signed(plain, {}, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey))).toBe(
    'bad_signature',
  )
  expect(await verify(`${signed(plain).split('.').slice(0, 2).join('.')}.${'A'.repeat(20_000)}`)).toBe('too_large')
})

test('a logout token that is whole says who signed out; neither token passes for the other', async () => {
  const head = { typ: 'logout+jwt' }
  expect(await verifyLogoutToken(signed(logout, head), trust, AT)).toMatchObject({
    subject: 'mara',
    sessionId: 's1',
    tokenId: 'j1',
  })
  expect(await verify(signed({ ...logout, nonce: NONCE }, head))).toBe('wrong_token_type')
  expect(await verify(signed(logout))).toBe('claims_missing')
  expect(await verifyLogoutToken(signed(plain), trust, AT)).toMatchObject({ refused: 'claims_missing' })
})

test.each([
  ['a nonce', { nonce: NONCE }, 'claims_missing'],
  ['no identifier', { jti: undefined }, 'claims_missing'],
  ['another event', { events: { 'https://elsewhere.example': {} } }, 'claims_missing'],
  ['an event that is no object', { events: { [EVENT]: 'yes' } }, 'claims_missing'],
  ['nobody meant', { sub: undefined, sid: undefined }, 'claims_missing'],
  ['another issuer', { iss: 'https://evil.example' }, 'wrong_issuer'],
  ['another audience', { aud: 'another' }, 'wrong_audience'],
  ['its end behind', { iat: NOW - 200, exp: NOW - 31 }, 'expired'],
  ['no end', { exp: undefined }, 'claims_missing'],
  ['a long life', { exp: NOW + 7_200 }, 'lifetime_too_long'],
])('a logout token with %s is refused', async (_, wrong, refused) => {
  expect(await verifyLogoutToken(signed({ ...logout, ...wrong }), trust, AT)).toMatchObject({ refused })
})

test('every claim that is needed is missed', async () => {
  for (const name of ['iss', 'aud', 'sub', 'iat', 'exp', 'nonce'])
    expect(await verify(signed(without(plain, name)))).toBe('claims_missing')
  for (const name of ['iss', 'aud', 'jti', 'iat', 'exp', 'events'])
    expect(await verifyLogoutToken(signed(without(logout, name)), trust, AT)).toMatchObject({
      refused: 'claims_missing',
    })
})

test('the hash of an access token is its left half, by the hash of the algorithm', () => {
  const half = (hash: string, bytes: number) =>
    base64url.encode(createHash(hash).update('token').digest().subarray(0, bytes))
  expect(fitsAccessToken(half('sha256', 16), 'token', 'RS256')).toBe(true)
  expect(fitsAccessToken(half('sha512', 32), 'token', 'EdDSA')).toBe(true)
  expect(fitsAccessToken(half('sha256', 16), 'another', 'RS256')).toBe(false)
  expect(fitsAccessToken(half('sha256', 15), 'token', 'RS256')).toBe(false)
})
