/**
 * The exact words that a person signs who breaks the glass for a release, or who judges afterwards that somebody did: in-toto
 * Statements in canonical JSON, signed as that of an approval is (spec/approval-statement.md), so that none can stand for another.
 *
 *     {"_type":"https://in-toto.io/Statement/v1","predicate":{"environment":"production","origin":"…","release":"…",…},
 *      "predicateType":"https://countersign.dev/break-glass/v1","subject":[{"digest":{"sha256":"77ad…"},"name":"shop.tar"}]}
 */

import type { DigestText } from '../bytes/digest.ts'
import { canonical } from '../bytes/json.ts'
import { base64url } from '../bytes/text.ts'
import { challengeOf } from './statement.ts'

export const BREAK_TYPE = 'https://countersign.dev/break-glass/v1'
export const REVIEW_TYPE = 'https://countersign.dev/break-glass-review/v1'

/** Of the release: what it would put where, and the digest of the statement that approvers sign. */
export type Broken = {
  readonly origin: string
  readonly release: string
  readonly environment: string
  readonly artifact: string
  readonly artifactName: string
  readonly statementDigest: string
}

export type Reviewed = Broken & {
  readonly breakglass: string
  readonly by: string
  readonly leafIndex: number
  readonly verdict: 'justified' | 'unjustified'
}

export function formatBreakStatement(broken: Broken): string {
  return format(BREAK_TYPE, broken, {})
}

export function formatReviewStatement({ breakglass, by, leafIndex, verdict, ...broken }: Reviewed): string {
  return format(REVIEW_TYPE, broken, { breakglass, by, leafIndex, verdict })
}

function format(predicateType: string, broken: Broken, more: Readonly<Record<string, string | number>>): string {
  const { origin, release, environment, artifact, artifactName, statementDigest } = broken
  return canonical({
    _type: 'https://in-toto.io/Statement/v1',
    predicateType,
    subject: [{ name: artifactName, digest: { sha256: bare(artifact) } }],
    predicate: { environment, origin, release, statement: { sha256: bare(statementDigest) }, ...more },
  })
}

function bare(digest: string): string {
  return (digest as DigestText).slice('sha256:'.length)
}

/** What a passkey signs, as it stands in its client data. */
export function challengeText(text: string): string {
  return base64url.encode(challengeOf(text))
}
