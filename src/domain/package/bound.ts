/** Where a period begins or ends: a leaf index, a day, or an instant. */

export type Bound = { readonly leafIndex: number } | { readonly at: number }

const DAY_MS = 24 * 3600 * 1000
const INSTANT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?Z)?$/

/**
 * `18170`, `2026-11-23` or `2026-11-23T14:02:11Z` (UTC). A day as the end of a period is in it: until the midnight after. Undefined
 * for anything else.
 */
export function parseBound(text: string, end: 'first' | 'last'): Bound | undefined {
  if (/^\d{1,15}$/.test(text)) return { leafIndex: Number(text) }
  const at = INSTANT.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at) || !new Date(at).toISOString().startsWith(text.slice(0, 10))) return undefined
  return { at: end === 'last' && text.length === 10 ? at + DAY_MS : at }
}
