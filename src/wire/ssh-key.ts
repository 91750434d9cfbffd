/** Ed25519 keys as OpenSSH spells them: the wire blob, the `.pub` line, and the private key file (PROTOCOL.key). Never verifies anything. */

import { string, uint32 } from '../bytes/ssh-wire.ts'
import { base64 } from '../bytes/text.ts'

const TYPE = 'ssh-ed25519'
const KEY_LENGTH = 32

/** The wire blob of a raw 32-byte Ed25519 public key (RFC 8709, section 4). */
export function encodeEd25519PublicKey(raw: Uint8Array): Uint8Array {
  if (raw.length !== KEY_LENGTH) throw new RangeError('an Ed25519 public key has 32 bytes')
  return Buffer.concat([string(TYPE), string(raw)])
}

/** One line of a `.pub` file: type, base64, comment. The comment must be printable ASCII. */
export function formatPublicKey(blob: Uint8Array, comment: string): string {
  if (!/^[ -~]*$/.test(comment)) throw new RangeError('a comment is printable ASCII')
  const typeLength = Buffer.from(blob.subarray(0, 4)).readUInt32BE()
  const type = Buffer.from(blob.subarray(4, 4 + typeLength)).toString('latin1')
  return `${type} ${base64.encode(blob)}${comment === '' ? '' : ` ${comment}`}\n`
}

/**
 * An unencrypted private key file that stock ssh reads. `seed`: the 32 secret bytes; `check`: 4 random bytes.
 *
 *     "openssh-key-v1\0", string cipher "none", string kdf "none", string kdf options, uint32 1, string public key,
 *     string (uint32 check, uint32 check, type, public, seed || public, comment, padding 1 2 3 ...)
 */
export function formatEd25519PrivateKey(key: {
  readonly seed: Uint8Array
  readonly publicKey: Uint8Array
  readonly check: Uint8Array
  readonly comment: string
}): string {
  const { seed, publicKey, check, comment } = key
  if (seed.length !== KEY_LENGTH || check.length !== 4) throw new RangeError('an Ed25519 seed has 32 bytes, a check 4')
  const secret = Buffer.concat([
    check,
    check,
    string(TYPE),
    string(publicKey),
    string(Buffer.concat([seed, publicKey])),
    string(comment),
  ])
  const padding = Uint8Array.from({ length: -secret.length & 7 }, (_, index) => index + 1)
  const blob = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...['none', 'none', ''].map(string),
    uint32(1),
    string(encodeEd25519PublicKey(publicKey)),
    string(Buffer.concat([secret, padding])),
  ])
  const lines = base64.encode(blob).match(/.{1,70}/g)!
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`
}
