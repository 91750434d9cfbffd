/**
 * The exact words that an administrator signs who agrees to forget a person: an in-toto Statement in canonical JSON, signed as that
 * of an approval is (spec/approval-statement.md).
 *
 *     {"_type":"https://in-toto.io/Statement/v1","predicate":{"askedAt":"…","asker":"person:…","evidence":false,…},
 *      "predicateType":"https://countersign.dev/erasure/v1","subject":[{"digest":{"sha256":"77ad…"},"name":"person:…"}]}
 */

import { sha256, type DigestText } from '../bytes/digest.ts'
import { canonical } from '../bytes/json.ts'
import { base64url, hex, utf8 } from '../bytes/text.ts'
import { challengeOf } from './statement.ts'

export const PREDICATE_TYPE = 'https://countersign.dev/erasure/v1'

export type ErasureStatement = {
  readonly origin: string
  readonly person: string
  /** Everything where it is absent. */
  readonly fields?: readonly string[] | undefined
  readonly evidence: boolean
  readonly asker: string
  readonly policyDigest: string
  readonly askedAt: number
  readonly expiresAt: number
  readonly nonce: string
}

/** The text that is signed; the subject is the person, by SHA-256 of their identifier. */
export function formatErasureStatement({ origin, person, fields, ...said }: ErasureStatement): string {
  return canonical({
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: PREDICATE_TYPE,
    subject: [{ name: person, digest: { sha256: hex.encode(sha256(utf8.encode(person))) } }],
    predicate: {
      askedAt: new Date(said.askedAt).toISOString(),
      asker: said.asker,
      evidence: said.evidence,
      expiresAt: new Date(said.expiresAt).toISOString(),
      fields: fields && [...fields],
      nonce: said.nonce,
      origin,
      policy: { sha256: (said.policyDigest as DigestText).slice('sha256:'.length) },
    },
  })
}

/** What a passkey signs, as it stands in its client data. */
export function challengeText(text: string): string {
  return base64url.encode(challengeOf(text))
}
