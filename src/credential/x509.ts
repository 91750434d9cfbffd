/**
 * X.509 client certificates for one job (RFC 5280), from an authority of our own with a P-256 key: short, for a key that stays with
 * the job, and numbered by the leaf that lent them; and the list of those that were taken back before their end.
 */

import { createPublicKey, hash, sign, type KeyObject } from 'node:crypto'

import {
  encode,
  encodeBoolean,
  encodeOctets,
  encodeOid,
  encodeSequence,
  encodeUnsigned,
  enterSequence,
  explicit,
  implicit,
  TAG,
} from '../bytes/der.ts'
import { base64, hex, utf8 } from '../bytes/text.ts'

export type CertificateGrant = {
  /** Becomes the serial number. */
  readonly leafIndex: number
  /** SubjectPublicKeyInfo of the job's key. */
  readonly publicKey: Uint8Array
  /** At most 64 characters. */
  readonly commonName: string
  /** Alternative names: what the certificate was lent for. */
  readonly uris: readonly string[]
  /** ms. */
  readonly validFrom: number
  readonly validUntil: number
}

export type CertificateAuthority = { readonly key: KeyObject; readonly name: string }
export type Revoked = { readonly leafIndex: number; readonly at: number }

const SHA256_WITH_ECDSA = encodeSequence(encodeOid('1.2.840.10045.4.3.2'))
const OID = {
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  clientAuth: '1.3.6.1.5.5.7.3.2',
}
/** Bits of KeyUsage with the number of unused ones before them, as DER has them. */
const SIGNS_CERTIFICATES_AND_LISTS = Uint8Array.of(1, 0x06)
const SIGNS = Uint8Array.of(7, 0x80)

/** The authority's own certificate, DER: what others trust. It issues for clients and makes no other authority. */
export function selfSign(authority: CertificateAuthority, validFrom: number, validUntil: number): Uint8Array {
  const publicKey = spkiOf(authority.key)
  return certificate(authority, {
    ...{ serial: keyIdOf(publicKey).subarray(0, 16), subject: authority.name, publicKey, validFrom, validUntil },
    extensions: [
      extension(OID.basicConstraints, true, encodeSequence(encodeBoolean(true), encodeUnsigned(Uint8Array.of(0)))),
      extension(OID.keyUsage, true, encode(TAG.bitString, SIGNS_CERTIFICATES_AND_LISTS)),
      extension(OID.subjectKeyIdentifier, false, encodeOctets(keyIdOf(publicKey))),
    ],
  })
}

/** A client's certificate, DER. Throws a RangeError for a name that none should have. */
export function issue(grant: CertificateGrant, authority: CertificateAuthority): Uint8Array {
  const { leafIndex, publicKey, commonName, uris, validFrom, validUntil } = grant
  if (uris.some((uri) => !/^[!-~]{1,512}$/.test(uri))) throw new RangeError('an alternative name is a URI')
  const names = uris.map((uri) => encode(implicit(6), utf8.encode(uri)))
  return certificate(authority, {
    ...{ serial: octetsOf(leafIndex), subject: commonName, publicKey, validFrom, validUntil },
    extensions: [
      extension(OID.basicConstraints, true, encodeSequence()),
      extension(OID.keyUsage, true, encode(TAG.bitString, SIGNS)),
      extension(OID.extendedKeyUsage, false, encodeSequence(encodeOid(OID.clientAuth))),
      extension(OID.subjectAltName, false, encodeSequence(...names)),
      extension(OID.authorityKeyIdentifier, false, authorityOf(authority)),
    ],
  })
}

/** A certificate revocation list, DER. `number` grows with every list that differs. */
export function formatRevocationList(
  revoked: readonly Revoked[],
  authority: CertificateAuthority,
  { at, until, number }: { readonly at: number; readonly until: number; readonly number: number },
): Uint8Array {
  const entries = revoked.map((entry) => encodeSequence(encodeUnsigned(octetsOf(entry.leafIndex)), timeOf(entry.at)))
  const extensions = encodeSequence(
    extension(OID.authorityKeyIdentifier, false, authorityOf(authority)),
    extension(OID.crlNumber, false, encodeUnsigned(octetsOf(number))),
  )
  const list = encodeSequence(
    encodeUnsigned(Uint8Array.of(1)),
    SHA256_WITH_ECDSA,
    nameOf(authority.name),
    timeOf(at),
    timeOf(until),
    // RFC 5280, 5.1.2.6: "When there are no revoked certificates, the revoked certificates list MUST be absent."
    ...(entries.length > 0 ? [encodeSequence(...entries)] : []),
    encode(explicit(0), extensions),
  )
  return signed(list, authority)
}

/** `-----BEGIN CERTIFICATE-----`, or another label. */
export function formatPem(der: Uint8Array, label = 'CERTIFICATE'): string {
  const lines = base64.encode(der).match(/.{1,64}/g)!
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

type Fields = {
  readonly serial: Uint8Array
  readonly subject: string
  readonly publicKey: Uint8Array
  readonly validFrom: number
  readonly validUntil: number
  readonly extensions: readonly Uint8Array[]
}

function certificate(authority: CertificateAuthority, fields: Fields): Uint8Array {
  const { serial, subject, publicKey, validFrom, validUntil, extensions } = fields
  if (validFrom >= validUntil) throw new RangeError('a certificate must be valid at some time')
  const body = encodeSequence(
    encode(explicit(0), encodeUnsigned(Uint8Array.of(2))),
    encodeUnsigned(serial),
    SHA256_WITH_ECDSA,
    nameOf(authority.name),
    encodeSequence(timeOf(validFrom), timeOf(validUntil)),
    nameOf(subject),
    publicKey,
    encode(explicit(3), encodeSequence(...extensions)),
  )
  return signed(body, authority)
}

function signed(body: Uint8Array, { key }: CertificateAuthority): Uint8Array {
  if (key.asymmetricKeyType !== 'ec') throw new RangeError('this authority signs with a key of P-256')
  const signature = sign('sha256', body, key)
  return encodeSequence(body, SHA256_WITH_ECDSA, encode(TAG.bitString, Uint8Array.of(0), signature))
}

function nameOf(commonName: string): Uint8Array {
  if (!/^[ -~]{1,64}$/.test(commonName)) throw new RangeError('a common name has 1 to 64 printable characters')
  const attribute = encodeSequence(encodeOid(OID.commonName), encode(TAG.utf8String, utf8.encode(commonName)))
  return encodeSequence(encode(TAG.set, attribute))
}

function extension(oid: string, isCritical: boolean, value: Uint8Array): Uint8Array {
  return encodeSequence(encodeOid(oid), ...(isCritical ? [encodeBoolean(true)] : []), encodeOctets(value))
}

function authorityOf({ key }: CertificateAuthority): Uint8Array {
  return encodeSequence(encode(implicit(0), keyIdOf(spkiOf(key))))
}

function spkiOf(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ format: 'der', type: 'spki' })
}

/** RFC 7093, 2, method 1: the leftmost 160 bits of SHA-256 of the key's bits. */
function keyIdOf(spki: Uint8Array): Uint8Array {
  const cursor = enterSequence(spki)
  cursor.take(TAG.sequence)
  const bits = cursor.take(TAG.bitString).contents.subarray(1)
  return hash('sha256', bits, 'buffer').subarray(0, 20)
}

/** RFC 5280, 4.1.2.5: "through the year 2049 as UTCTime", later as GeneralizedTime. */
function timeOf(at: number): Uint8Array {
  const text = `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`
  if (Number(text.slice(0, 4)) < 2050) return encode(TAG.utcTime, utf8.encode(text.slice(2)))
  return encode(TAG.generalizedTime, utf8.encode(text))
}

function octetsOf(number: number): Uint8Array {
  if (!Number.isSafeInteger(number) || number < 0) throw new RangeError('a serial number is not negative')
  const text = number.toString(16)
  return hex.decode(text.padStart(text.length + (text.length % 2), '0'))
}
