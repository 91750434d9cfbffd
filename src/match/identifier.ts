/** Identifiers in the one spelling under which they are kept and asked for. */

/** Digests lose their `sha256:`, leaf indices their `#`. */
export function normalizeIdentifier(text: string): string {
  return text.trim().replace(/^(?:sha256:|#(?=\d+$))/, '')
}

const SHORT_HASH = /^[0-9a-f]{7,63}$/

/** Whether a normalized value means this normalized identifier: the very one, or the beginning of a hash, as git has it. */
export function identifies(value: string, identifier: string): boolean {
  return identifier === value || (isShortHash(value) && identifier.startsWith(value))
}

export function isShortHash(value: string): boolean {
  return SHORT_HASH.test(value) && !/^\d+$/.test(value)
}
