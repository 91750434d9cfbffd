/**
 * Tokens for one job (RFC 7519, signed with RS256, which every cloud takes): for one audience, under the number of one grant,
 * and gone with its time. Whoever has the key set can verify one, and nobody can recall it.
 */

import { createPublicKey, sign, type KeyObject } from 'node:crypto'

import { sha256 } from '../bytes/digest.ts'
import { base64url, utf8 } from '../bytes/text.ts'

export type TokenKey = { readonly key: KeyObject; readonly keyId?: string | undefined }

/** A compact JWS over the claims. The key is of RSA, of 2048 bits or more. */
export function signToken(claims: Readonly<Record<string, unknown>>, { key, keyId }: TokenKey): string {
  if (key.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048)
    throw new RangeError('a token is signed with an RSA key of at least 2048 bits')
  const header = { alg: 'RS256', typ: 'JWT', ...(keyId !== undefined && { kid: keyId }) }
  const signed = [header, claims].map((part) => base64url.encode(utf8.encode(JSON.stringify(part)))).join('.')
  return `${signed}.${base64url.encode(sign('sha256', utf8.encode(signed), key))}`
}

export type PublicJwk = {
  readonly kty: 'RSA'
  readonly n: string
  readonly e: string
  readonly kid: string
  readonly use: 'sig'
  readonly alg: 'RS256'
}

/** As it stands in a key set. Throws a RangeError for a key that is not of RSA. */
export function publicJwk(key: KeyObject): PublicJwk {
  const { kty, n, e } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' })
  if (kty !== 'RSA' || n === undefined || e === undefined) throw new RangeError('not an RSA key')
  // RFC 7638, 3.2: the required members in lexicographic order, without white space.
  const kid = base64url.encode(sha256(utf8.encode(JSON.stringify({ e, kty, n }))))
  return { kty, n, e, kid, use: 'sig', alg: 'RS256' }
}
