/** What is said between the log's side and the index's side of the trail, each in its own thread. */

import type { Trail, TrailRow } from '../../index/trail.ts'
import type { Batch } from './batch.ts'
import type { Facts, Wanted } from './memory.ts'

/** What can be asked of the index; arguments and answers are plain data. */
export type Questions = Pick<Trail, 'search' | 'page' | 'rows' | 'byIdentifier' | 'activity' | 'erase' | 'clear'> & {
  /** What principals that are no people are called. */
  labels(ids: readonly string[]): readonly (readonly [id: string, label: string])[]
}
export type Question = keyof Questions

export type ToIndex =
  | { readonly type: 'batch'; readonly batch: Batch }
  | { readonly type: 'facts'; readonly facts: Facts }
  | { readonly type: 'question'; readonly id: number; readonly name: Question; readonly args: readonly unknown[] }
  | { readonly type: 'close' }

/** How far the index is, the log's time of its last row, and why it is not further. */
export type Mark = { readonly size: number; readonly at: number | undefined; readonly trouble: string | undefined }

export type FromIndex =
  /** `ends`: its first, a middle and its last row, to be compared with the log. */
  | { readonly type: 'opened'; readonly size: number; readonly ends: readonly TrailRow[] }
  /** The batch that was sent first is taken, or is not and never will be. */
  | { readonly type: 'taken'; readonly mark: Mark }
  | { readonly type: 'wanted'; readonly wanted: Wanted }
  | { readonly type: 'answer'; readonly id: number; readonly size: number; readonly value: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly problem: string }
  | { readonly type: 'closed' }
