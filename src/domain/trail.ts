/**
 * Who looked at the trail, at what and how often, and what they took away. What is shown to somebody was written down first.
 */

import * as z from '../bytes/schema.ts'
import { allowed, recorded, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { Answered } from './question.ts'

/** As many sights as one leaf names. */
export const MAX_READS = 64
export const MAX_REPEATS = 256

export const sights = ['search', 'leaf', 'proof', 'why', 'evidence', 'stream', 'bundle'] as const

const read = z.strictObject({
  kind: z.enum(sights),
  /** Which line of the queries that are disclosed beside the leaf: what people type is personal. Absent for everything. */
  query: z
    .int()
    .min(0)
    .max(MAX_READS - 1)
    .optional(),
  leaf: f.leafIndex.optional(),
  evidence: f.digest.optional(),
})

const exported = z.strictObject({
  format: z.string().regex(/^[a-z]{2,16}$/),
  /** Leaves in the file, out of the tree of this size and root. The query is disclosed beside the leaf. */
  total: z.int().min(0),
  treeSize: f.leafIndex,
  rootHash: f.base64.length(44),
  after: f.leafIndex.optional(),
  before: f.leafIndex.optional(),
})

export const events = {
  'trail.read': z.strictObject({ reads: z.array(read).min(1).max(MAX_READS) }),
  /** How often a login looked again at what it had seen: the leaf and the place in it that say what that was. */
  'trail.counted': z.strictObject({
    principal: f.principalId,
    login: f.loginId,
    repeats: z
      .array(
        z.strictObject({
          leafIndex: f.leafIndex,
          read: z
            .int()
            .min(0)
            .max(MAX_READS - 1),
          times: z.int().min(1),
        }),
      )
      .min(1)
      .max(MAX_REPEATS),
  }),
  'trail.exported': exported,
  'trail.refused': z.strictObject({ wanted: z.enum(['read', 'export']) }),
}

export const commands = {
  'read trail': events['trail.read'].extend({ type: z.literal('read trail') }),
  'count reads': events['trail.counted'].extend({ type: z.literal('count reads') }),
  'export trail': exported.extend({ type: z.literal('export trail') }),
}

export type TrailEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export type Read = z.infer<typeof read>

/** What only says that somebody looked. Whoever follows the log and sees nothing else has seen nothing new. */
export const traces: ReadonlySet<string> = new Set(['trail.read', 'trail.counted', 'trail.refused'])

type Look = z.infer<(typeof commands)['read trail']>

export function look({ type: _, ...seen }: Look, { policy, isAllowed }: Answered): Decision {
  if (!isAllowed) return refused({ type: 'trail.refused', wanted: 'read' }, 'policy_refused', policy)
  return allowed({ type: 'trail.read', ...seen }, policy)
}

type Count = z.infer<(typeof commands)['count reads']>

export function count({ type: _, ...counted }: Count): Decision {
  return recorded({ type: 'trail.counted', ...counted })
}

type Export = z.infer<(typeof commands)['export trail']>

export function takeAway({ type: _, ...file }: Export, { policy, isAllowed }: Answered): Decision {
  if (!isAllowed) return refused({ type: 'trail.refused', wanted: 'export' }, 'policy_refused', policy)
  return allowed({ type: 'trail.exported', ...file }, policy)
}
