/** An unencrypted Ed25519 private key file of OpenSSH (PROTOCOL.key), read. Files of any other kind are not understood. */

import { createPrivateKey, type KeyObject } from 'node:crypto'
import { Reader } from '../../bytes/ssh-wire.ts'
import { base64, base64url, utf8 } from '../../bytes/text.ts'

export interface SshPrivateKey {
  readonly key: KeyObject
  /** Wire form of its public key. */
  readonly publicKey: Uint8Array
}

const MAGIC = 'openssh-key-v1\0'
const PEM = /^-----BEGIN OPENSSH PRIVATE KEY-----\n([A-Za-z0-9+/=\n]+)\n-----END OPENSSH PRIVATE KEY-----\n?$/u

/** Throws for anything else. */
export function parseSshPrivateKey(text: string): SshPrivateKey {
  const [, body = ''] = PEM.exec(text) ?? []
  const reader = new Reader(base64.decode(body.replaceAll('\n', '')))
  if (utf8.decode(reader.bytes(MAGIC.length)) !== MAGIC) throw new SyntaxError('not an OpenSSH private key')
  const [cipher, kdf] = [reader.text(), reader.text()]
  if (cipher !== 'none' || kdf !== 'none') throw new SyntaxError('the private key is encrypted')
  reader.string()
  if (reader.uint32() !== 1) throw new SyntaxError('not one private key')
  const publicKey = reader.string()
  const secret = new Reader(reader.string())
  secret.bytes(8) // check, twice
  if (secret.text() !== 'ssh-ed25519') throw new SyntaxError('not an Ed25519 key')
  const point = secret.string()
  const seed = secret.string().subarray(0, 32)
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: base64url.encode(point), d: base64url.encode(seed) }
  return { key: createPrivateKey({ key: jwk, format: 'jwk' }), publicKey }
}
