import { createHmac } from 'node:crypto'

import fc from 'fast-check'
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose'
import { describe, expect, test } from 'vitest'

import { peekIssuer, verifyToken, type TokenTrust } from '../../src/evidence/oidc.ts'

const at = Date.parse('2026-11-23T12:00:00Z')
const seconds = at / 1000
const issuer = 'https://token.actions.example'
const audience = 'https://countersign.example/acme'

const signers = {
  RS256: await generateKeyPair('RS256', { extractable: true }),
  ES256: await generateKeyPair('ES256', { extractable: true }),
  EdDSA: await generateKeyPair('EdDSA', { extractable: true }),
}
type Algorithm = keyof typeof signers

async function jwk(alg: Algorithm): Promise<JWK> {
  return { ...(await exportJWK(signers[alg].publicKey)), kid: `key-${alg}`, alg, use: 'sig' }
}
const keys = [await jwk('RS256'), await jwk('ES256'), await jwk('EdDSA')]
const trust: TokenTrust = { issuer, audience, keys, algorithms: ['RS256', 'ES256', 'EdDSA'] }

const github = {
  iss: issuer,
  aud: audience,
  sub: 'repo:acme/shop:ref:refs/heads/main',
  jti: 'b1f0c5d2',
  iat: seconds - 10,
  exp: seconds + 290,
  repository: 'acme/shop',
  repository_id: '4711',
  ref: 'refs/heads/main',
  sha: '0123456789abcdef0123456789abcdef01234567',
  job_workflow_ref: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
  workflow_ref: 'acme/shop/.github/workflows/other.yml@refs/heads/main',
  run_id: '99',
  run_attempt: 1,
  environment: 'production',
  actor: 'dana',
  actor_id: '7',
  event_name: 'push',
  runner_environment: 'github-hosted',
}

function sign(claims: object, alg: Algorithm = 'ES256', head: object = { kid: `key-${alg}` }): Promise<string> {
  return new SignJWT(claims as Record<string, unknown>)
    .setProtectedHeader({ alg, ...head })
    .sign(signers[alg].privateKey)
}
const verify = async (claims: object, changed: Partial<TokenTrust> = {}) =>
  verifyToken(await sign(claims), { ...trust, ...changed }, at)

test.each(['RS256', 'ES256', 'EdDSA'] as const)(
  'a token signed with %s becomes claims under our names',
  async (alg) => {
    expect(await verifyToken(await sign(github, alg), trust, at)).toEqual({
      issuer,
      audience,
      tokenId: 'b1f0c5d2',
      subject: 'repo:acme/shop:ref:refs/heads/main',
      issuedAt: at - 10_000,
      expiresAt: at + 290_000,
      keyId: `key-${alg}`,
      repository: 'acme/shop',
      repositoryId: '4711',
      ref: 'refs/heads/main',
      commit: '0123456789abcdef0123456789abcdef01234567',
      workflowRef: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
      runId: '99',
      runAttempt: '1',
      environment: 'production',
      actor: 'dana',
      actorId: '7',
      eventName: 'push',
      runnerEnvironment: 'github-hosted',
      raw: github,
    })
  },
)

test('a custom issuer is understood as it was told', async () => {
  const named = { dialect: 'custom', claimNames: { repository: 'repository', runId: 'run_id' } } as const
  expect(await verify(github, named)).toMatchObject({ repository: 'acme/shop', runId: '99' })
  expect(await verify(github, { dialect: 'custom' })).toMatchObject({ refused: 'claims_missing' })
})

describe('is refused:', () => {
  test.each<[string, object, string]>([
    ['another issuer', { iss: `${issuer}/` }, 'wrong_issuer'],
    ['another audience', { aud: 'https://elsewhere.example' }, 'wrong_audience'],
    ['two audiences', { aud: [audience, 'https://elsewhere.example'] }, 'wrong_audience'],
    ['expired', { iat: seconds - 331, exp: seconds - 30 }, 'expired'],
    ['issued in the future', { iat: seconds + 31, exp: seconds + 60 }, 'not_yet_valid'],
    ['not yet valid', { nbf: seconds + 31 }, 'not_yet_valid'],
    ['living too long', { exp: seconds + 3600 }, 'lifetime_too_long'],
    ['expiring before it was issued', { exp: seconds - 11 }, 'lifetime_too_long'],
    ['without jti', { jti: undefined }, 'malformed'],
    ['without exp', { exp: undefined }, 'malformed'],
    ['without iat', { iat: undefined }, 'malformed'],
    ['fractional exp', { exp: seconds + 0.5 }, 'malformed'],
    ['textual exp', { exp: String(seconds + 10) }, 'malformed'],
    ['too large', { padding: 'x'.repeat(16_384) }, 'too_large'],
  ])('%s', async (_, change, code) => {
    expect(await verify({ ...github, ...change })).toMatchObject({ refused: code })
  })

  test('an audience in a list of one is the same audience; leeway is 30 s', async () => {
    expect(await verify({ ...github, aud: [audience] })).toHaveProperty('tokenId')
    expect(await verify({ ...github, iat: seconds - 300, exp: seconds - 29 })).toHaveProperty('tokenId')
  })

  test('unknown key, missing kid among several keys, encryption keys, keys of another type', async () => {
    const token = await sign(github)
    const es = keys[1]!
    const other: JWK = { ...es, kid: 'another' }
    expect(await verifyToken(token, { ...trust, keys: [other] }, at)).toMatchObject({ refused: 'unknown_key' })
    expect(await verifyToken(token, { ...trust, keys: [{ ...es, use: 'enc' }] }, at)).toMatchObject({
      refused: 'unknown_key',
    })
    expect(await verifyToken(token, { ...trust, keys: [es, es] }, at)).toMatchObject({ refused: 'unknown_key' })
    expect(
      await verifyToken(token, { ...trust, keys: [{ ...keys[0]!, kid: 'key-ES256', alg: 'ES256' }] }, at),
    ).toMatchObject({
      refused: 'unknown_key',
    })
    const nameless = await sign(github, 'ES256', {})
    expect(await verifyToken(nameless, { ...trust, keys: [es, other] }, at)).toMatchObject({ refused: 'unknown_key' })
    expect(await verifyToken(nameless, { ...trust, keys }, at)).toHaveProperty('tokenId')
  })

  test('the same kid with another key, and a key that is garbage', async () => {
    const { publicKey } = await generateKeyPair('ES256', { extractable: true })
    const foreign = { ...(await exportJWK(publicKey)), kid: 'key-ES256' }
    expect(await verify(github, { keys: [foreign] })).toMatchObject({ refused: 'bad_signature' })
    expect(
      await verify(github, { keys: [{ kty: 'EC', kid: 'key-ES256', crv: 'P-256', x: 'AA', y: 'AA' }] }),
    ).toMatchObject({
      refused: 'bad_signature',
    })
  })

  test('alg none, HMAC with the public key, an algorithm that is not allowed, crit', async () => {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const none = `${encode({ alg: 'none' })}.${encode(github)}.AA`
    expect(await verifyToken(none, trust, at)).toMatchObject({ refused: 'unsupported_algorithm' })
    const input = `${encode({ alg: 'HS256', kid: 'key-RS256' })}.${encode(github)}`
    const mac = createHmac('sha256', JSON.stringify(keys[0])).update(input).digest('base64url')
    expect(await verifyToken(`${input}.${mac}`, trust, at)).toMatchObject({ refused: 'unsupported_algorithm' })
    expect(await verify(github, { algorithms: ['RS256'] })).toMatchObject({ refused: 'unsupported_algorithm' })
    const crit = `${encode({ alg: 'ES256', kid: 'key-ES256', crit: ['x'], x: 1 })}.${encode(github)}.AA`
    expect(await verifyToken(crit, trust, at)).toMatchObject({ refused: 'malformed' })
  })

  test('duplicate claims, which different parsers read differently', async () => {
    const body = Buffer.from(`{"iss":"x",${JSON.stringify(github).slice(1)}`).toString('base64url')
    const [head, , signature] = (await sign(github)).split('.')
    expect(await verifyToken(`${head}.${body}.${signature}`, trust, at)).toMatchObject({ refused: 'malformed' })
  })

  test('any single changed character', async () => {
    const token = await sign(github)
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...'aB7_-.=é'), async (index, character) => {
        fc.pre(token[index] !== character)
        const changed = token.slice(0, index) + character + token.slice(index + 1)
        expect(await verifyToken(changed, trust, at)).toHaveProperty('refused')
      }),
    )
  })

  test('any text', async () => {
    const part = fc.oneof(
      fc.string(),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 4 }), async (parts) => {
        expect(await verifyToken(parts.join('.'), trust, at)).toHaveProperty('refused')
        expect(peekIssuer(parts.join('.'))).toBeUndefined()
      }),
    )
  })
})

test('the issuer can be peeked at, unverified', async () => {
  expect(peekIssuer(await sign(github))).toBe(issuer)
})
