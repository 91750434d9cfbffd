/**
 * A detached OpenPGP signature (RFC 9580), verified: the holder of this key signed exactly this message, and the key is good now.
 *
 * The library judges keys at the signature's own date, which the signer chooses; here the key must also be valid at `at`.
 */

import { config, createMessage, enums, readKey, readSignature, verify, type Key, type SignaturePacket } from 'openpgp'

import { base64, hex } from '../bytes/text.ts'
import { attempt, quoted, refuse, type Refusal } from './refusal.ts'

export type OpenpgpPublicKey = {
  /** Of the primary key, lower-case hexadecimal. */
  readonly fingerprint: string
  /** Primary key and subkeys: any of these may be named by a signature. */
  readonly fingerprints: readonly string[]
  readonly userIds: readonly string[]
  /** The transferable public key in binary, as it is kept. */
  readonly keyBytes: Uint8Array
}

export type OpenpgpClaims = {
  /** Which of the given keys it was. */
  readonly keyIndex: number
  /** Of the primary key that was trusted. */
  readonly fingerprint: string
  /** Of the key or subkey that signed. */
  readonly signingFingerprint: string
  /** The signer's own statement. */
  readonly claimedAt: number
}

export type OpenpgpRefusal = Refusal<
  'malformed' | 'unsupported_signature' | 'unknown_key' | 'key_expired' | 'key_revoked' | 'bad_signature'
> & { readonly fingerprint?: string }

const MAX_KEY_SIZE = 262_144
const MAX_SIGNATURE_LENGTH = 32_768
const CLOCK_SKEW_MS = 300_000

const WEAK_HASHES = new Set([enums.hash.md5, enums.hash.ripemd, enums.hash.sha1])
const strict = {
  ...config,
  minRSABits: 2047,
  rejectHashAlgorithms: WEAK_HASHES,
  rejectMessageHashAlgorithms: WEAK_HASHES,
  rejectPublicKeyAlgorithms: new Set([enums.publicKey.elgamal, enums.publicKey.dsa]),
}

/** Reads one public key, armored or binary, at most 256 KiB. A private key is refused, so that it is never kept. */
export async function parseOpenpgpPublicKey(
  input: string | Uint8Array,
): Promise<OpenpgpPublicKey | Refusal<'malformed' | 'private_key'>> {
  const bytes = typeof input === 'string' ? dearmor(input, 'PUBLIC KEY', 2 * MAX_KEY_SIZE) : input
  if (typeof input === 'string' && input.includes('BEGIN PGP PRIVATE KEY')) return refusePrivate()
  const key = bytes && (await readPublicKey(bytes))
  if (!key) return refuse('malformed', 'The text is not exactly one OpenPGP public key.')
  if (key.isPrivate()) return refusePrivate()
  return {
    fingerprint: key.getFingerprint(),
    fingerprints: key.getKeys().map((part) => part.getFingerprint()),
    userIds: key.getUserIDs(),
    keyBytes: key.toPublic().write(),
  }
}

function refusePrivate() {
  return refuse(
    'private_key',
    'This is a private key: keep it to yourself, and give the public one (gpg --armor --export).',
  )
}

/** Whether the armored text is an OpenPGP signature at all. */
export function isOpenpgpSignature(armored: string): boolean {
  return armored.startsWith('-----BEGIN PGP SIGNATURE-----')
}

/**
 * Verifies an armored detached signature over `message` at the moment `at` (ms) with the first of `keys` (binary public keys)
 * that it names. Weak hashes, DSA, short RSA and anything but one binary signature are `unsupported_signature`. Never throws.
 */
export async function verifyOpenpgp(
  armored: string,
  message: Uint8Array,
  keys: readonly Uint8Array[],
  at: number,
): Promise<OpenpgpClaims | OpenpgpRefusal> {
  const packet = await readPacket(armored)
  if (!packet) return refuse('malformed', 'The text is not exactly one armored OpenPGP signature.')
  const hash = packet.hashAlgorithm
  if (packet.signatureType !== enums.signature.binary || hash === null || WEAK_HASHES.has(hash)) {
    return refuse(
      'unsupported_signature',
      'The OpenPGP signature is over a weak hash, or is not a plain signature of a document.',
    )
  }
  const fingerprint = packet.issuerFingerprint ? hex.encode(packet.issuerFingerprint) : packet.issuerKeyID.toHex()
  const found = await findKey(packet, keys)
  if (!found)
    return { ...refuse('unknown_key', `The OpenPGP key ${quoted(fingerprint)} is not known here.`), fingerprint }
  const { key, keyIndex } = found
  const primary = key.getFingerprint()
  const problem = (await judgeKey(key, packet, at)) ?? (await judgeSignature(armored, message, key, at))
  if (problem) return { ...problem, fingerprint: primary }
  const signingFingerprint = signingPart(key, packet)!
  return { keyIndex, fingerprint: primary, signingFingerprint, claimedAt: packet.created?.getTime() ?? 0 }
}

async function readPacket(armored: string): Promise<SignaturePacket | undefined> {
  const signature = await readDetached(armored)
  return signature?.packets.length === 1 ? signature.packets[0] : undefined
}

async function readDetached(armored: string) {
  const binarySignature = dearmor(armored, 'SIGNATURE', MAX_SIGNATURE_LENGTH)
  if (!binarySignature) return undefined
  return readSignature({ binarySignature, config: strict }).catch(() => undefined)
}

const parsedKeys = new WeakMap<Uint8Array, Promise<Key | undefined>>()

/** Keys are parsed once per array object: parsing costs more than verifying. */
function readPublicKey(binaryKey: Uint8Array): Promise<Key | undefined> {
  const known = parsedKeys.get(binaryKey)
  if (known) return known
  const parsed =
    binaryKey.length > MAX_KEY_SIZE
      ? Promise.resolve(undefined)
      : readKey({ binaryKey, config: strict }).catch(() => undefined)
  parsedKeys.set(binaryKey, parsed)
  return parsed
}

async function findKey(packet: SignaturePacket, keys: readonly Uint8Array[]) {
  for (const [keyIndex, bytes] of keys.entries()) {
    const key = await readPublicKey(bytes)
    if (key && !key.isPrivate() && signingPart(key, packet)) return { key, keyIndex }
  }
  return undefined
}

/** Fingerprint of the part of `key` that the signature names: by fingerprint where it does, else by key id. */
function signingPart(key: Key, { issuerFingerprint, issuerKeyID }: SignaturePacket): string | undefined {
  const parts = key.getKeys(issuerKeyID).map((part) => part.getFingerprint())
  return issuerFingerprint ? parts.find((part) => part === hex.encode(issuerFingerprint)) : parts[0]
}

async function judgeKey(key: Key, packet: SignaturePacket, at: number) {
  const name = key.getFingerprint()
  // A signer's clock may run ahead of ours, and then a fresh key is younger than `at` allows.
  const date = new Date(Math.max(at, Math.min(packet.created?.getTime() ?? 0, at + CLOCK_SKEW_MS)))
  try {
    await key.getSigningKey(packet.issuerKeyID, date, undefined, strict)
    return undefined
  } catch (error) {
    const why = (error as Error).message.slice(0, 200)
    if (/revoked/i.test(why)) return refuse('key_revoked', `The OpenPGP key ${name} is revoked: ${why}.`)
    return refuse('key_expired', `The OpenPGP key ${name} may not sign at ${date.toISOString()}: ${why}.`)
  }
}

async function judgeSignature(armored: string, message: Uint8Array, key: Key, at: number) {
  try {
    const { signatures } = await verify({
      message: await createMessage({ binary: new Uint8Array(message) }),
      signature: (await readDetached(armored))!,
      verificationKeys: key,
      date: new Date(at + CLOCK_SKEW_MS),
      config: strict,
    })
    await signatures[0]!.verified
    return undefined
  } catch (error) {
    const why = (error as Error).message.slice(0, 200)
    return refuse('bad_signature', `The OpenPGP signature of ${key.getFingerprint()} does not verify: ${why}.`)
  }
}

/** RFC 9580, 6.2: one armored block and nothing around it; its checksum is optional there and not looked at here. */
function dearmor(text: string, label: string, maxLength: number): Uint8Array | undefined {
  if (text.length > maxLength) return undefined
  const lines = text.trim().split(/\r?\n/)
  if (lines[0] !== `-----BEGIN PGP ${label}-----` && lines[0] !== `-----BEGIN PGP ${label} BLOCK-----`) return undefined
  if (lines.at(-1) !== lines[0].replace('BEGIN', 'END')) return undefined
  const blank = lines.findIndex((line) => line.trim() === '')
  if (blank === -1 || lines.slice(1, blank).some((line) => !/^[A-Za-z]+: /.test(line))) return undefined
  const body = lines.slice(blank + 1, -1).filter((line) => !/^=[A-Za-z0-9+/]{4}$/.test(line))
  return attempt(() => base64.decode(body.join('')))
}
