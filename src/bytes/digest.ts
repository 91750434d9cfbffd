/** Digests, and comparisons that take the same time whatever they compare. */

import { createHash, timingSafeEqual } from 'node:crypto'

/** 32 bytes of SHA-256, unless a function says otherwise. */
export type Digest = Uint8Array

export function sha256(...parts: readonly Uint8Array[]): Digest {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** `sha256:` and 64 lower-case hex digits: how a digest is written in leaves, the API and on the terminal. */
export type DigestText = `sha256:${string}`

export function formatDigest(digest: Digest): DigestText {
  return `sha256:${Buffer.from(digest).toString('hex')}`
}

export function digestOf(bytes: Uint8Array): DigestText {
  return formatDigest(sha256(bytes))
}

/** Constant time for equal lengths; lengths are not secret. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
