/** RSA and ECDSA with Node's own cryptography. */

import { createHash, verify } from 'node:crypto'
import { readKeyKind, type SignatureTools } from './algorithm.ts'
import { attempt } from './refusal.ts'

export const nodeSignatures: SignatureTools = {
  digest: (hash, bytes) => createHash(hash).update(bytes).digest(),
  verify: ({ scheme, hash }, publicKey, message, signature) =>
    attempt(() => {
      if (readKeyKind(publicKey).scheme !== scheme) return false
      return verify(hash, message, { key: Buffer.from(publicKey), format: 'der', type: 'spki' }, signature)
    }) ?? false,
}
