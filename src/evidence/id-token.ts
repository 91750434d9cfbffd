/**
 * What an identity provider says of a person: an ID token (OpenID Connect Core 1.0, section 3.1.3.7) says that they signed in just now
 * for us, a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6) that they signed out there.
 */

import { createHash } from 'node:crypto'
import type { JWK } from 'jose'
import { equal } from '../bytes/digest.ts'
import type { Json } from '../bytes/json.ts'
import * as z from '../bytes/schema.ts'
import { base64url, utf8 } from '../bytes/text.ts'
import { verifyJws, type JwsRefusal } from './jws.ts'
import { isRefusal, quoted, refuse, type Refusal } from './refusal.ts'

export type ClientTrust = {
  /** Compared character by character with `iss`. */
  readonly issuer: string
  /** Whom the provider knows us as. */
  readonly clientId: string
  /** Its JWKS as last seen. */
  readonly keys: readonly JWK[]
}

export type IdTokenClaims = {
  readonly subject: string
  /** The session there, if the provider names it. */
  readonly sessionId?: string
  readonly expiresAt: number
  /** Every claim, in the provider's spelling. */
  readonly raw: { readonly [name: string]: Json | undefined }
}

export type LogoutTokenClaims = {
  readonly tokenId: string
  readonly subject?: string
  readonly sessionId?: string
  readonly expiresAt: number
}

export type ClientRefusal =
  | JwsRefusal
  | Refusal<
      | 'claims_missing'
      | 'wrong_issuer'
      | 'wrong_audience'
      | 'wrong_nonce'
      | 'wrong_token_type'
      | 'expired'
      | 'not_yet_valid'
      | 'lifetime_too_long'
    >

const LEEWAY_MS = 30_000
const DAY_MS = 24 * 3_600_000
/** An ID token is shown to us at once; one that was made long before was made for something else. */
const MAX_AGE_MS = 10 * 60_000
/** OpenID Connect Back-Channel Logout 1.0, section 4: "preferably at most two minutes". */
const MAX_LOGOUT_MS = 3_600_000

const instant = z.number().int().min(0).max(253_402_300_799)
const text = z.string().min(1).max(1024)
/** OpenID Connect Core 1.0, section 2: "It MUST NOT exceed 255 ASCII characters in length." */
const subject = z.string().regex(/^[\x20-\x7e]{1,255}$/)
const common = {
  iss: text,
  aud: z.union([text, z.array(text).min(1).max(16)]),
  iat: instant,
  exp: instant,
  sid: z.string().min(1).max(256).optional(),
}
const idToken = z.looseObject({ ...common, sub: subject, nonce: text, nbf: instant.optional(), azp: text.optional() })
const logoutToken = z.looseObject({
  ...common,
  sub: subject.optional(),
  jti: z.string().min(1).max(256),
  events: z.looseObject({ 'http://schemas.openid.net/event/backchannel-logout': z.looseObject({}) }),
  // "A Logout Token MUST NOT contain a nonce": or it could be taken for an ID token.
  nonce: z.undefined().optional(),
})

/** Verifies at the moment `at` (ms), with 30 s leeway. `nonce` is what we asked with. Never throws. */
export async function verifyIdToken(
  token: string,
  trust: ClientTrust,
  nonce: string,
  at: number,
): Promise<IdTokenClaims | ClientRefusal> {
  const verified = await verifyJws(token, trust.keys)
  if (isRefusal(verified)) return verified
  if (verified.head.typ?.toLowerCase() === 'logout+jwt')
    return refuse('wrong_token_type', 'This is a logout token, not an ID token.')
  const said = idToken.safeParse(verified.claims)
  if (!said.success) return missing('ID token', said.error)
  const { iat, exp, nbf, sub, sid } = said.data
  const problem = judgeParties(said.data, trust) ?? judgeTime(exp, Math.max(iat, nbf ?? iat), exp - iat, DAY_MS, at)
  if (problem) return problem
  if (iat * 1000 + MAX_AGE_MS + LEEWAY_MS < at)
    return refuse('expired', 'The ID token was made more than ten minutes ago; sign in again.')
  if (!equal(utf8.encode(said.data.nonce), utf8.encode(nonce)))
    return refuse('wrong_nonce', 'The ID token answers another sign-in than the one that was begun here.')
  return { subject: sub, ...(sid !== undefined && { sessionId: sid }), expiresAt: exp * 1000, raw: verified.claims }
}

/** Verifies at the moment `at` (ms), with 30 s leeway. Never throws. */
export async function verifyLogoutToken(
  token: string,
  trust: ClientTrust,
  at: number,
): Promise<LogoutTokenClaims | ClientRefusal> {
  const verified = await verifyJws(token, trust.keys)
  if (isRefusal(verified)) return verified
  const said = logoutToken.safeParse(verified.claims)
  if (!said.success) return missing('logout token', said.error)
  const { iat, exp, sub, sid, jti } = said.data
  const problem = judgeParties(said.data, trust) ?? judgeTime(exp, iat, exp - iat, MAX_LOGOUT_MS, at)
  if (problem) return problem
  if (sub === undefined && sid === undefined)
    return refuse('claims_missing', 'The logout token names neither a subject nor a session.')
  return {
    tokenId: jti,
    ...(sub !== undefined && { subject: sub }),
    ...(sid !== undefined && { sessionId: sid }),
    expiresAt: exp * 1000,
  }
}

/** OpenID Connect Core 1.0, section 3.1.3.6: the left half of the hash of the access token, by the hash of the token's algorithm. */
export function fitsAccessToken(atHash: string, accessToken: string, alg: string): boolean {
  const whole = createHash(alg === 'EdDSA' ? 'sha512' : 'sha256')
    .update(accessToken, 'ascii')
    .digest()
  const half = whole.subarray(0, whole.length / 2)
  return equal(utf8.encode(base64url.encode(half)), utf8.encode(atHash))
}

function missing(what: string, { issues }: z.ZodError): ClientRefusal {
  return refuse('claims_missing', `The ${what}’s ${String(issues[0]?.path[0] ?? 'content')} is missing or not usable.`)
}

function judgeParties(
  { iss, aud, azp }: { readonly iss: string; readonly aud: string | readonly string[]; readonly azp?: unknown },
  { issuer, clientId }: ClientTrust,
): ClientRefusal | undefined {
  if (iss !== issuer) return refuse('wrong_issuer', `The token was issued by ${quoted(iss)}, not by ${quoted(issuer)}.`)
  const audiences = [aud].flat()
  // Section 3.1.3.7, 4 and 5: with several audiences, the one that it was issued to must be named, and be us.
  const isOurs = audiences.includes(clientId) && (azp === undefined ? audiences.length === 1 : azp === clientId)
  if (isOurs) return undefined
  return refuse(
    'wrong_audience',
    `The token was made for ${quoted(audiences.join(', '))}, not for ${quoted(clientId)}.`,
  )
}

/** `exp`, `from` and `lifetime` in seconds, as tokens have them. */
function judgeTime(
  exp: number,
  from: number,
  lifetime: number,
  maxLifetimeMs: number,
  at: number,
): ClientRefusal | undefined {
  if (lifetime <= 0 || lifetime * 1000 > maxLifetimeMs)
    return refuse('lifetime_too_long', `The token lives ${lifetime} s; at most ${maxLifetimeMs / 1000} s are accepted.`)
  if (exp * 1000 + LEEWAY_MS <= at)
    return refuse('expired', `The token expired at ${new Date(exp * 1000).toISOString()}.`)
  if (from * 1000 - LEEWAY_MS > at)
    return refuse('not_yet_valid', `The token is valid only from ${new Date(from * 1000).toISOString()}.`)
  return undefined
}
