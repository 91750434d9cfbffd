/** A decision that is made and spelled, and not written yet. */

import type { Disclosure } from '../bytes/disclosure.ts'
import type { Decision } from '../domain/decision.ts'
import type { Leaf } from '../domain/leaf.ts'
import type { State } from '../domain/state.ts'
import type { PolicySet } from '../policy/policy.ts'

/** What several decisions are made on at once. `size` is the leaf index that the first of them gets. */
export type Present = {
  readonly state: State
  readonly policies: PolicySet
  readonly at: number
  readonly size: number
  readonly origin: string
}

export type Draft = {
  readonly leaf: Leaf
  readonly decision: Decision
  readonly disclosures: readonly Disclosure[]
  /** As the log will hold them: the leaf, and what is kept beside it. */
  readonly bytes: Uint8Array
  readonly kept: Uint8Array | undefined
}
