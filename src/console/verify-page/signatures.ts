/** RSA and ECDSA with a browser's own cryptography, over keys and signatures as X.509 has them. */

import { enterSequence, readInteger, TAG } from '../../bytes/der.ts'
import { readKeyKind, type Hash, type SignatureTools } from '../../evidence/algorithm.ts'
import { concat } from '../verify/bytes.ts'

const NAMES: Readonly<Record<Hash, string>> = { sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512' }

export const browserSignatures: SignatureTools = {
  digest: async (hash, bytes) => new Uint8Array(await crypto.subtle.digest(NAMES[hash], concat(bytes))),
  verify: async ({ scheme, hash }, publicKey, message, signature) => {
    try {
      const kind = readKeyKind(publicKey)
      if (kind.scheme !== scheme) return false
      const algorithm =
        kind.scheme === 'rsa'
          ? { name: 'RSASSA-PKCS1-v1_5', hash: NAMES[hash] }
          : { name: 'ECDSA', hash: NAMES[hash], namedCurve: kind.curve.name }
      const key = await crypto.subtle.importKey('spki', concat(publicKey), algorithm, false, ['verify'])
      const plain = kind.scheme === 'rsa' ? concat(signature) : joined(signature, kind.curve.octets)
      return await crypto.subtle.verify(algorithm, key, plain, concat(message))
    } catch {
      return false
    }
  },
}

/** From X.509's `SEQUENCE { r, s }` to r and s side by side, each as long as a coordinate (IEEE P1363). Throws a SyntaxError. */
function joined(signature: Uint8Array, octets: number) {
  const inside = enterSequence(signature)
  const halves = inside.all(TAG.integer, 2).map((element) => readInteger(element, octets + 1))
  if (halves.length !== 2 || halves.some((half) => half[0]! >= 0x80)) throw new SyntaxError('not a signature of ECDSA')
  return concat(...halves.map((half) => padded(half[0] === 0 ? half.subarray(1) : half, octets)))
}

function padded(number: Uint8Array, octets: number): Uint8Array {
  const whole = new Uint8Array(octets)
  whole.set(number, octets - number.length)
  return whole
}
