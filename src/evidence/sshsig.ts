/**
 * An SSH signature over a file (OpenSSH PROTOCOL.sshsig), verified: the holder of this key signed exactly this message for
 * this purpose.
 *
 *     "SSHSIG" uint32 1, string public key or certificate, string namespace, string reserved, string hash, string signature
 */

import { createHash } from 'node:crypto'

import { equal } from '../bytes/digest.ts'
import { Reader, string } from '../bytes/ssh-wire.ts'
import { base64, utf8 } from '../bytes/text.ts'
import { attempt, quoted, refuse, type Refusal } from './refusal.ts'
import { isCertificate, readSshCertificate, type SshCertificate } from './ssh-certificate.ts'
import { readSshPublicKey, verifySshSignature, type SshPublicKey } from './ssh-key.ts'

export type SshsigClaims = {
  readonly key: SshPublicKey
  /** Present when the key came with a certificate: signed by its authority, but its validity is not judged here. */
  readonly certificate: SshCertificate | undefined
  /** A hardware key that checked PIN or fingerprint, and not touch alone. */
  readonly userVerified: boolean
}

export type SshsigRefusal = Refusal<
  'malformed' | 'unsupported_signature' | 'wrong_namespace' | 'user_not_present' | 'bad_signature'
> & { readonly fingerprint?: string }

const MAGIC = utf8.encode('SSHSIG')
const MAX_ARMORED_LENGTH = 32_768
const ARMOR = /^-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)\n-----END SSH SIGNATURE-----\n?$/

type Parts = {
  readonly version: number
  readonly publicKey: Uint8Array
  readonly namespace: string
  readonly reserved: Uint8Array
  readonly hash: string
  readonly signature: Uint8Array
}

/** Verifies an armored signature over `message` within `namespace` (git uses `git`). Never throws. */
export function verifySshsig(armored: string, message: Uint8Array, namespace: string): SshsigClaims | SshsigRefusal {
  const parts = attempt(() => readParts(armored))
  if (!parts) return refuse('malformed', 'The text is not an armored SSH signature.')
  const { hash } = parts
  if (parts.version !== 1 || (hash !== 'sha256' && hash !== 'sha512')) {
    return refuse(
      'unsupported_signature',
      `SSH signatures of version ${parts.version} over ${quoted(hash)} are not supported.`,
    )
  }
  const signer = attempt(() => readSigner(parts.publicKey))
  if (!signer)
    return refuse(
      'unsupported_signature',
      'The SSH signature’s key or certificate is malformed, weak or of an unsupported type.',
    )

  const { fingerprint } = signer.key
  // PROTOCOL.sshsig: the namespace is there so that a signature for one purpose is none for another.
  if (parts.namespace !== namespace) {
    const because = `The SSH signature was made for ${quoted(parts.namespace)}, not for ${quoted(namespace)}.`
    return { ...refuse('wrong_namespace', because), fingerprint }
  }
  const presence = verifySshSignature(signer.key, parts.signature, signedBytes(parts, message, hash))
  if (!presence)
    return { ...refuse('bad_signature', `The SSH signature of ${fingerprint} does not verify.`), fingerprint }
  if (signer.key.application && !presence.userPresent) {
    return { ...refuse('user_not_present', `Nobody touched the hardware key ${fingerprint}.`), fingerprint }
  }
  return { ...signer, userVerified: presence.userVerified }
}

function readParts(armored: string): Parts {
  if (armored.length > MAX_ARMORED_LENGTH) throw new RangeError('SSH signature too large')
  const [, body] = ARMOR.exec(armored.replaceAll('\r\n', '\n'))!
  const reader = new Reader(base64.decode(body!.replaceAll('\n', '')))
  if (!equal(reader.bytes(MAGIC.length), MAGIC)) throw new SyntaxError('no SSHSIG preamble')
  const parts = {
    version: reader.uint32(),
    publicKey: reader.string(),
    namespace: reader.text(),
    reserved: reader.string(),
    hash: reader.text(),
    signature: reader.string(),
  }
  if (!reader.isAtEnd) throw new SyntaxError('SSH signature has trailing bytes')
  return parts
}

function readSigner(publicKey: Uint8Array): { key: SshPublicKey; certificate: SshCertificate | undefined } {
  const certificate = isCertificate(publicKey) ? readSshCertificate(publicKey) : undefined
  return { key: certificate?.key ?? readSshPublicKey(publicKey), certificate }
}

function signedBytes({ namespace, reserved }: Parts, message: Uint8Array, hash: 'sha256' | 'sha512'): Uint8Array {
  const digest = createHash(hash).update(message).digest()
  return Buffer.concat([MAGIC, string(namespace), string(reserved), string(hash), string(digest)])
}
