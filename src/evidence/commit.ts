/**
 * A signed commit, verified from its bytes: who signed it, with a key that we trust now.
 *
 * Everything is judged at the moment `at`, when we received it; a commit's own dates are claims of its author.
 */

import { parseCommit, type Commit } from './git-object.ts'
import { verifyGitSignature, type GitSignature, type GitSignatureRefusal, type TrustedKeys } from './git-signature.ts'
import { isRefusal, type Refusal } from './refusal.ts'

export type CommitClaims = Commit & { readonly signature: GitSignature }

export type CommitRefusal = (GitSignatureRefusal | Refusal<'malformed' | 'too_large'>) & {
  /** What the bytes say, unproven, so that a message can name the commit. Absent when they are malformed. */
  readonly commit?: Commit
  readonly fingerprint?: string
}

/** Verifies the content of a commit object (at most 1 MiB) with the keys trusted at `at`. Never throws. */
export async function verifyCommit(
  object: Uint8Array,
  trusted: TrustedKeys,
  at: number,
): Promise<CommitClaims | CommitRefusal> {
  const parsed = parseCommit(object)
  if (isRefusal(parsed)) return parsed
  const { signature, payload, ...commit } = parsed
  const what = `Commit ${commit.id.slice(0, 12)}`
  const verdict = await verifyGitSignature({ what, signature, payload }, trusted, at)
  return isRefusal(verdict) ? { ...verdict, commit } : { ...commit, signature: verdict }
}
