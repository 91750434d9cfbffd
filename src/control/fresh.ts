/** What nobody can guess: identifiers, bearer tokens, nonces. Drawn outside the rules and handed to them as facts. */

import { randomBytes, randomInt } from 'node:crypto'
import { digestOf, type DigestText } from '../bytes/digest.ts'
import { base64url, utf8 } from '../bytes/text.ts'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/** `release:` and sixteen characters of Crockford's alphabet: 80 random bits. */
export function freshId<P extends string>(prefix: P): `${P}:${string}` {
  return `${prefix}:${Array.from({ length: 16 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')}`
}

/** A secret that its bearer shows: 256 random bits. We keep the digest only. */
export function freshBearer(prefix = 'cs_'): { readonly token: string; readonly digest: DigestText } {
  const token = `${prefix}${base64url.encode(randomBytes(32))}`
  return { token, digest: digestOf(utf8.encode(token)) }
}

export function freshNonce(): string {
  return base64url.encode(randomBytes(32))
}
