/** Which witnesses are behind: not for the moment that a cosignature takes, but for as long as somebody should know. */

import type { LogStatus } from '../api/shape.ts'

export const GRACE_MS = 30_000

export type Behind = { readonly name: string; readonly leaves: number; readonly cosignedAt: string | undefined }

/**
 * `since` remembers from when on a witness was seen behind at the size it has cosigned; a quiet log has old cosignatures that lack
 * nothing.
 */
export function findBehind(
  witnesses: LogStatus['witnesses'],
  since: Map<string, { readonly size: number; readonly at: number }>,
  now: number,
): readonly Behind[] {
  return witnesses.flatMap(({ name, key, cosignedSize = 0, cosignedAt, lag }) => {
    const known = since.get(key)
    if (lag === 0) {
      since.delete(key)
      return []
    }
    if (!known || cosignedSize > known.size) since.set(key, { size: cosignedSize, at: now })
    const isLate = now - since.get(key)!.at >= GRACE_MS
    return isLate ? [{ name, leaves: lag, cosignedAt }] : []
  })
}
