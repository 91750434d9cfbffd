/** SSH public keys and the signatures they make (RFC 4253, 5656, 8709, 8332, and OpenSSH's PROTOCOL.u2f), parsed and verified strictly. */

import { verify } from 'node:crypto'

import { equal, sha256 } from '../bytes/digest.ts'
import { Reader, string } from '../bytes/ssh-wire.ts'
import { base64, base64url } from '../bytes/text.ts'
import { importPublicKey, type PublicJwk } from './public-key.ts'
import { attempt, refuse, type Refusal } from './refusal.ts'

export type SshKeyType =
  | 'ssh-ed25519'
  | 'ssh-rsa'
  | 'ecdsa-sha2-nistp256'
  | 'ecdsa-sha2-nistp384'
  | 'ecdsa-sha2-nistp521'
  | 'sk-ssh-ed25519@openssh.com'
  | 'sk-ecdsa-sha2-nistp256@openssh.com'

export type SshPublicKey = {
  readonly type: SshKeyType
  /** The key in SSH wire form, as it stands (in base64) in `authorized_keys`. */
  readonly blob: Uint8Array
  /** `SHA256:` and 43 characters of base64, as ssh-keygen -l prints. */
  readonly fingerprint: string
  readonly jwk: PublicJwk
  /** What a hardware key (`sk-...`) was made for, usually `ssh:`. */
  readonly application: Uint8Array | undefined
}

/** What a valid signature additionally says when a hardware key made it. */
export type Presence = { readonly userPresent: boolean; readonly userVerified: boolean }

const MAX_KEY_SIZE = 8192
const CURVES = {
  'ecdsa-sha2-nistp256': { name: 'nistp256', crv: 'P-256', size: 32, hash: 'sha256' },
  'ecdsa-sha2-nistp384': { name: 'nistp384', crv: 'P-384', size: 48, hash: 'sha384' },
  'ecdsa-sha2-nistp521': { name: 'nistp521', crv: 'P-521', size: 66, hash: 'sha512' },
} as const

export function fingerprintOf(blob: Uint8Array): string {
  return `SHA256:${base64.encode(sha256(blob)).replace(/=+$/, '')}`
}

/** Reads one line of `id_*.pub` or `authorized_keys` without options, at most 16 KiB. Certificates are not keys. */
export function parseSshPublicKey(text: string): (SshPublicKey & { readonly comment: string }) | Refusal<'malformed'> {
  const parsed = attempt(() => {
    if (text.length > 2 * MAX_KEY_SIZE) throw new RangeError('too long')
    const [, type, encoded, comment] = /^([a-z0-9@.-]+) +([A-Za-z0-9+/=]+)(?: +([^\n\r]*?))?\s*$/.exec(
      text.trimStart(),
    )!
    const key = readSshPublicKey(base64.decode(encoded!))
    if (key.type !== type) throw new SyntaxError('the line names another type than the key')
    return { ...key, comment: comment ?? '' }
  })
  return parsed ?? refuse('malformed', 'The text is not an SSH public key of a supported type.')
}

/** The key of a wire blob. Throws when it is malformed, weak (RSA below 2,048 bits), of another type or has trailing bytes. */
export function readSshPublicKey(blob: Uint8Array): SshPublicKey {
  if (blob.length > MAX_KEY_SIZE) throw new RangeError('SSH key too large')
  const reader = new Reader(blob)
  const key = readKeyFields(reader, reader.text())
  if (!reader.isAtEnd) throw new SyntaxError('SSH key has trailing bytes')
  if (!equal(key.blob, blob)) throw new SyntaxError('SSH key is not in canonical form')
  return key
}

/** The fields after the type's name, which certificates hold too. Rebuilds the plain key's blob from them. */
export function readKeyFields(reader: Reader, type: string): SshPublicKey {
  const isHardware = type.startsWith('sk-')
  const { jwk, fields } = readPoint(reader, type)
  const application = isHardware ? reader.string() : undefined
  if (application) fields.push(application)
  importPublicKey(jwk)
  const blob = Buffer.concat([string(type), ...fields.map(string)])
  return { type: type as SshKeyType, blob, fingerprint: fingerprintOf(blob), jwk, application }
}

function readPoint(reader: Reader, type: string): { jwk: PublicJwk; fields: Uint8Array[] } {
  switch (type) {
    case 'ssh-ed25519':
    case 'sk-ssh-ed25519@openssh.com':
      return readEd25519(reader)
    case 'ecdsa-sha2-nistp256':
    case 'ecdsa-sha2-nistp384':
    case 'ecdsa-sha2-nistp521':
      return readEcdsa(reader, CURVES[type])
    case 'sk-ecdsa-sha2-nistp256@openssh.com':
      return readEcdsa(reader, CURVES['ecdsa-sha2-nistp256'])
    case 'ssh-rsa':
      return readRsa(reader)
    default:
      throw new SyntaxError('SSH key of an unsupported type')
  }
}

function readEd25519(reader: Reader): { jwk: PublicJwk; fields: Uint8Array[] } {
  const x = reader.string()
  if (x.length !== 32) throw new SyntaxError('not an Ed25519 key')
  return { jwk: { kty: 'OKP', crv: 'Ed25519', x: base64url.encode(x) }, fields: [x] }
}

type Curve = (typeof CURVES)[keyof typeof CURVES]

function readEcdsa(reader: Reader, { name, crv, size }: Curve): { jwk: PublicJwk; fields: Uint8Array[] } {
  const curve = reader.string()
  const point = reader.string()
  if (Buffer.from(curve).toString('latin1') !== name) throw new SyntaxError('curve and key type differ')
  if (point.length !== 2 * size + 1 || point[0] !== 4) throw new SyntaxError('not an uncompressed point')
  const [x, y] = [point.subarray(1, 1 + size), point.subarray(1 + size)].map(base64url.encode)
  return { jwk: { kty: 'EC', crv, x: x!, y: y! }, fields: [curve, point] }
}

function readRsa(reader: Reader): { jwk: PublicJwk; fields: Uint8Array[] } {
  const e = reader.string()
  const n = reader.string()
  return { jwk: { kty: 'RSA', e: base64url.encode(readMpint(e)), n: base64url.encode(readMpint(n)) }, fields: [e, n] }
}

/** RFC 4251, 5: a positive mpint in its only form, without the sign's zero byte. */
function readMpint(bytes: Uint8Array): Uint8Array {
  const [first, second] = bytes
  if (first === undefined || first >= 0x80) throw new SyntaxError('not a positive number')
  if (first !== 0) return bytes
  if (second === undefined || second < 0x80) throw new SyntaxError('number with a needless zero')
  return bytes.subarray(1)
}

/**
 * Verifies an SSH signature blob over `message`. Undefined when it does not verify or is malformed; ssh-rsa (SHA-1) never
 * does. For hardware keys the caller judges whether a person was present.
 */
export function verifySshSignature(
  key: SshPublicKey,
  signature: Uint8Array,
  message: Uint8Array,
): Presence | undefined {
  return attempt(() => {
    const reader = new Reader(signature)
    const algorithm = reader.text()
    const raw = reader.string()
    const flags = key.application ? reader.uint8() : 0
    const counter = key.application ? reader.bytes(4) : new Uint8Array()
    if (!reader.isAtEnd) return undefined
    // PROTOCOL.u2f: SHA256(application) || flags || counter || SHA256(message)
    const signed = key.application
      ? Buffer.concat([sha256(key.application), Buffer.from([flags]), counter, sha256(message)])
      : message
    if (!isSignedBy(key, algorithm, signed, raw)) return undefined
    return { userPresent: (flags & 0x01) > 0, userVerified: (flags & 0x04) > 0 }
  })
}

function isSignedBy({ type, jwk }: SshPublicKey, algorithm: string, message: Uint8Array, raw: Uint8Array): boolean {
  const key = importPublicKey(jwk)
  switch (algorithm) {
    case 'rsa-sha2-256':
    case 'rsa-sha2-512':
      return type === 'ssh-rsa' && verify(algorithm === 'rsa-sha2-256' ? 'sha256' : 'sha512', message, key, raw)
    case 'ssh-ed25519':
    case 'sk-ssh-ed25519@openssh.com':
      return type === algorithm && verify(null, message, key, raw)
    case 'sk-ecdsa-sha2-nistp256@openssh.com':
      return type === algorithm && verifyEcdsa(CURVES['ecdsa-sha2-nistp256'], key, message, raw)
    case 'ecdsa-sha2-nistp256':
    case 'ecdsa-sha2-nistp384':
    case 'ecdsa-sha2-nistp521':
      return type === algorithm && verifyEcdsa(CURVES[algorithm], key, message, raw)
    default:
      return false
  }
}

function verifyEcdsa(
  { size, hash }: Curve,
  key: ReturnType<typeof importPublicKey>,
  message: Uint8Array,
  raw: Uint8Array,
): boolean {
  const reader = new Reader(raw)
  const halves = [reader.string(), reader.string()].map((half) => {
    const number = readMpint(half)
    return Buffer.concat([Buffer.alloc(size - number.length), number])
  })
  return reader.isAtEnd && verify(hash, message, { key, dsaEncoding: 'ieee-p1363' }, Buffer.concat(halves))
}
