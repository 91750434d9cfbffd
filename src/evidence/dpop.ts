/**
 * A DPoP proof (RFC 9449), verified: whoever sends this very request, with this access token, holds the key that the token is
 * bound to. A token that was copied from a job's environment or log is worth nothing without it.
 *
 *     DPoP: {"typ":"dpop+jwt","alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519","x":"…"}}
 *         . {"jti":"…","htm":"POST","htu":"https://countersign.example/api/v1/releases","iat":1763900000,"ath":"…"} . signature
 */

import { createHash, verify } from 'node:crypto'

import { equal, sha256 } from '../bytes/digest.ts'
import { parse } from '../bytes/json.ts'
import * as z from '../bytes/schema.ts'
import { base64url, utf8 } from '../bytes/text.ts'
import { importPublicKey, publicJwk, type PublicJwk } from './public-key.ts'
import { attempt, refuse, type Refusal } from './refusal.ts'

/** The request as we received it. */
export type ProvenRequest = {
  readonly method: string
  /** Absolute, as our own address has it; query and fragment are not compared (RFC 9449, 4.3). */
  readonly url: string
  /** The access token that came along; undefined where none is due yet. */
  readonly accessToken?: string | undefined
}

export type DpopClaims = {
  /** RFC 7638, SHA-256, base64url: what tokens are bound to. */
  readonly thumbprint: string
  readonly key: PublicJwk
  /** To be accepted once, within the minute that a proof is good for. */
  readonly proofId: string
  readonly issuedAt: number
}

export type DpopRefusal = Refusal<
  'malformed' | 'unsupported_algorithm' | 'bad_signature' | 'wrong_request' | 'wrong_token' | 'stale'
>

/** A proof older than this, or from further in the future, is none. */
export const DPOP_LEEWAY_MS = 30_000
const MAX_LENGTH = 4_096
const ALGORITHMS: Readonly<Record<string, PublicJwk['kty']>> = { EdDSA: 'OKP', ES256: 'EC' }

const header = z.looseObject({
  typ: z.literal('dpop+jwt'),
  alg: z.string().max(32),
  jwk: z.looseObject({}),
  crit: z.undefined().optional(),
  b64: z.undefined().optional(),
})
const payload = z.looseObject({
  jti: z.string().min(16).max(128),
  htm: z.string().max(16),
  htu: z.string().max(2_048),
  iat: z.number().int().min(0).max(253_402_300_799),
  ath: z.string().length(43).optional(),
})

/** Verifies one proof at the moment `at` (ms). That its `proofId` was not seen before is the caller's to remember. Never throws. */
export function verifyDpop(proof: string, request: ProvenRequest, at: number): DpopClaims | DpopRefusal {
  const parsed = proof.length <= MAX_LENGTH ? attempt(() => parseProof(proof)) : undefined
  if (!parsed) return refuse('malformed', 'The DPoP proof is not a signed JWT of RFC 9449 with jti, htm, htu and iat.')
  const { alg, body, key } = parsed
  if (!key || ALGORITHMS[alg] !== key.kty || (key.kty === 'EC' && key.crv !== 'P-256'))
    return refuse(
      'unsupported_algorithm',
      'DPoP proofs are signed with EdDSA (Ed25519) or ES256, by a public key alone.',
    )
  if (!isSigned(proof, key))
    return refuse('bad_signature', 'The signature of the DPoP proof does not verify with its key.')
  const problem = judgeRequest(body, request) ?? judgeToken(body, request) ?? judgeTime(body, at)
  if (problem) return problem
  return { thumbprint: thumbprintOf(key), key, proofId: body.jti, issuedAt: body.iat * 1000 }
}

function parseProof(proof: string) {
  const parts = proof.split('.')
  if (parts.length !== 3) throw new SyntaxError('not a compact JWS')
  const { alg, jwk } = header.parse(parse(utf8.decode(base64url.decode(parts[0]!))))
  const body = payload.parse(parse(utf8.decode(base64url.decode(parts[1]!))))
  // RFC 9449, 4.2: the jwk "MUST NOT contain a private key"; the closed form has no place for one.
  return { alg, body, key: attempt(() => closed(jwk)) }
}

/** Names, uses and the like change no key; anything else that is in it is more than a public key. */
function closed(jwk: Readonly<Record<string, unknown>>): PublicJwk {
  const { kid: _, use: __, alg: ___, key_ops: ____, ...rest } = jwk
  const key = publicJwk.parse(rest)
  importPublicKey(key)
  return key
}

function isSigned(proof: string, key: PublicJwk): boolean {
  const end = proof.lastIndexOf('.')
  const signed = utf8.encode(proof.slice(0, end))
  const found = attempt(() => {
    const signature = base64url.decode(proof.slice(end + 1))
    const publicKey = importPublicKey(key)
    if (key.kty === 'OKP') return verify(null, signed, publicKey, signature)
    return verify('sha256', signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)
  })
  return found ?? false
}

type Payload = z.infer<typeof payload>

function judgeRequest({ htm, htu }: Payload, { method, url }: ProvenRequest): DpopRefusal | undefined {
  if (htm === method && placeOf(htu) !== undefined && placeOf(htu) === placeOf(url)) return undefined
  return refuse('wrong_request', 'The DPoP proof was made for another request.')
}

/** RFC 9449, 4.3: compared "ignoring any query and fragment parts", after the normalization of RFC 3986. */
function placeOf(url: string): string | undefined {
  return attempt(() => {
    const { origin, pathname } = new URL(url)
    return origin + pathname
  })
}

function judgeToken({ ath }: Payload, { accessToken }: ProvenRequest): DpopRefusal | undefined {
  if (accessToken === undefined) return undefined
  const digest = attempt(() => base64url.decode(ath ?? ''))
  if (digest && equal(digest, sha256(utf8.encode(accessToken)))) return undefined
  return refuse('wrong_token', 'The DPoP proof does not name the token that it came with.')
}

function judgeTime({ iat }: Payload, at: number): DpopRefusal | undefined {
  if (Math.abs(at - iat * 1000) <= DPOP_LEEWAY_MS) return undefined
  return refuse('stale', 'The DPoP proof is too old or from the future; check the clocks of both machines.')
}

/** RFC 7638, 3: the required members alone, in lexicographic order, without white space. */
export function thumbprintOf(key: PublicJwk): string {
  const text =
    key.kty === 'OKP'
      ? JSON.stringify({ crv: key.crv, kty: key.kty, x: key.x })
      : key.kty === 'EC'
        ? JSON.stringify({ crv: key.crv, kty: key.kty, x: key.x, y: key.y })
        : JSON.stringify({ e: key.e, kty: key.kty, n: key.n })
  return base64url.encode(createHash('sha256').update(text).digest())
}
