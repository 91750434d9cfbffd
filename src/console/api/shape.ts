/** What the HTTP API answers, as the console reads it. Instants are RFC 3339 text, leaf indices count from 0. */

import type { Proof } from '../verify/leaf.ts'
import type { ReleaseSummary } from './shape-release.ts'
import type { Row, Who } from './shape-word.ts'

export type * from './shape-release.ts'
export type * from './shape-word.ts'

export type Receipt<R> = {
  readonly outcome: 'allowed' | 'refused' | 'waiting'
  readonly leafIndex: number
  readonly type: string
  readonly result: R
  readonly reason?: string
  readonly policies: readonly string[]
  readonly leaf: string
  readonly proof: Proof
}

export type Login = {
  readonly login: string
  readonly who: Who
  readonly expiresAt: string
  readonly openedAt: string
  readonly roles: readonly string[]
  readonly method: string
  readonly can: { readonly administer: boolean; readonly approve: boolean }
}

export type WellKnown = {
  readonly origin: string
  readonly logKey: string
  readonly sshCa: string
  readonly witnesses: readonly { readonly name: string; readonly key: string }[]
  readonly version: string
}

export type LogStatus = {
  readonly origin: string
  readonly treeSize: number
  readonly rootHash: string
  /** The latest one that witnesses cosigned, if any: it may be of a smaller tree. */
  readonly checkpoint: string
  readonly signedAt: string
  readonly witnesses: readonly {
    readonly name: string
    readonly key: string
    readonly cosignedSize?: number
    readonly cosignedAt?: string
    readonly lag: number
  }[]
  readonly stamp?: {
    readonly authority: string
    readonly treeSize?: number
    readonly stampedAt?: string
    readonly trouble?: string
  }
  readonly healthy: boolean
  readonly trouble?: { readonly sentence: string; readonly leafIndex?: number; readonly since: string }
  readonly lastScrubAt?: string
  readonly key: string
  readonly startedAt: string
}

export type Leaves = {
  readonly rows: readonly Row[]
  readonly total: number
  readonly next?: number
  readonly head: {
    readonly treeSize: number
    /** Leaves on disk that no search saw yet, and for how long. */
    readonly lag?: { readonly leaves: number; readonly ms: number }
  }
  readonly facets: Readonly<Record<'outcome' | 'kind' | 'type', Readonly<Record<string, number>>>>
  readonly histogram: readonly {
    readonly from: string
    readonly to: string
    readonly total: number
    readonly refused: number
  }[]
  /** What `| count by` asked for. */
  readonly counts?: {
    readonly by: string
    readonly values: readonly { readonly value: string; readonly count: number; readonly who?: Who }[]
  }
}

export type SavedSearch = {
  readonly search: string
  /** Both are gone once they were erased. */
  readonly name?: string
  readonly query?: string
  readonly isShared: boolean
  readonly isOwn: boolean
  readonly by: Who
  readonly leafIndex: number
}

export type Freeze = {
  readonly freeze: string
  readonly environment: string
  readonly by: Who
  readonly from: string
  readonly until?: string
  readonly isNow: boolean
  readonly leafIndex: number
}

type Around = { readonly before: readonly Row[]; readonly after: readonly Row[] }

export type Leaf = {
  readonly row: Row
  readonly leaf: string
  readonly disclosures: readonly {
    readonly name: string
    readonly value: unknown
    readonly disclosure: string
    readonly digest: string
  }[]
  readonly proof: Proof
  readonly evidence: readonly { readonly kind: string; readonly digest: string; readonly size?: number }[]
  readonly facts: readonly { readonly label: string; readonly value: string; readonly ok?: boolean }[]
  readonly neighbours: Around & { readonly who?: Around; readonly resource?: Around }
}

export type Alert = {
  readonly alert: string
  readonly rule: string
  readonly title: string
  readonly sentence: string
  readonly severity: 'low' | 'medium' | 'high' | 'critical'
  readonly at: string
  readonly leafIndex: number
  readonly evidence: readonly number[]
  readonly acknowledged?: { readonly by: Who; readonly at: string }
}

export type Overview = {
  readonly needsYou: readonly {
    readonly kind: 'approval' | 'alert'
    readonly text: string
    readonly href: string
    readonly at: string
  }[]
  readonly releases: readonly ReleaseSummary[]
  readonly privilege: { readonly grantsLive: number; readonly peopleWithRoles: number; readonly jobsLive: number }
  readonly last24h: {
    readonly allowed: number
    readonly refused: number
    readonly byReason: readonly { readonly reason: string; readonly count: number }[]
    readonly hours: readonly { readonly from: string; readonly allowed: number; readonly refused: number }[]
  }
  readonly log: LogStatus
}

export type Person = {
  readonly who: Who
  readonly roles: readonly string[]
  readonly zone: string
  /** Whole hours of the day in the person's own zone; days are 1 for Monday to 7. */
  readonly hours?: { readonly from: number; readonly to: number; readonly days: readonly number[] }
  readonly enrolled: boolean
  readonly revoked: boolean
  readonly keys: readonly {
    readonly fingerprint: string
    readonly format: string
    readonly enrolledAt: string
    readonly leafIndex: number
  }[]
  readonly passkeys: number
  readonly leafIndex: number
}

export type Enrolment = {
  readonly handle?: string
  readonly name?: string
  readonly challenge: string
  readonly rpId: string
  readonly userId: string
  readonly isSetup: boolean
}

export type Revocation = {
  readonly loginsEnded: number
  readonly grantsEnded: number
  readonly stillLive: readonly { readonly serial: string; readonly secondsLeft: number; readonly what: string }[]
}
