/**
 * Private keys encrypted at rest: PKCS#8 with PBES2 (RFC 8018), scrypt (RFC 7914, section 7) and AES-256-CBC, as
 * `openssl pkcs8 -topk8 -scrypt` writes them and every OpenSSL reads them. Node's own export would do the same with 2,048
 * rounds of PBKDF2, which a passphrase does not survive.
 */

import { createCipheriv, createPrivateKey, randomBytes, scryptSync, type KeyObject } from 'node:crypto'
import { hex } from '../bytes/text.ts'

// OWASP's equal of 2^17 with p = 1, within the 32 MiB that OpenSSL allows itself when it reads one.
const COST = { N: 1 << 14, r: 8, p: 5 }
const KEY_BYTES = 32

const OID_PBES2 = hex.decode('06092a864886f70d01050d')
const OID_SCRYPT = hex.decode('06092b06010401da47040b')
const OID_AES_256_CBC = hex.decode('060960864801650304012a')

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
  const parameters = sequence(octets(salt), integer(COST.N), integer(COST.r), integer(COST.p))
  const algorithm = sequence(
    OID_PBES2,
    sequence(sequence(OID_SCRYPT, parameters), sequence(OID_AES_256_CBC, octets(iv))),
  )
  return sequence(algorithm, octets(Buffer.concat([cipher.update(plain), cipher.final()])))
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return element(0x30, Buffer.concat(parts))
}

function octets(bytes: Uint8Array): Buffer {
  return element(0x04, bytes)
}

/** A positive INTEGER below 2^31. */
function integer(value: number): Buffer {
  const bytes = hex.decode(value.toString(16).padStart(8, '0'))
  let start = 0
  // The fewest bytes whose first bit is not set.
  while (start < 3 && bytes[start] === 0 && bytes[start + 1]! < 0x80) start += 1
  return element(0x02, bytes.subarray(start))
}

/** DER: tag, length, contents of less than 64 KiB. */
function element(tag: number, contents: Uint8Array): Buffer {
  const length = contents.length
  const header =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Uint8Array.from(header), contents])
}
