/** A DPoP proof (RFC 9449): this very request, with this access token, comes from whoever holds the key that the token is bound to. */

import { sign, type KeyObject } from 'node:crypto'

import { sha256 } from '../bytes/digest.ts'
import { base64url, utf8 } from '../bytes/text.ts'
import { publicJwkOf } from '../evidence/public-key.ts'

export type Proven = {
  readonly method: string
  /** Absolute. */
  readonly url: string
  readonly accessToken: string
}

/** `at` is the receiver's time as far as it is known, in ms; `id` is used once, and has 16 to 128 characters. Ed25519 or P-256. */
export function proveRequest(
  key: KeyObject,
  { method, url, accessToken }: Proven,
  { at, id }: { readonly at: number; readonly id: string },
): string {
  const jwk = publicJwkOf(key)
  const { origin, pathname } = new URL(url)
  const head = { typ: 'dpop+jwt', alg: jwk.kty === 'OKP' ? 'EdDSA' : 'ES256', jwk }
  // RFC 9449, 4.2: htu is the address "without query and fragment parts".
  const said = { jti: id, htm: method, htu: origin + pathname, iat: Math.floor(at / 1000) }
  const ath = base64url.encode(sha256(utf8.encode(accessToken)))
  const signed = [head, { ...said, ath }].map((part) => base64url.encode(utf8.encode(JSON.stringify(part)))).join('.')
  const bytes = utf8.encode(signed)
  const signature =
    jwk.kty === 'OKP' ? sign(null, bytes, key) : sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${base64url.encode(signature)}`
}
