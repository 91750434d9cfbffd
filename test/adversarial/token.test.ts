/** A CI token with one thing wrong at a time: each has its own refusal, and none opens anything. */

import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../src/bytes/digest.ts'
import { base64, utf8 } from '../../src/bytes/text.ts'
import { Office } from '../http/office.ts'
import { registration, setUp } from '../http/story.ts'
import { ISSUER, ORIGIN } from '../world/company.ts'
import { claimsAt, ed25519, forge, hmac, KEYS, ROTATED, rsa, signers, stranger, type Signer } from './forger.ts'
import { digestOfState, expectUnmoved } from './unmoved.ts'

let office: Office
let served: readonly object[] = KEYS
let adminToken: string
let otherIssuer: readonly object[] | undefined

beforeAll(async () => {
  const issuerKeys = {
    of: async (issuer: string) => utf8.encode(JSON.stringify({ keys: issuer === ISSUER ? served : otherIssuer })),
  }
  office = await Office.open({ port: { issuerKeys } })
  const { ana, door } = await setUp(office)
  adminToken = ana.token
  const pinned = { ...registration(door), ciIssuer: ISSUER, ciRepositoryId: '4711', ciOwnerId: '1' }
  const registered = await office.post('/api/v1/repositories', pinned, adminToken)
  expect(registered.status).toBe(201)
})
afterAll(async () => office[Symbol.asyncDispose]())

const HEAD = { alg: 'EdDSA', kid: 'ed', typ: 'JWT' }
const now = () => office.port.clock()
const seconds = (offset: number) => Math.floor(now() / 1000) + offset
const token = (changes: object = {}, head: object = HEAD, by: Signer = signers.EdDSA) =>
  forge(head, { ...claimsAt(now()), ...changes }, by)

type Keys = { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
const fresh = () => generateKeyPairSync('ed25519')

function show(ciToken: string, keys: Keys = fresh(), proven = ciToken) {
  const publicKey = base64.encode(keys.publicKey.export({ format: 'der', type: 'spki' }))
  const algorithm = keys.privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  const proof = base64.encode(sign(algorithm, sha256(utf8.encode(proven)), keys.privateKey))
  return office.post('/api/v1/logins', { method: 'job', token: ciToken, publicKey, proof })
}

/** Unverified: nobody is known to have asked, and there is no leaf. */
const unknown = (ciToken: () => string, code: string, status = 401) =>
  expectUnmoved(office, () => show(ciToken()), { status, code })
/** Verified, and refused by the rules: on record. */
const known = (ciToken: () => string, code: string) =>
  expectUnmoved(office, () => show(ciToken()), { status: code.startsWith('no_such_') ? 404 : 403, code, leaves: 1 })

test('what is right opens a login, or nothing below would mean anything', async () => {
  for (const [alg, kid] of [
    ['EdDSA', 'ed'],
    ['ES256', 'ec'],
    ['RS256', 'rsa'],
  ] as const) {
    const before = digestOfState(office)
    expect((await show(token({ jti: `good ${alg}` }, { alg, kid }, signers[alg]))).status).toBe(201)
    expect(digestOfState(office)).not.toBe(before)
  }
})

const publicPem = () => rsa.publicKey.export({ format: 'pem', type: 'spki' }) as string
const embedded = stranger.publicKey.export({ format: 'jwk' })

describe('the signature', () => {
  test.each<[string, () => string, string]>([
    ['alg none, with no signature', () => token({}, { alg: 'none' }, signers.nobody), 'unsupported_algorithm'],
    ['alg None', () => token({}, { alg: 'None', kid: 'ed' }), 'unsupported_algorithm'],
    [
      'HS256 keyed with the public key’s PEM',
      () => token({}, { alg: 'HS256', kid: 'rsa' }, hmac(publicPem())),
      'unsupported_algorithm',
    ],
    [
      'HS256 keyed with the public key’s modulus',
      () => token({}, { alg: 'HS256', kid: 'rsa' }, hmac(String(rsa.publicKey.export({ format: 'jwk' }).n))),
      'unsupported_algorithm',
    ],
    ['HS256 keyed with nothing', () => token({}, { alg: 'HS256' }, hmac('')), 'unsupported_algorithm'],
    ['PS256', () => token({}, { alg: 'PS256', kid: 'rsa' }, signers.RS256), 'unsupported_algorithm'],
    ['RS256 by name, on the Ed25519 key', () => token({}, { alg: 'RS256', kid: 'ed' }), 'unknown_key'],
    ['EdDSA by name, on the RSA key', () => token({}, { alg: 'EdDSA', kid: 'rsa' }, signers.RS256), 'unknown_key'],
    [
      'signed with another listed key than it names',
      () => token({}, { alg: 'ES256', kid: 'ec' }, signers.EdDSA),
      'bad_signature',
    ],
    [
      'a key that the issuer does not have',
      () => token({}, { alg: 'EdDSA', kid: 'mine' }, signers.stranger),
      'unknown_key',
    ],
    ['a stranger’s key under the issuer’s name', () => token({}, HEAD, signers.stranger), 'bad_signature'],
    [
      'a key that the token brings along',
      () => token({}, { alg: 'EdDSA', kid: 'ed', jwk: embedded }, signers.stranger),
      'bad_signature',
    ],
    [
      'a key that the token says where to find',
      () => token({}, { alg: 'EdDSA', kid: 'x', jku: 'https://evil.example/keys' }, signers.stranger),
      'unknown_key',
    ],
    ['a kid that is a path', () => token({}, { alg: 'EdDSA', kid: '../../ed' }), 'unknown_key'],
    ['a header that must be understood', () => token({}, { ...HEAD, crit: ['exp'] }), 'malformed'],
    ['a payload that is not encoded', () => token({}, { ...HEAD, b64: false }), 'malformed'],
    [
      'a changed claim under the old signature',
      () => withPayload(token(), { ref: 'refs/heads/prod' }),
      'bad_signature',
    ],
  ])('%s', async (_, made, code) => {
    await unknown(made, code, code === 'malformed' ? 400 : 401)
  })

  test('a key that the issuer took back', async () => {
    served = ROTATED
    await unknown(() => token(), 'unknown_key')
    served = KEYS
  })

  test('an issuer’s key in another issuer’s name', async () => {
    const issuer = 'https://other-ci.example'
    expect((await office.post('/api/v1/issuers', { issuer, kind: 'github' }, adminToken)).status).toBe(201)
    otherIssuer = ROTATED
    await unknown(() => token({ iss: issuer }), 'unknown_key')
    await unknown(() => token({}, { alg: 'EdDSA', kid: 'new' }, signers.stranger), 'unknown_key')
    // It may say whatever it likes of its own jobs, and they are still not those of a repository that is another issuer's.
    await known(() => token({ iss: issuer }, { alg: 'EdDSA', kid: 'new' }, signers.stranger), 'no_such_repository')
  })
})

function withPayload(signed: string, changes: object): string {
  const [head, , signature] = signed.split('.')
  const payload = Buffer.from(JSON.stringify({ ...claimsAt(now()), ...changes })).toString('base64url')
  return `${head}.${payload}.${signature}`
}

describe('who it is from, and for whom', () => {
  test.each<[string, object, string]>([
    ['another issuer', { iss: 'https://evil.example' }, 'issuer_unknown'],
    ['the issuer with a slash', { iss: `${ISSUER}/` }, 'issuer_unknown'],
    ['the issuer in capitals', { iss: ISSUER.toUpperCase() }, 'issuer_unknown'],
    ['the issuer with a Cyrillic i', { iss: ISSUER.replace('i', 'і') }, 'issuer_unknown'],
    ['the issuer with a user', { iss: ISSUER.replace('https://', 'https://x@') }, 'issuer_unknown'],
    ['the issuer without TLS', { iss: ISSUER.replace('https', 'http') }, 'issuer_unknown'],
    ['another audience', { aud: 'https://github.com/acme' }, 'wrong_audience'],
    ['our audience with a slash', { aud: `${ORIGIN}/` }, 'wrong_audience'],
    ['our audience, and a deputy’s', { aud: [ORIGIN, 'https://deputy.example'] }, 'wrong_audience'],
    ['our audience within another', { aud: `https://deputy.example/?${ORIGIN}` }, 'wrong_audience'],
    ['no audience', { aud: [] }, 'malformed'],
    ['an audience that is an object', { aud: { [ORIGIN]: true } }, 'malformed'],
  ])('%s', async (_, changes, code) => {
    await unknown(() => token(changes), code, code === 'malformed' ? 400 : 401)
  })
})

describe('when', () => {
  test.each<[string, () => object, string]>([
    ['expired, and the leeway with it', () => ({ iat: seconds(-331), exp: seconds(-31) }), 'expired'],
    ['from the future, past the leeway', () => ({ iat: seconds(32), exp: seconds(300) }), 'not_yet_valid'],
    ['not valid yet', () => ({ nbf: seconds(40) }), 'not_yet_valid'],
    ['good for longer than an hour', () => ({ exp: seconds(3_700) }), 'lifetime_too_long'],
    ['over before it began', () => ({ exp: seconds(-1) }), 'lifetime_too_long'],
    ['for ever', () => ({ exp: 1e300 }), 'malformed'],
    ['of a time in words', () => ({ exp: String(seconds(300)) }), 'malformed'],
    ['before time', () => ({ iat: -1 }), 'malformed'],
    ['never issued', () => ({ iat: undefined }), 'malformed'],
    ['that never ends', () => ({ exp: undefined }), 'malformed'],
  ])('%s', async (_, changes, code) => {
    await unknown(() => token(changes()), code, code === 'malformed' ? 400 : 401)
  })

  test('clocks may be half a minute apart', async () => {
    expect((await show(token({ iat: seconds(-320), exp: seconds(-25) }))).status).toBe(201)
    expect((await show(token({ iat: seconds(25), exp: seconds(300) }))).status).toBe(201)
  })
})

describe('what it says', () => {
  test.each<[string, object, string]>([
    ['no identifier', { jti: undefined }, 'malformed'],
    ['no subject', { sub: '' }, 'malformed'],
    ['no repository', { repository: undefined }, 'claims_missing'],
    ['a repository that is a list', { repository: ['acme/shop'] }, 'claims_missing'],
    ['no run', { run_id: undefined }, 'claims_missing'],
    ['no event', { event_name: undefined }, 'claims_missing'],
    ['a repository with a Cyrillic a', { repository: 'аcme/shop' }, 'claims_unusable'],
    ['a repository in full width', { repository: 'ａcme/shop' }, 'claims_unusable'],
    ['a repository with a zero-width space', { repository: 'acme/\u200bshop' }, 'claims_unusable'],
    ['a repository that runs backwards', { repository: '\u202epohs/emca' }, 'claims_unusable'],
    ['a repository in two lines', { repository: 'acme/shop\nx' }, 'claims_unusable'],
    ['an id in Arabic digits', { repository_id: '٤٧١١' }, 'claims_unusable'],
    ['a branch with a look-alike', { ref: 'refs/heads/mаin' }, 'claims_unusable'],
    ['an environment with a look-alike', { environment: 'prоduction' }, 'claims_unusable'],
    ['an event with a soft hyphen', { event_name: 'pu\u00adsh' }, 'claims_unusable'],
    ['a commit that is none', { sha: 'HEAD' }, 'claims_unusable'],
    ['a run with a line break', { run_id: '12\n13' }, 'claims_unusable'],
  ])('%s', async (_, changes, code) => {
    await unknown(() => token(changes), code, ['malformed', 'claims_missing'].includes(code) ? 400 : 401)
  })

  test.each<[string, object, string]>([
    ['the registered name with another id', { repository_id: '666' }, 'no_such_repository'],
    ['the registered name without an id', { repository_id: undefined }, 'no_such_repository'],
    ['the registered id with another owner', { repository_owner_id: '2' }, 'no_such_repository'],
    ['the registered id without its owner', { repository_owner_id: undefined }, 'no_such_repository'],
    ['another repository whose sub says ours', { repository: 'evil/shop', repository_id: '5' }, 'no_such_repository'],
    ['a pull request', { event_name: 'pull_request' }, 'policy_refused'],
    ['a pull request with rights', { event_name: 'pull_request_target' }, 'policy_refused'],
    ['a merge request', { event_name: 'merge_request_event' }, 'policy_refused'],
  ])('%s', async (_, changes, code) => {
    await known(() => token(changes), code)
  })

  test('a token that was used before, by whomever', async () => {
    const once = token()
    expect((await show(once)).status).toBe(201)
    await known(() => once, 'token_reused')
    await known(
      () => token({ jti: JSON.parse(Buffer.from(once.split('.')[1]!, 'base64url').toString()).jti }),
      'token_reused',
    )
  })
})

describe('its form', () => {
  const raw = (text: string) => forge(HEAD, text, signers.EdDSA)
  const spelled = () => JSON.stringify(claimsAt(now()))
  test.each<[string, () => string, string]>([
    ['two audiences under one name', () => raw(spelled().replace('{', `{"aud":"${ORIGIN}",`)), 'malformed'],
    [
      'a claim named __proto__',
      () => raw(spelled().replace('{', '{"__proto__":{"repository":"acme/shop"},')),
      'malformed',
    ],
    ['no JSON', () => raw('aud=us'), 'malformed'],
    ['a list', () => raw('[]'), 'malformed'],
    ['nothing', () => 'a', 'malformed'],
    ['four parts', () => `${token()}.AA`, 'malformed'],
    ['padding', () => `${token()}=`, 'malformed'],
    ['a line break', () => `${token()}\n`, 'malformed'],
    [
      'ten thousand roles',
      () => token({ groups: Array.from({ length: 10_000 }, (_, index) => `role-${index}`) }),
      'malformed',
    ],
    ['more than it may have', () => token({ padding: 'x'.repeat(13_000) }), 'malformed'],
    ['twenty thousand braces', () => raw('{"a":'.repeat(2_400)), 'malformed'],
  ])('%s', async (_, made, code) => {
    await unknown(made, code, 400)
  })

  test('a megabyte', async () => {
    await unknown(() => token({ padding: 'x'.repeat(900_000) }), 'too_large', 413)
  })
})

describe('the key of the job', () => {
  const proofless = { status: 401, code: 'bad_key_proof' }
  test('is proven over this very token', async () => {
    await expectUnmoved(office, () => show(token(), fresh(), token()), proofless)
  })

  test.each<[string, () => Keys]>([
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 1024 })],
    ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ])('is not of the kind %s', async (_, keys) => {
    await expectUnmoved(office, () => show(token(), keys()), { status: 401, code: 'bad_key_proof' })
  })

  test('is not the issuer’s, nor somebody else’s', async () => {
    const swapped = { publicKey: ed25519.publicKey, privateKey: stranger.privateKey }
    await expectUnmoved(office, () => show(token(), swapped), proofless)
  })
})
