/**
 * OpenSSH user and host certificates (draft-miller-ssh-cert), written byte by byte. What is encoded here is what stock sshd enforces.
 *
 *     string type, string nonce, (key fields), uint64 serial, uint32 1 or 2, string key id, string principals, uint64 valid after,
 *     uint64 valid before, string critical options, string extensions, string reserved, string CA key, string signature
 */

import { Reader, string, uint32, uint64 } from '../bytes/ssh-wire.ts'
import { base64, utf8 } from '../bytes/text.ts'

export type UserCertificate = {
  /** Wire blob of the plain key that the certificate is for. */
  readonly publicKey: Uint8Array
  readonly serial: bigint
  /** Free text that every server writes into its log when the certificate is used. */
  readonly keyId: string
  /** Names that the certificate may log in as: at least one, for none would mean all. */
  readonly principals: readonly string[]
  /** Seconds since the epoch, inclusive. */
  readonly validAfter: bigint
  /** Seconds since the epoch, exclusive. */
  readonly validBefore: bigint
  /** A server refuses a certificate with an option that it does not know. */
  readonly criticalOptions: Readonly<Record<string, string>>
  /** A server ignores what it does not know. An empty value is a plain flag. */
  readonly extensions: Readonly<Record<string, string>>
  /** At least 16 random bytes. */
  readonly nonce: Uint8Array
  /** Wire blob of the authority's Ed25519 key. */
  readonly caPublicKey: Uint8Array
}

const CERTIFICATE_TYPES: Readonly<Record<string, string>> = {
  'ssh-ed25519': 'ssh-ed25519-cert-v01@openssh.com',
  'ssh-rsa': 'ssh-rsa-cert-v01@openssh.com',
  'ecdsa-sha2-nistp256': 'ecdsa-sha2-nistp256-cert-v01@openssh.com',
  'ecdsa-sha2-nistp384': 'ecdsa-sha2-nistp384-cert-v01@openssh.com',
  'ecdsa-sha2-nistp521': 'ecdsa-sha2-nistp521-cert-v01@openssh.com',
  'sk-ssh-ed25519@openssh.com': 'sk-ssh-ed25519-cert-v01@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com': 'sk-ecdsa-sha2-nistp256-cert-v01@openssh.com',
}
const [USER, HOST] = [1, 2]
const MAX_SIZE = 8192

/**
 * Encodes and signs a user certificate. `sign` gets the bytes to be signed and returns the authority's 64-byte Ed25519
 * signature. Throws a RangeError for what no certificate should say (no principal, empty validity, unknown key type).
 */
export function encodeUserCertificate(
  certificate: UserCertificate,
  sign: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  return encode(USER, certificate, sign)
}

/** The same for a host, whose principals are the names that it is reached under. It has neither options nor extensions. */
export function encodeHostCertificate(
  certificate: Omit<UserCertificate, 'criticalOptions' | 'extensions'>,
  sign: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  return encode(HOST, { ...certificate, criticalOptions: {}, extensions: {} }, sign)
}

function encode(kind: number, certificate: UserCertificate, sign: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const { publicKey, caPublicKey } = certificate
  judge(certificate)
  const reader = new Reader(publicKey)
  const type = CERTIFICATE_TYPES[reader.text()]
  if (type === undefined) throw new RangeError('no certificates for keys of this type')
  const keyFields = publicKey.subarray(reader.offset)

  const signed = Buffer.concat([
    string(type),
    string(certificate.nonce),
    keyFields,
    uint64(certificate.serial),
    uint32(kind),
    string(certificate.keyId),
    string(Buffer.concat(certificate.principals.map(string))),
    uint64(certificate.validAfter),
    uint64(certificate.validBefore),
    string(encodeOptions(certificate.criticalOptions)),
    string(encodeOptions(certificate.extensions)),
    string(''),
    string(caPublicKey),
  ])
  const signature = Buffer.concat([string('ssh-ed25519'), string(sign(signed))])
  return Buffer.concat([signed, string(signature)])
}

/** The line of a `-cert.pub` file. The comment must be printable ASCII. */
export function formatCertificate(certificate: Uint8Array, comment: string): string {
  if (!/^[ -~]*$/.test(comment)) throw new RangeError('a comment is printable ASCII')
  return `${new Reader(certificate).text()} ${base64.encode(certificate)}${comment === '' ? '' : ` ${comment}`}\n`
}

function judge({
  principals,
  validAfter,
  validBefore,
  nonce,
  caPublicKey,
  keyId,
  criticalOptions,
  extensions,
}: UserCertificate): void {
  // draft-miller-ssh-cert: "a zero-length valid principals field means the certificate is valid for any principal".
  if (principals.length === 0 || principals.length > 256)
    throw new RangeError('a certificate names 1 to 256 principals')
  const texts = [keyId, ...principals, ...Object.entries(criticalOptions).flat(), ...Object.entries(extensions).flat()]
  // sshd writes these into its log line by line, and authorized principals are compared line by line.
  if (texts.some((text) => /[\p{Cc}]/u.test(text) || !text.isWellFormed()))
    throw new RangeError('a certificate has no control characters')
  if (principals.some((principal) => principal === '')) throw new RangeError('a principal is not empty')
  if (texts.reduce((size, text) => size + utf8.encode(text).length, 0) > MAX_SIZE)
    throw new RangeError('certificate too large')
  if (validAfter >= validBefore) throw new RangeError('a certificate must be valid at some time')
  if (nonce.length < 16) throw new RangeError('a nonce has at least 16 bytes')
  if (new Reader(caPublicKey).text() !== 'ssh-ed25519') throw new RangeError('an authority has an Ed25519 key')
}

/** Sorted by name; values are strings within strings. */
function encodeOptions(options: Readonly<Record<string, string>>): Uint8Array {
  const names = Object.keys(options).sort()
  return Buffer.concat(
    names.flatMap((name) => [string(name), string(options[name] === '' ? '' : string(options[name]!))]),
  )
}
