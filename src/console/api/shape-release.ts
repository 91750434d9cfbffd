/** Releases, as the HTTP API answers them. */

import type { Who } from './shape-word.ts'

export type ReleaseState =
  | 'waiting'
  | 'approved'
  | 'deploying'
  | 'deployed'
  | 'failed'
  | 'refused'
  | 'expired'
  | 'voided'

export type ReleaseSummary = {
  readonly release: string
  readonly fingerprint: string
  readonly name: string
  readonly repository: string
  readonly environment: string
  readonly state: ReleaseState
  readonly artifact: string
  readonly artifactName: string
  readonly commit: string
  readonly requestedBy: Who
  readonly requestedAt: string
  readonly expiresAt: string
  readonly given: number
  readonly required: number
  readonly leafIndex: number
  readonly you: {
    readonly canApprove: boolean
    readonly because: string
    readonly who?: readonly Who[]
    readonly canBreakGlass?: boolean
    readonly canJudgeGlass?: boolean
  }
}

export type Station = {
  readonly key: 'source' | 'build' | 'artifact' | 'policy' | 'approvals' | 'deploy'
  readonly title: string
  readonly state: 'done' | 'waiting' | 'todo' | 'broken'
  readonly headline: string
  readonly lines: readonly string[]
  readonly leafIndex?: number
  readonly binding?: string
}

export type Commit = {
  readonly id: string
  readonly subject: string
  readonly author: Who | null
  readonly authorName: string
  readonly signer: Who | null
  readonly signature: { readonly format: string; readonly fingerprint: string; readonly verified: boolean }
  readonly leafIndex: number
}

export type Grant = {
  readonly grant: string
  readonly release: string
  readonly target: string
  readonly holder: Who
  readonly issuedAt: string
  readonly expiresAt: string
  readonly endedAt?: string
  readonly cause?: string
  readonly serial: string
  readonly cleared?: boolean
  readonly leafIndex: number
}

export type Approval = {
  readonly by: Who
  readonly at: string
  readonly leafIndex: number
  readonly userVerified: boolean
  readonly software: boolean
}

export type Said = { readonly by: Who; readonly at: string; readonly leafIndex: number; readonly text?: string }

export type Release = ReleaseSummary & {
  readonly statement: string
  readonly statementDigest: string
  readonly challenge: string
  readonly rpId: string
  readonly credentialIds: readonly string[]
  readonly policyDigest: string
  readonly stations: readonly Station[]
  readonly commits: readonly Commit[]
  readonly since?: { readonly release: string; readonly deployedAt: string; readonly commit: string }
  readonly approvals: readonly Approval[]
  readonly rules: readonly { readonly text: string; readonly ok: boolean; readonly detail: string }[]
  /** Words are gone once they were erased. */
  readonly inquiries?: readonly (Said & { readonly inquiry: string; readonly answers: readonly Said[] })[]
  readonly brokenGlass?: Said & {
    readonly breakglass: string
    readonly review?: { readonly by: Who; readonly verdict: 'justified' | 'unjustified'; readonly at: string }
  }
  readonly grants: readonly Grant[]
  readonly risks: readonly { readonly kind: string; readonly text: string }[]
  readonly canApprove: readonly Who[]
  readonly effect: string
  readonly voidedBy: string
}
