/** What the thread that makes a package and the thread that holds the log say to each other. */

import type { Written } from '../../store/package.ts'
import type { StoreErrorCode } from '../../store/error.ts'
import type { FedLeaf, Order } from './feed.ts'

export type Task = { readonly order: Order; readonly path: string; readonly evidenceDirectory: string }

export type Asked = { readonly id: number } &
  /** `used` is a buffer of an earlier answer, to be filled again: memory that goes from one thread to the other comes back late. */
  (
    | { readonly ask: 'leaves'; readonly from: number; readonly to: number; readonly used?: ArrayBuffer | undefined }
    | { readonly ask: 'sign'; readonly statement: Uint8Array }
  )
export type Told =
  | { readonly tell: 'written'; readonly written: Written }
  | { readonly tell: 'failed'; readonly code: StoreErrorCode | undefined; readonly message: string }
export type Answer =
  | { readonly id: number; readonly leaves: PackedLeaves }
  | { readonly id: number; readonly envelope: Uint8Array }
  | { readonly id: number; readonly error: string }

/** Leaves that are handed over at once. */
export const BATCH = 256

/** A batch as two buffers, of which the large one changes hands without being copied. */
export type PackedLeaves = {
  readonly first: number
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Of each leaf, and of its disclosures, 0 where it has none. */
  readonly lengths: Uint32Array<ArrayBuffer>
}

export function pack(first: number, batch: readonly FedLeaf[], used = new ArrayBuffer(0)): PackedLeaves {
  const parts = batch.flatMap(({ leaf, disclosures }) => [leaf, disclosures ?? new Uint8Array(0)])
  const lengths = Uint32Array.from(parts, ({ length }) => length)
  const size = lengths.reduce((sum, length) => sum + length, 0)
  const bytes = new Uint8Array(used.byteLength >= size ? used : new ArrayBuffer(Math.ceil(size * 1.5)), 0, size)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return { first, bytes, lengths }
}

export function unpack({ first, bytes, lengths }: PackedLeaves): FedLeaf[] {
  const batch: FedLeaf[] = []
  let at = 0
  const next = (length: number) => bytes.subarray(at, (at += length))
  for (let i = 0; i < lengths.length; i += 2) {
    const [leaf, disclosures] = [next(lengths[i]!), next(lengths[i + 1]!)]
    batch.push({ leafIndex: first + i / 2, leaf, ...(disclosures.length > 0 && { disclosures }) })
  }
  return batch
}
