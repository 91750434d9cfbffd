/**
 * How a log hands leaves to a mirror: an entry bundle (C2SP tlog-tiles) whose first entry is what C2SP tlog-witness calls an
 * add-checkpoint request, and whose other entries are the leaves. Its "old" size is the size with those leaves, so its proof shows that
 * they are under the signed checkpoint even when more are to come.
 */

import { encodeBundle } from '../tlog/tile.ts'
import { TlogError } from '../tlog/error.ts'
import { formatAddCheckpoint, parseAddCheckpoint, type AddCheckpoint } from '../tlog/witness.ts'
import { utf8 } from '../bytes/text.ts'

export const MAX_MIRROR_BODY_BYTES = 8 << 20
export const MAX_MIRROR_LEAVES = 4096

export interface AddEntries {
  /** `oldSize` is the size of the copy once it holds the leaves. */
  readonly head: AddCheckpoint
  readonly leaves: readonly Uint8Array[]
}

export function formatAddEntries({ head, leaves }: AddEntries): Uint8Array {
  return encodeBundle([utf8.encode(formatAddCheckpoint(head)), ...leaves])
}

/** Reads a body; leaves are views of it. Throws a TlogError: `malformed_bundle`, `malformed_request`. */
export function parseAddEntries(body: Uint8Array): AddEntries {
  const [head, ...leaves] = splitBundle(body)
  if (!head) throw new TlogError('malformed_request', 'a mirror request is empty')
  return { head: parseAddCheckpoint(head), leaves }
}

function splitBundle(bundle: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = []
  for (let offset = 0; offset < bundle.length;) {
    const start = offset + 2
    const end = start + (bundle[offset]! * 256 + (bundle[offset + 1] ?? 0))
    if (end > bundle.length) throw new TlogError('malformed_bundle', 'a mirror request ends within an entry')
    if (entries.length > MAX_MIRROR_LEAVES)
      throw new TlogError('malformed_bundle', `a mirror request holds more than ${MAX_MIRROR_LEAVES} leaves`)
    entries.push(bundle.subarray(start, end))
    offset = end
  }
  return entries
}
