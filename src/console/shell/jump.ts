/** What a person typed to jump somewhere, and where that is. */

import type { Place } from '../place.ts'

/** Long hexadecimal texts, digests and serials are identifiers; the trail finds every leaf that names them. */
export function placeFor(text: string): Place {
  if (/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/i.test(text))
    return { page: 'release', release: text.toUpperCase() }
  const leaf = /^#?([0-9]{1,12})$/.exec(text)
  if (leaf) return { page: 'trail', leaf: Number(leaf[1]) }
  const isIdentifier = /^(sha256:[0-9a-f]{64}|[0-9a-f]{12,64})$/.test(text)
  return { page: 'trail', q: isIdentifier ? `id:${text}` : text }
}
