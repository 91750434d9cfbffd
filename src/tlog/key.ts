/**
 * Keys of signed notes (C2SP signed-note): a name, a four-byte id, an Ed25519 public key, or an ML-DSA-44 one of a cosigner.
 *
 *     PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW
 *     name         key id   base64(type || public key)
 */

import { createPublicKey, sign as signBytes, verify as verifyBytes, type KeyObject } from 'node:crypto'
import { encode, encodeOid, encodeSequence, TAG } from '../bytes/der.ts'
import { sha256 } from '../bytes/digest.ts'
import { base64, hex, utf8 } from '../bytes/text.ts'
import { TlogError, decodeOr } from './error.ts'

/** Signature types of signed-note that we speak: 1 is a note signature, 4 and 6 are timestamped cosignatures. */
export const NOTE_SIGNATURE = 0x01
export const COSIGNATURE = 0x04
export const ML_DSA_COSIGNATURE = 0x06
export type SignatureType = typeof NOTE_SIGNATURE | typeof COSIGNATURE | typeof ML_DSA_COSIGNATURE

export interface VerifierKey {
  readonly name: string
  /** Eight lower-case hex digits. Name and id together say which key; neither alone does. */
  readonly keyId: string
  readonly type: SignatureType
  /** 32 bytes of Ed25519 (RFC 8032), or 1,312 of ML-DSA-44 (FIPS 204). */
  readonly publicKey: Uint8Array
  readonly keyObject: KeyObject
}

/** Signs messages as `key`. `sign` is handed the exact bytes of the signature algorithm's message. */
export interface Signer {
  readonly key: VerifierKey
  sign(message: Uint8Array): Uint8Array
}

// Key names "MUST be non-empty and MUST NOT contain any Unicode spaces or plus"; 255 bytes is what later formats can hold.
const KEY_NAME = /^[^\p{White_Space}\p{Cc}+]{1,255}$/u

export function isKeyName(name: string): boolean {
  return KEY_NAME.test(name) && name.isWellFormed()
}

const SPKI_PREFIX = hex.decode('302a300506032b6570032100')
const ML_DSA_44 = '2.16.840.1.101.3.4.3.17'
const ML_DSA_KEY_BYTES = 1312

/** Throws a TlogError for a name that no note may carry and for a key that has not the length of its kind. */
export function verifierKey(name: string, type: SignatureType, publicKey: Uint8Array): VerifierKey {
  if (!isKeyName(name)) throw new TlogError('malformed_key', 'a key name is empty, too long, or has a space or a plus')
  const key = type === ML_DSA_COSIGNATURE ? mlDsaInfo(name, publicKey) : ed25519Info(publicKey)
  const keyObject = createPublicKey({ key, format: 'der', type: 'spki' })
  return { name, keyId: keyIdOf(name, type, publicKey), type, publicKey, keyObject }
}

function ed25519Info(publicKey: Uint8Array): Buffer {
  if (publicKey.length !== 32) throw new TlogError('malformed_key', 'an Ed25519 public key has 32 bytes')
  return Buffer.concat([SPKI_PREFIX, publicKey])
}

/** What ML-DSA cosigners sign has their name in at most 255 bytes. */
function mlDsaInfo(name: string, publicKey: Uint8Array): Buffer {
  if (publicKey.length !== ML_DSA_KEY_BYTES)
    throw new TlogError('malformed_key', `an ML-DSA-44 public key has ${ML_DSA_KEY_BYTES} bytes`)
  if (utf8.encode(name).length > 255) throw new TlogError('malformed_key', 'the name of a cosigner is over 255 bytes')
  const bits = encode(TAG.bitString, Uint8Array.of(0), publicKey)
  return Buffer.from(encodeSequence(encodeSequence(encodeOid(ML_DSA_44)), bits))
}

// signed-note: "key ID = SHA-256(key name || 0x0A || signature type || public key)[:4]"
function keyIdOf(name: string, type: SignatureType, publicKey: Uint8Array): string {
  return hex.encode(sha256(utf8.encode(`${name}\n`), Uint8Array.of(type), publicKey).subarray(0, 4))
}

export function formatKey({ name, keyId, type, publicKey }: VerifierKey): string {
  return `${name}+${keyId}+${base64.encode(Buffer.concat([Uint8Array.of(type), publicKey]))}`
}

/** Reads a vkey. Throws a TlogError for any other spelling, for a key id that is not the key's, and for other types. */
export function parseKey(text: string): VerifierKey {
  const [, name = '', keyId, encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+([^\s]{4,1800})$/u.exec(text) ?? []
  if (keyId === undefined) throw new TlogError('malformed_key', 'a verifier key is not of the form name+id+key')
  const material = decodeOr('malformed_key', 'the key of a verifier key is not base64', () => base64.decode(encoded))
  const type = material[0]
  if (type !== NOTE_SIGNATURE && type !== COSIGNATURE && type !== ML_DSA_COSIGNATURE) {
    throw new TlogError(
      'malformed_key',
      'a verifier key is not of type 1 (Ed25519), 4 (Ed25519 cosignature) or 6 (ML-DSA-44 cosignature)',
    )
  }
  const key = verifierKey(name, type, material.subarray(1))
  if (key.keyId !== keyId) throw new TlogError('malformed_key', `the key id of ${name} is not that of its key`)
  return key
}

/** RFC 8032 over exactly these bytes. */
export function verifyEd25519(key: VerifierKey, message: Uint8Array, signature: Uint8Array): boolean {
  return signature.length === 64 && verifyBytes(null, message, key.keyObject, signature)
}

const ML_DSA_SIGNATURE_BYTES = 2420

/** FIPS 204 over exactly these bytes, with an empty context. */
export function verifyMlDsa(key: VerifierKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (key.type !== ML_DSA_COSIGNATURE || signature.length !== ML_DSA_SIGNATURE_BYTES) return false
  return verifyBytes(null, message, key.keyObject, signature)
}

/** A cosigner over an ML-DSA-44 private key in memory. Throws a TlogError for a key of another kind. */
export function mlDsaSigner(name: string, privateKey: KeyObject): Signer {
  if (privateKey.asymmetricKeyType !== 'ml-dsa-44')
    throw new TlogError('malformed_key', 'the key of an ML-DSA cosigner is not an ML-DSA-44 key')
  const info = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return {
    key: verifierKey(name, ML_DSA_COSIGNATURE, info.subarray(-ML_DSA_KEY_BYTES)),
    sign: (message) => signBytes(null, message, privateKey),
  }
}

/** A signer over a private key in memory. */
export function ed25519Signer(name: string, type: SignatureType, privateKey: KeyObject): Signer {
  return {
    key: verifierKey(name, type, rawPublicKey(createPublicKey(privateKey))),
    sign: (message) => signBytes(null, message, privateKey),
  }
}

/** The 32 bytes of an Ed25519 public key. Throws a TlogError for a key of another kind. */
export function rawPublicKey(publicKey: KeyObject): Uint8Array {
  if (publicKey.asymmetricKeyType !== 'ed25519')
    throw new TlogError('malformed_key', 'a note key is not an Ed25519 key')
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
}
