/**
 * The exact words that an administrator signs who agrees to other policies: an in-toto Statement in canonical JSON, signed as that of an
 * approval is (spec/approval-statement.md). It names the set in force, the one to come, and what history would have been under it.
 *
 *     {"_type":"https://in-toto.io/Statement/v1","predicate":{"askedAt":"…","asker":"person:…","before":{"sha256":"…"},…},
 *      "predicateType":"https://countersign.dev/policy-activation/v1","subject":[{"digest":{"sha256":"77ad…"},"name":"policies"}]}
 */

import type { DigestText } from '../bytes/digest.ts'
import { canonical } from '../bytes/json.ts'

export const PREDICATE_TYPE = 'https://countersign.dev/policy-activation/v1'

/** What history would have been: counted over the leaves `from` up to a tree of this size and root. */
export type ReplayFacts = {
  readonly before: string
  readonly from: number
  readonly treeSize: number
  readonly rootHash: string
  readonly newlyRefused: number
  readonly newlyAllowed: number
  readonly unchanged: number
  readonly unknown: number
  /** Of the list of all changes. */
  readonly changesDigest: string
}

export type PolicyStatement = {
  readonly origin: string
  readonly digest: string
  readonly policyDigest: string
  /** Absent where history was not asked. */
  readonly replay?: ReplayFacts | undefined
  readonly asker: string
  readonly askedAt: number
  readonly expiresAt: number
  readonly nonce: string
}

/** The text that is signed. */
export function formatPolicyStatement({ origin, digest, policyDigest, replay, ...said }: PolicyStatement): string {
  return canonical({
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: PREDICATE_TYPE,
    subject: [{ name: 'policies', digest: { sha256: bare(digest) } }],
    predicate: {
      askedAt: new Date(said.askedAt).toISOString(),
      asker: said.asker,
      before: { sha256: bare(policyDigest) },
      expiresAt: new Date(said.expiresAt).toISOString(),
      nonce: said.nonce,
      origin,
      replay: replay && { ...replay },
    },
  })
}

function bare(digest: string): string {
  return (digest as DigestText).slice('sha256:'.length)
}
