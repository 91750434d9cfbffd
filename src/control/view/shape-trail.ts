/** Shapes of the trail: rows, one leaf with its proof, the chain behind an identifier, alerts. */

import * as z from '../../bytes/schema.ts'
import { instant, leafIndex, proof, who } from './shape-word.ts'

export const row = z.strictObject({
  leafIndex,
  at: instant,
  type: z.string(),
  outcome: z.enum(['allowed', 'refused', 'waiting', 'recorded']),
  who,
  /** Without the name of who: "signed approval of shop 4be0c11 to production". */
  sentence: z.string(),
  resource: z.strictObject({ kind: z.string(), id: z.string(), name: z.string() }).optional(),
  environment: z.string().optional(),
  reason: z.string().optional(),
  policies: z.array(z.string()),
})
export type Row = z.infer<typeof row>

export const leaves = z.strictObject({
  rows: z.array(row),
  total: z.int(),
  next: leafIndex.optional(),
  head: z.strictObject({
    treeSize: z.int(),
    /** Leaves that were on disk and not searchable when the question came, and for how long the oldest of them was. */
    lag: z.strictObject({ leaves: z.int(), ms: z.int() }).optional(),
  }),
  facets: z.strictObject({
    outcome: z.record(z.string(), z.int()),
    kind: z.record(z.string(), z.int()),
    type: z.record(z.string(), z.int()),
  }),
  histogram: z.array(z.strictObject({ from: instant, to: instant, total: z.int(), refused: z.int() })),
  /** What `| count by` asked for, most frequent first. */
  counts: z
    .strictObject({
      by: z.string(),
      values: z.array(z.strictObject({ value: z.string(), count: z.int(), who: who.optional() })),
    })
    .optional(),
})
export type Leaves = z.infer<typeof leaves>

export const fact = z.strictObject({ label: z.string(), value: z.string(), ok: z.boolean().optional() })
export type Fact = z.infer<typeof fact>

/** Nearest leaves, oldest first. */
const around = { before: z.array(row), after: z.array(row) }

export const leafDetail = z.strictObject({
  row,
  leaf: z.string(),
  disclosures: z.array(
    z.strictObject({ name: z.string(), value: z.string(), disclosure: z.string(), digest: z.string() }),
  ),
  proof,
  evidence: z.array(z.strictObject({ kind: z.string(), digest: z.string(), size: z.int().optional() })),
  facts: z.array(fact),
  neighbours: z.strictObject({
    ...around,
    /** Of the same principal, and about the same resource: wherever they are. */
    who: z.strictObject(around).optional(),
    resource: z.strictObject(around).optional(),
  }),
})
export type LeafDetail = z.infer<typeof leafDetail>

export const chainTitles = [
  'Commit',
  'Push',
  'Build',
  'Provenance',
  'Request',
  'Approval',
  'Credential',
  'Report',
  'Deploy',
  'Other',
] as const
export type ChainTitle = (typeof chainTitles)[number]

export const chainEntry = z.strictObject({
  at: instant,
  who,
  sentence: z.string(),
  leafIndex,
  facts: z.array(z.strictObject({ label: z.string(), value: z.string() })),
  policies: z.array(z.string()),
  from: z.strictObject({ ip: z.string().optional(), userAgent: z.string().optional(), at: instant }),
})
export type ChainEntry = z.infer<typeof chainEntry>

export const why = z.strictObject({
  question: z.string(),
  subject: z.strictObject({ kind: z.string(), id: z.string() }),
  chain: z.array(z.strictObject({ title: z.enum(chainTitles), entries: z.array(chainEntry) })),
})
export type Why = z.infer<typeof why>

export const alert = z.strictObject({
  alert: z.string(),
  rule: z.enum([
    'unverified_push',
    'out_of_hours',
    'rapid_roles',
    'log_damaged',
    'break_glass',
    'review_overdue',
    'approval_escalated',
    'secret_overdue',
  ]),
  title: z.string(),
  sentence: z.string(),
  severity: z.enum(['low', 'medium', 'high', 'critical']),
  at: instant,
  leafIndex,
  evidence: z.array(leafIndex),
  acknowledged: z.strictObject({ by: who, at: instant }).optional(),
})
export type Alert = z.infer<typeof alert>

export const alerts = z.strictObject({ alerts: z.array(alert) })
