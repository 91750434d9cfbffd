/** Shapes of releases, of the credentials lent to them, and of the overview that lists them. */

import * as z from '../../bytes/schema.ts'
import { instant, leafIndex, logStatus, who } from './shape-word.ts'

export const releaseState = z.enum([
  'waiting',
  'approved',
  'deploying',
  'deployed',
  'failed',
  'refused',
  'expired',
  'voided',
])

export const releaseSummary = z.strictObject({
  release: z.string(),
  fingerprint: z.string(),
  name: z.string(),
  repository: z.string(),
  environment: z.string(),
  state: releaseState,
  artifact: z.string(),
  artifactName: z.string(),
  commit: z.string(),
  requestedBy: who,
  requestedAt: instant,
  expiresAt: instant,
  given: z.int(),
  required: z.int(),
  leafIndex,
  /** `who`: those who can, when you cannot. */
  you: z.strictObject({
    canApprove: z.boolean(),
    because: z.string(),
    who: z.array(who).optional(),
    /** Said of one release, and not in lists of them. */
    canBreakGlass: z.boolean().optional(),
    canJudgeGlass: z.boolean().optional(),
  }),
})
export type ReleaseSummary = z.infer<typeof releaseSummary>

export const releases = z.strictObject({ releases: z.array(releaseSummary), next: leafIndex.optional() })

export const grant = z.strictObject({
  grant: z.string(),
  release: z.string(),
  target: z.string(),
  holder: who,
  issuedAt: instant,
  expiresAt: instant,
  endedAt: instant.optional(),
  cause: z.enum(['returned', 'expired', 'revoked', 'job_ended', 'mint_failed']).optional(),
  serial: z.string(),
  cleared: z.boolean().optional(),
  leafIndex,
})
export type Grant = z.infer<typeof grant>

export const grants = z.strictObject({ grants: z.array(grant) })

export const station = z.strictObject({
  key: z.enum(['source', 'build', 'artifact', 'policy', 'approvals', 'deploy']),
  title: z.string(),
  state: z.enum(['done', 'waiting', 'todo', 'broken']),
  headline: z.string(),
  lines: z.array(z.string()),
  leafIndex: leafIndex.optional(),
  /** The hash on the edge to the next station. */
  binding: z.string().optional(),
})
export type Station = z.infer<typeof station>

export const releaseCommit = z.strictObject({
  id: z.string(),
  subject: z.string(),
  author: who.nullable(),
  authorName: z.string(),
  signer: who.nullable(),
  signature: z.strictObject({ format: z.string(), fingerprint: z.string(), verified: z.boolean() }),
  leafIndex,
})
export type ReleaseCommit = z.infer<typeof releaseCommit>

export const rule = z.strictObject({ text: z.string(), ok: z.boolean(), detail: z.string() })
export type Rule = z.infer<typeof rule>
export const risk = z.strictObject({ kind: z.string(), text: z.string() })
export type Risk = z.infer<typeof risk>

/** Somebody's own words: absent once they were erased. */
const said = z.strictObject({ by: who, at: instant, leafIndex, text: z.string().optional() })

export const release = releaseSummary.extend({
  /** The exact text that is signed. */
  statement: z.string(),
  statementDigest: z.string(),
  challenge: z.string(),
  rpId: z.string(),
  /** Passkeys of the one who asks. */
  credentialIds: z.array(z.string()),
  policyDigest: z.string(),
  stations: z.array(station),
  commits: z.array(releaseCommit),
  since: z.strictObject({ release: z.string(), deployedAt: instant, commit: z.string() }).optional(),
  approvals: z.array(
    z.strictObject({ by: who, at: instant, leafIndex, userVerified: z.boolean(), software: z.boolean() }),
  ),
  rules: z.array(rule),
  inquiries: z.array(said.extend({ inquiry: z.string(), answers: z.array(said) })),
  brokenGlass: said
    .extend({
      breakglass: z.string(),
      review: z.strictObject({ by: who, verdict: z.enum(['justified', 'unjustified']), at: instant }).optional(),
    })
    .optional(),
  grants: z.array(grant),
  risks: z.array(risk),
  canApprove: z.array(who),
  effect: z.string(),
  voidedBy: z.string(),
})
export type Release = z.infer<typeof release>

export const overview = z.strictObject({
  needsYou: z.array(
    z.strictObject({ kind: z.enum(['approval', 'alert']), text: z.string(), href: z.string(), at: instant }),
  ),
  releases: z.array(releaseSummary),
  privilege: z.strictObject({ grantsLive: z.int(), peopleWithRoles: z.int(), jobsLive: z.int() }),
  last24h: z.strictObject({
    allowed: z.int(),
    refused: z.int(),
    byReason: z.array(z.strictObject({ reason: z.string(), count: z.int() })),
    hours: z.array(z.strictObject({ from: instant, allowed: z.int(), refused: z.int() })),
  }),
  log: logStatus,
})
export type Overview = z.infer<typeof overview>
