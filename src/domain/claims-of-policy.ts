/** Policies are in force as they were validated: the digest is that of the very files, the identifiers are theirs, and nobody is locked out. */

import { isRefusal, type Refusal } from '../evidence/refusal.ts'
import { loadPolicies, type PolicyFiles } from '../policy/policy.ts'
import type { AssertionClaims } from './approval.ts'
import type { PolicyAnswerClaims, PolicyClaims } from './policy.ts'
import { keepsAdministrators } from './question.ts'
import type { ReadonlyState } from './state.ts'

type Named = { readonly digest: string; readonly ids: readonly string[] }

/** `files` is what the evidence holds, as it was parsed. */
export function claimPolicy({ digest, ids }: Named, files: unknown, state: ReadonlyState): PolicyClaims {
  const loaded = files === undefined ? [] : loadPolicies(files as PolicyFiles)
  if (Array.isArray(loaded) || loaded.digest !== digest || loaded.ids.join('\n') !== ids.join('\n'))
    return { isValid: false }
  return { isValid: keepsAdministrators(loaded, [...state.networks.keys()]) }
}

/** With the signature of whoever answers; to decline, no files are needed. */
export function claimPolicyAnswer(
  asked: Named,
  proof: AssertionClaims | Refusal,
  files: unknown,
  state: ReadonlyState,
): PolicyAnswerClaims | Refusal {
  return isRefusal(proof) ? proof : { ...proof, ...claimPolicy(asked, files, state) }
}
