/**
 * Selective disclosure in the form of SD-JWT (RFC 9901, section 4.2): a salted commitment can be written for ever, and the
 * datum behind it shown to some, withheld from others, or erased.
 *
 *     ["_26bc4LT-ac6q2KI6cBW5es","family_name","Möbius"]  ->  base64url  ->  SHA-256  ->  base64url
 */

import { sha256 } from './digest.ts'
import { parse } from './json.ts'
import { base64url, utf8 } from './text.ts'

/** `text` is the disclosure as it travels; `digest` stands in the `_sd` list of the object it belongs to. */
export type Disclosure = {
  readonly name: string
  readonly value: string
  readonly salt: string
  readonly text: string
  readonly digest: string
}

/** `salt`: 128 random bits or more, in base64url, never used twice. */
export function disclose(name: string, value: string, salt: string): Disclosure {
  const text = base64url.encode(utf8.encode(JSON.stringify([salt, name, value])))
  return { name, value, salt, text, digest: digestOfDisclosure(text) }
}

/** RFC 9901, 4.2.3: the hash is over the US-ASCII bytes of the base64url text, not over what it encodes. */
export function digestOfDisclosure(text: string): string {
  return base64url.encode(sha256(utf8.encode(text)))
}

/** Parses one disclosure of an object property with a string value. Throws a SyntaxError for anything else. */
export function parseDisclosure(text: string): Disclosure {
  const parts = parse(utf8.decode(base64url.decode(text)))
  if (!Array.isArray(parts) || parts.length !== 3 || !parts.every((part) => typeof part === 'string'))
    throw new SyntaxError('a disclosure is a list of salt, name and value')
  const [salt, name, value] = parts as [string, string, string]
  return { name, value, salt, text, digest: digestOfDisclosure(text) }
}
