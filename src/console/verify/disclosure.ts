/** That a shown personal datum is the one the leaf commits to: the SD-JWT disclosure form of RFC 9901 section 4.2. */

import { formatBase64Url, formatDigest, parseBase64Url, sha256, utf8 } from './bytes.ts'

/** What a disclosure says by itself, and whether the leaf commits to exactly these bytes. */
export type Disclosed = { readonly name: string; readonly value: unknown; readonly committed: boolean }

/**
 * Decodes `disclosure` (base64url of the JSON array salt, name, value) and looks for its digest in the leaf.
 * The digest is over the ASCII of the base64url text (RFC 9901 section 4.2.3). Throws a SyntaxError on a foreign shape.
 */
export async function openDisclosure(disclosure: string, leaf: string): Promise<Disclosed> {
  const parts: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(parseBase64Url(disclosure)))
  if (!Array.isArray(parts) || parts.length !== 3 || typeof parts[0] !== 'string' || typeof parts[1] !== 'string')
    throw new SyntaxError('not a disclosure')
  const digest = await sha256(utf8(disclosure))
  const spellings = [formatBase64Url(digest), formatDigest(digest)]
  return { name: parts[1], value: parts[2], committed: holdsText(JSON.parse(leaf), (text) => spellings.includes(text)) }
}

/** Whether any string value inside a JSON value satisfies `accepts`. */
export function holdsText(value: unknown, accepts: (text: string) => boolean): boolean {
  if (typeof value === 'string') return accepts(value)
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some((inner) => holdsText(inner, accepts))
}
