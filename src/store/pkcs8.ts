/**
 * Private keys encrypted at rest: PKCS#8 with PBES2 (RFC 8018), scrypt (RFC 7914, section 7) and AES-256-CBC, as
 * `openssl pkcs8 -topk8 -scrypt` writes them and every OpenSSL reads them. Node's own export would do the same with 2,048
 * rounds of PBKDF2, which a passphrase does not survive.
 */

import { createCipheriv, createPrivateKey, randomBytes, scryptSync, type KeyObject } from 'node:crypto'
import { encodeOctets, encodeOid, encodeSequence, encodeUnsigned } from '../bytes/der.ts'
import { hex } from '../bytes/text.ts'

// OWASP's equal of 2^17 with p = 1, within the 32 MiB that OpenSSL allows itself when it reads one.
const COST = { N: 1 << 14, r: 8, p: 5 }
const KEY_BYTES = 32

const OID_PBES2 = encodeOid('1.2.840.113549.1.5.13')
const OID_SCRYPT = encodeOid('1.3.6.1.4.1.11591.4.11')
const OID_AES_256_CBC = encodeOid('2.16.840.1.101.3.4.1.42')

/** PEM text: encrypted when there is a passphrase. */
export function formatPrivateKey(key: KeyObject, passphrase: string | undefined): string {
  if (passphrase === undefined) return key.export({ format: 'pem', type: 'pkcs8' }) as string
  const der = encrypt(key.export({ format: 'der', type: 'pkcs8' }), passphrase)
  const lines = der.toString('base64').match(/.{1,64}/g)!
  return ['-----BEGIN ENCRYPTED PRIVATE KEY-----', ...lines, '-----END ENCRYPTED PRIVATE KEY-----', ''].join('\n')
}

export function isEncrypted(pem: string): boolean {
  return pem.includes('BEGIN ENCRYPTED PRIVATE KEY')
}

/** Undefined for a wrong passphrase or a file that is no key. */
export function parsePrivateKey(pem: string, passphrase: string | undefined): KeyObject | undefined {
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(passphrase !== undefined && { passphrase }) })
  } catch {
    return undefined
  }
}

function encrypt(plain: Buffer, passphrase: string): Buffer {
  const [salt, iv] = [randomBytes(16), randomBytes(16)]
  const cipher = createCipheriv(
    'aes-256-cbc',
    scryptSync(passphrase, salt, KEY_BYTES, { ...COST, maxmem: 1 << 26 }),
    iv,
  )
  const parameters = encodeSequence(encodeOctets(salt), integer(COST.N), integer(COST.r), integer(COST.p))
  const algorithm = encodeSequence(
    OID_PBES2,
    encodeSequence(encodeSequence(OID_SCRYPT, parameters), encodeSequence(OID_AES_256_CBC, encodeOctets(iv))),
  )
  return Buffer.from(encodeSequence(algorithm, encodeOctets(Buffer.concat([cipher.update(plain), cipher.final()]))))
}

/** A positive INTEGER below 2^31. */
function integer(value: number): Uint8Array {
  return encodeUnsigned(hex.decode(value.toString(16).padStart(8, '0')))
}
