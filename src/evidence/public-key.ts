/** Public keys of others, in one closed form (JWK, RFC 7517): what the signature checks of this folder run on. */

import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'

import * as z from '../bytes/schema.ts'

const coordinate = z.string().regex(/^[A-Za-z0-9_-]{1,1400}$/)

/** Ed25519, NIST curves and RSA; no private member can pass. */
export const publicJwk = z.discriminatedUnion('kty', [
  z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: coordinate }),
  z.strictObject({ kty: z.literal('EC'), crv: z.enum(['P-256', 'P-384', 'P-521']), x: coordinate, y: coordinate }),
  z.strictObject({ kty: z.literal('RSA'), n: coordinate, e: coordinate }),
])

export type PublicJwk = Readonly<z.infer<typeof publicJwk>>

/** The key as node:crypto wants it. Throws when it is no key: a point off its curve, or RSA outside 2,048 to 8,192 bits. */
export function importPublicKey(jwk: PublicJwk): KeyObject {
  const key = createPublicKey({ key: { ...jwk } as JsonWebKey, format: 'jwk' })
  const bits = key.asymmetricKeyDetails?.modulusLength
  if (jwk.kty === 'RSA' && (bits === undefined || bits < 2048 || bits > 8192))
    throw new RangeError('RSA modulus out of range')
  return key
}

/** The closed form of a node:crypto key, public or private. Throws for other kinds of keys. */
export function publicJwkOf(key: KeyObject): PublicJwk {
  const jwk = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' })
  return publicJwk.parse(jwk)
}
