/** A compact JWS (RFC 7515) that verified was signed by a key of its issuer, with an algorithm that fits that key. */

import { compactVerify, errors, importJWK, type JWK } from 'jose'
import { parse, type Json } from '../bytes/json.ts'
import * as z from '../bytes/schema.ts'
import { base64url, utf8 } from '../bytes/text.ts'
import { attempt, quoted, refuse, type Refusal } from './refusal.ts'

const MAX_LENGTH = 16_384
const MAX_KEYS = 64
/** Key type to each algorithm: public keys alone, so that nobody's key becomes a shared secret. */
const KEY_TYPES: Readonly<Record<string, string>> = { RS256: 'RSA', PS256: 'RSA', ES256: 'EC', EdDSA: 'OKP' }

const header = z.looseObject({
  alg: z.string().max(32),
  kid: z.string().min(1).max(256).optional(),
  typ: z.string().max(64).optional(),
  // RFC 7515, 4.1.11: extensions that must be understood. None is understood here.
  crit: z.undefined().optional(),
  b64: z.undefined().optional(),
})

export type Header = z.infer<typeof header>
export type Parsed = { readonly head: Header; readonly claims: { readonly [name: string]: Json | undefined } }
export type JwsRefusal = Refusal<'malformed' | 'too_large' | 'unsupported_algorithm' | 'unknown_key' | 'bad_signature'>

/** What the token says of itself, unverified. Undefined for anything that is no signed JWT of at most 16,384 characters. */
export function peek(token: string): Parsed | undefined {
  if (token.length > MAX_LENGTH) return undefined
  return attempt(() => {
    const parts = token.split('.')
    if (parts.length !== 3 || parts.includes('')) return undefined
    base64url.decode(parts[2]!)
    const [head, claims] = parts.slice(0, 2).map((part) => parse(utf8.decode(base64url.decode(part))))
    if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return undefined
    return { head: header.parse(head), claims: claims as Parsed['claims'] }
  })
}

/** The claims, once the signature verified with one of `keys`, a JWKS of which 64 keys at most are looked at. Never throws. */
export async function verifyJws(token: string, keys: readonly JWK[]): Promise<Parsed | JwsRefusal> {
  if (token.length > MAX_LENGTH) return refuse('too_large', `The token has more than ${MAX_LENGTH} characters.`)
  const parsed = peek(token)
  if (!parsed) return refuse('malformed', 'The token is not a signed JWT.')
  const { alg, kid } = parsed.head
  if (!Object.hasOwn(KEY_TYPES, alg))
    return refuse('unsupported_algorithm', `Tokens signed with ${quoted(alg)} are not accepted.`)
  const fitting = keys.slice(0, MAX_KEYS).filter((key) => fits(key, alg) && (kid === undefined || key.kid === kid))
  const named = kid === undefined ? 'the token names no key' : `the token names key ${quoted(kid)}`
  if (fitting.length !== 1)
    return refuse('unknown_key', `The issuer has ${fitting.length} ${alg} keys that fit, not one: ${named}.`)
  if (await isSignedBy(token, alg, fitting[0]!)) return parsed
  return refuse('bad_signature', 'The token’s signature does not verify with the issuer’s key.')
}

/** Whether a key is for this algorithm, by its type and by what it says of its use. */
export function fits(key: JWK, alg: string): boolean {
  if (key.kty !== KEY_TYPES[alg]) return false
  return (key.use === undefined || key.use === 'sig') && (key.alg === undefined || key.alg === alg)
}

/** Whether the key signed the token with the algorithm; whether that may be, `fits` says. */
export async function isSignedBy(token: string, alg: string, jwk: JWK): Promise<boolean> {
  try {
    const { kty, crv, n, e, x, y } = jwk
    const key = await importJWK(JSON.parse(JSON.stringify({ kty, crv, n, e, x, y })) as JWK, alg)
    await compactVerify(token, key, { algorithms: [alg] })
    return true
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException) return false
    throw error
  }
}
