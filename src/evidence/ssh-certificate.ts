/** An OpenSSH user certificate (draft-miller-ssh-cert), parsed, with its authority's signature verified. Whether to trust the authority is the caller's question. */

import { Reader } from '../bytes/ssh-wire.ts'
import { readKeyFields, readSshPublicKey, verifySshSignature, type SshPublicKey } from './ssh-key.ts'

export type SshCertificate = {
  /** The key that the certificate is for. */
  readonly key: SshPublicKey
  readonly serial: bigint
  /** Free text of the authority; servers write it into their logs. */
  readonly keyId: string
  /** Empty means: for everybody, which we refuse. */
  readonly principals: readonly string[]
  /** ms, inclusive. */
  readonly validFrom: number
  /** ms, exclusive; Infinity when the authority set no end. */
  readonly validUntil: number
  readonly criticalOptions: ReadonlyMap<string, string>
  readonly extensions: ReadonlyMap<string, string>
  readonly authority: SshPublicKey
}

const MAX_CERTIFICATE_SIZE = 16_384
const USER_CERTIFICATE = 1
const SUFFIX = /-cert-v01@openssh\.com$/
// The longest time an ECMAScript Date can name; "forever" is 2^64 - 1 seconds.
const LAST_SECOND = 8_640_000_000_000n

/** Whether a key blob is a certificate, by the name of its type. Throws when it has no name. */
export function isCertificate(blob: Uint8Array): boolean {
  return SUFFIX.test(new Reader(blob).text())
}

/** Reads a user certificate and verifies its authority's signature. Throws when either fails, or for a host certificate. */
export function readSshCertificate(blob: Uint8Array): SshCertificate {
  if (blob.length > MAX_CERTIFICATE_SIZE) throw new RangeError('SSH certificate too large')
  const reader = new Reader(blob)
  const type = reader.text()
  if (!SUFFIX.test(type)) throw new SyntaxError('not an SSH certificate')
  reader.string() // nonce
  const base = type.replace(SUFFIX, '')
  const key = readKeyFields(reader, base.startsWith('sk-') ? `${base}@openssh.com` : base)
  const fields = readFields(reader)
  const signedLength = reader.offset
  const signature = reader.string()
  if (!reader.isAtEnd) throw new SyntaxError('SSH certificate has trailing bytes')

  const presence = verifySshSignature(fields.authority, signature, blob.subarray(0, signedLength))
  const needsTouch = fields.authority.application !== undefined
  if (!presence || (needsTouch && !presence.userPresent)) throw new SyntaxError('SSH certificate has a bad signature')
  return { key, ...fields }
}

function readFields(reader: Reader): Omit<SshCertificate, 'key'> {
  const serial = reader.uint64()
  if (reader.uint32() !== USER_CERTIFICATE) throw new SyntaxError('not a user certificate')
  const keyId = reader.text()
  const principals = readTexts(reader.string())
  const [validFrom, validUntil] = [reader.uint64(), reader.uint64()]
  const criticalOptions = readOptions(reader.string())
  const extensions = readOptions(reader.string())
  reader.string() // reserved
  const authority = readSshPublicKey(reader.string())
  return {
    serial,
    keyId,
    principals,
    validFrom: instantOf(validFrom),
    validUntil: instantOf(validUntil),
    criticalOptions,
    extensions,
    authority,
  }
}

function readTexts(bytes: Uint8Array): string[] {
  const reader = new Reader(bytes)
  const texts: string[] = []
  while (!reader.isAtEnd) texts.push(reader.text())
  return texts
}

/** Names in ascending order, each once; a value is a string within a string, or nothing. */
function readOptions(bytes: Uint8Array): Map<string, string> {
  const reader = new Reader(bytes)
  const options = new Map<string, string>()
  let previous = ''
  while (!reader.isAtEnd) {
    const name = reader.text()
    if (name <= previous) throw new SyntaxError('certificate options out of order')
    options.set(name, readOptionValue(reader.string()))
    previous = name
  }
  return options
}

function readOptionValue(bytes: Uint8Array): string {
  if (bytes.length === 0) return ''
  const reader = new Reader(bytes)
  const value = reader.text()
  if (!reader.isAtEnd) throw new SyntaxError('certificate option has trailing bytes')
  return value
}

function instantOf(seconds: bigint): number {
  return seconds > LAST_SECOND ? Infinity : Number(seconds) * 1000
}
