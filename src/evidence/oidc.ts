/**
 * A CI job's OpenID Connect token, verified: what its issuer says about the run, and nothing that the job could say itself.
 *
 * `sub` is never parsed: its form is a setting of the repository. Policy reads the single claims instead.
 */

import type { JWK } from 'jose'

import { parse, type Json } from '../bytes/json.ts'
import * as z from '../bytes/schema.ts'
import { base64url, utf8 } from '../bytes/text.ts'
import { describeJob, type ClaimNames, type Dialect, type DialectRefusal, type JobClaims } from './oidc-dialect.ts'
import { fits, isSignedBy } from './jws.ts'
import { attempt, isRefusal, quoted, refuse, type Refusal } from './refusal.ts'

export type TokenAlgorithm = 'RS256' | 'ES256' | 'EdDSA'

export type TokenTrust = {
  /** Compared character by character with `iss`. */
  readonly issuer: string
  /** The one audience a token must be made for: this instance. */
  readonly audience: string
  /** The issuer's JWKS as last seen, at most 64 keys. */
  readonly keys: readonly JWK[]
  readonly algorithms: readonly TokenAlgorithm[]
  /** How the issuer spells what it knows about a job. Default `github`. */
  readonly dialect?: Dialect | undefined
  /** What an issuer of the dialect `custom` calls its claims. */
  readonly claimNames?: ClaimNames | undefined
  /** Longest accepted `exp - iat`. Default one hour. */
  readonly maxLifetimeMs?: number | undefined
}

export type TokenClaims = JobClaims & {
  readonly issuer: string
  readonly audience: string
  /** `jti`: accepted once per issuer. */
  readonly tokenId: string
  readonly subject: string
  readonly issuedAt: number
  readonly expiresAt: number
  /** The `kid` of the key that signed, or undefined when the issuer names none. */
  readonly keyId: string | undefined
  /** Every claim, in the issuer's spelling. */
  readonly raw: { readonly [name: string]: Json | undefined }
}

export type TokenRefusal =
  | DialectRefusal
  | Refusal<
      | 'malformed'
      | 'too_large'
      | 'unsupported_algorithm'
      | 'unknown_key'
      | 'bad_signature'
      | 'wrong_issuer'
      | 'wrong_audience'
      | 'expired'
      | 'not_yet_valid'
      | 'lifetime_too_long'
    >

const MAX_TOKEN_LENGTH = 16_384
const MAX_KEYS = 64
const LEEWAY_MS = 30_000
const HOUR_MS = 3_600_000
const SUPPORTED: readonly string[] = ['RS256', 'ES256', 'EdDSA'] satisfies TokenAlgorithm[]

const header = z.looseObject({
  alg: z.string().max(32),
  kid: z.string().min(1).max(256).optional(),
  // RFC 7515, 4.1.11: extensions that must be understood. None is understood here.
  crit: z.undefined().optional(),
  b64: z.undefined().optional(),
})
const instant = z.number().int().min(0).max(253_402_300_799)
const text = z.string().min(1).max(1024)
const payload = z.looseObject({
  iss: text,
  aud: z.union([text, z.array(text).min(1).max(16)]),
  jti: z.string().min(1).max(256),
  sub: text,
  iat: instant,
  exp: instant,
  nbf: instant.optional(),
})

type Payload = z.infer<typeof payload>

/**
 * Verifies a compact JWS (RFC 7515) as an ID token of a CI job (RFC 7519) at the moment `at` (ms), with 30 s leeway.
 * Requires exact issuer, exactly one audience, `exp`, `iat`, `jti`, `sub`. Never throws.
 */
export async function verifyToken(token: string, trust: TokenTrust, at: number): Promise<TokenClaims | TokenRefusal> {
  if (token.length > MAX_TOKEN_LENGTH)
    return refuse('too_large', `The token has more than ${MAX_TOKEN_LENGTH} characters.`)
  const parsed = parseToken(token)
  if (!parsed) return refuse('malformed', 'The token is not a signed JWT with iss, aud, sub, jti, iat and exp.')
  const { head, body, raw } = parsed

  if (body.iss !== trust.issuer)
    return refuse('wrong_issuer', `The token was issued by ${quoted(body.iss)}, not by ${quoted(trust.issuer)}.`)
  const key = await selectKey(head, trust)
  if (isRefusal(key)) return key
  const signed = await isSignedBy(token, head.alg, key)
  if (!signed) return refuse('bad_signature', 'The token’s signature does not verify with the issuer’s key.')
  const problem = judgeAudience(body, trust) ?? judgeTime(body, trust.maxLifetimeMs ?? HOUR_MS, at)
  if (problem) return problem
  return translate(body, head.kid, raw, trust)
}

/** The `iss` that a token claims, unverified: only to look up whose keys to try. Undefined for anything that is no token. */
export function peekIssuer(token: string): string | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined
  return parseToken(token)?.body.iss
}

function parseToken(token: string) {
  return attempt(() => {
    const parts = token.split('.')
    if (parts.length !== 3 || parts.includes('')) return undefined
    base64url.decode(parts[2]!)
    const raw = parse(utf8.decode(base64url.decode(parts[1]!))) as { readonly [name: string]: Json | undefined }
    return { head: header.parse(parse(utf8.decode(base64url.decode(parts[0]!)))), body: payload.parse(raw), raw }
  })
}

/** The algorithm comes from our allow-list and must fit the key's type, so no token chooses how its key is used. */
async function selectKey(head: z.infer<typeof header>, { keys, algorithms }: TokenTrust) {
  const { alg, kid } = head
  if (!SUPPORTED.includes(alg) || !(algorithms as readonly string[]).includes(alg)) {
    return refuse('unsupported_algorithm', `Tokens signed with ${quoted(alg)} are not accepted from this issuer.`)
  }
  const fitting = keys.slice(0, MAX_KEYS).filter((key) => fits(key, alg) && (kid === undefined || key.kid === kid))
  const [found] = fitting
  const named = kid === undefined ? 'the token names no key' : `the token names key ${quoted(kid)}`
  if (!found) return refuse('unknown_key', `The issuer has no such ${alg} key: ${named}.`)
  if (fitting.length > 1) return refuse('unknown_key', `The issuer has ${fitting.length} keys that fit: ${named}.`)
  return found
}

function judgeAudience({ aud }: Payload, { audience }: TokenTrust): TokenRefusal | undefined {
  // A token that is also good elsewhere could have been collected there: exactly one audience.
  const only = typeof aud === 'string' ? aud : aud.length === 1 ? aud[0] : undefined
  if (only === audience) return undefined
  return refuse(
    'wrong_audience',
    `The token was made for ${quoted([aud].flat().join(', '))}, not for ${quoted(audience)} alone.`,
  )
}

function judgeTime({ iat, exp, nbf }: Payload, maxLifetimeMs: number, at: number): TokenRefusal | undefined {
  if (exp <= iat || (exp - iat) * 1000 > maxLifetimeMs) {
    return refuse(
      'lifetime_too_long',
      `The token lives ${exp - iat} s; at most ${maxLifetimeMs / 1000} s are accepted.`,
    )
  }
  if (exp * 1000 + LEEWAY_MS <= at)
    return refuse('expired', `The token expired at ${new Date(exp * 1000).toISOString()}.`)
  const from = Math.max(iat, nbf ?? iat) * 1000
  if (from - LEEWAY_MS > at)
    return refuse('not_yet_valid', `The token is valid only from ${new Date(from).toISOString()}.`)
  return undefined
}

function translate(
  body: Payload,
  kid: string | undefined,
  raw: TokenClaims['raw'],
  { audience, dialect = 'github', claimNames }: TokenTrust,
): TokenClaims | TokenRefusal {
  const job = describeJob(raw, dialect, claimNames)
  if (isRefusal(job)) return job
  return {
    ...job,
    issuer: body.iss,
    audience,
    tokenId: body.jti,
    subject: body.sub,
    issuedAt: body.iat * 1000,
    expiresAt: body.exp * 1000,
    keyId: kid,
    raw,
  }
}
