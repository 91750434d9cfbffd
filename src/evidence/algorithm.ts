/**
 * Signature algorithms of X.509 and CMS by their object identifiers: RSA (PKCS #1 v1.5) and ECDSA with SHA-256, SHA-384 or SHA-512,
 * and nothing weaker.
 */

import { type Cursor, enterSequence, readBits, readOid, TAG } from '../bytes/der.ts'

export type Hash = 'sha256' | 'sha384' | 'sha512'
export type Scheme = 'rsa' | 'ecdsa'
export type Algorithm = { readonly scheme: Scheme; readonly hash: Hash }

type Eventually<T> = T | Promise<T>

/** The cryptography itself, as whoever verifies has it: Node's own, or that of a browser. */
export type SignatureTools = {
  readonly digest: (hash: Hash, bytes: Uint8Array) => Eventually<Uint8Array>
  /** By a SubjectPublicKeyInfo. `signature` is as X.509 has it. False for whatever does not verify; never throws. */
  readonly verify: (
    algorithm: Algorithm,
    publicKey: Uint8Array,
    message: Uint8Array,
    signature: Uint8Array,
  ) => Eventually<boolean>
}

export const SHA256 = '2.16.840.1.101.3.4.2.1'
const HASHES: ReadonlyMap<string, Hash> = new Map([
  [SHA256, 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
])

const RSA = '1.2.840.113549.1.1.1'
const EC = '1.2.840.10045.2.1'
const SIGNATURES: ReadonlyMap<string, Algorithm> = new Map([
  ['1.2.840.113549.1.1.11', { scheme: 'rsa', hash: 'sha256' }],
  ['1.2.840.113549.1.1.12', { scheme: 'rsa', hash: 'sha384' }],
  ['1.2.840.113549.1.1.13', { scheme: 'rsa', hash: 'sha512' }],
  ['1.2.840.10045.4.3.2', { scheme: 'ecdsa', hash: 'sha256' }],
  ['1.2.840.10045.4.3.3', { scheme: 'ecdsa', hash: 'sha384' }],
  ['1.2.840.10045.4.3.4', { scheme: 'ecdsa', hash: 'sha512' }],
])

/** The object identifier of an AlgorithmIdentifier whose parameters are absent or NULL. Throws a SyntaxError for others. */
function plainIdentifier(cursor: Cursor): string {
  const inside = cursor.enter(TAG.sequence)
  const oid = readOid(inside.take(TAG.oid))
  if (inside.maybe(TAG.null)?.contents.length) throw new SyntaxError('a NULL is not empty')
  inside.end()
  return oid
}

/** Throws a SyntaxError for any other hash. */
export function takeHash(cursor: Cursor): Hash {
  const oid = plainIdentifier(cursor)
  const hash = HASHES.get(oid)
  if (!hash) throw new SyntaxError(`the hash ${oid} is not SHA-256, SHA-384 or SHA-512`)
  return hash
}

/** Throws a SyntaxError for any other algorithm. CMS may name RSA alone; then `digest` is the hash. */
export function takeAlgorithm(cursor: Cursor, digest?: Hash): Algorithm {
  const oid = plainIdentifier(cursor)
  if (oid === RSA && digest) return { scheme: 'rsa', hash: digest }
  const algorithm = SIGNATURES.get(oid)
  if (!algorithm) throw new SyntaxError(`the signature algorithm ${oid} is not RSA or ECDSA with SHA-2`)
  return algorithm
}

/** Curves, with the name that browsers know and the length of a coordinate. */
const CURVES: ReadonlyMap<string, Curve> = new Map([
  ['1.2.840.10045.3.1.7', { name: 'P-256', octets: 32 }],
  ['1.3.132.0.34', { name: 'P-384', octets: 48 }],
  ['1.3.132.0.35', { name: 'P-521', octets: 66 }],
])
export type Curve = { readonly name: string; readonly octets: number }
export type KeyKind = { readonly scheme: 'rsa' } | { readonly scheme: 'ecdsa'; readonly curve: Curve }

/** RSA of 2,048 to 8,192 bits, or a key on a NIST curve, from a SubjectPublicKeyInfo. Throws a SyntaxError for others. */
export function readKeyKind(publicKey: Uint8Array): KeyKind {
  const info = enterSequence(publicKey)
  const identifier = info.enter(TAG.sequence)
  const oid = readOid(identifier.take(TAG.oid))
  const key = readBits(info.take(TAG.bitString))
  info.end()
  if (oid === RSA) {
    const [modulus] = enterSequence(key).all(TAG.integer, 2)
    // A positive INTEGER whose first bit is set has a zero octet before it.
    const bits = 8 * (modulus?.contents.length ?? 0)
    if (bits < 2048 || bits > 8200) throw new SyntaxError('an RSA key is not of 2,048 to 8,192 bits')
    return { scheme: 'rsa' }
  }
  const curve = oid === EC ? CURVES.get(readOid(identifier.take(TAG.oid))) : undefined
  if (!curve) throw new SyntaxError(`a key is neither RSA nor on P-256, P-384 or P-521`)
  identifier.end()
  return { scheme: 'ecdsa', curve }
}
