/**
 * An Ed25519 key pair in OpenSSH's own files (PROTOCOL.key): made for one run and one target, and gone with them.
 */

import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { base64, utf8 } from '../bytes/text.ts'
import { string, uint32 } from '../bytes/ssh-wire.ts'

export interface SshKeyPair {
  /** `ssh-ed25519 AAAA…` */
  readonly publicKey: string
  /** PEM text of the private key file, without a passphrase. */
  readonly privateKeyFile: string
}

const TYPE = 'ssh-ed25519'
const BLOCK_BYTES = 8

export function makeSshKey(comment: string): SshKeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const point = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32)
  const blob = Buffer.concat([string(TYPE), string(point)])
  return {
    publicKey: `${TYPE} ${base64.encode(blob)} ${comment}`,
    privateKeyFile: pem(Buffer.concat([header(blob), string(privateSection(point, seed, comment))])),
  }
}

/** "openssh-key-v1", cipher none, kdf none, one key. */
function header(blob: Uint8Array): Uint8Array {
  return Buffer.concat([
    utf8.encode('openssh-key-v1\0'),
    string('none'),
    string('none'),
    string(''),
    uint32(1),
    string(blob),
  ])
}

function privateSection(point: Uint8Array, seed: Uint8Array, comment: string): Uint8Array {
  const check = randomBytes(4)
  const key = Buffer.concat([
    check,
    check,
    string(TYPE),
    string(point),
    string(Buffer.concat([seed, point])),
    string(comment),
  ])
  // "The private key list is padded with bytes 1, 2, 3, … until it is a multiple of the block size."
  const padding = Uint8Array.from(
    { length: (BLOCK_BYTES - (key.length % BLOCK_BYTES)) % BLOCK_BYTES },
    (_, index) => index + 1,
  )
  return Buffer.concat([key, padding])
}

function pem(bytes: Uint8Array): string {
  const lines = base64.encode(bytes).match(/.{1,70}/gu) ?? []
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`
}
