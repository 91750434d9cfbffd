/**
 * The exact words that an approver signs: an in-toto Statement in canonical JSON (spec/approval-statement.md).
 *
 *     {"_type":"https://in-toto.io/Statement/v1","predicate":{"commit":{…},"environment":"production",…},
 *      "predicateType":"https://countersign.dev/approval/v1","subject":[{"digest":{"sha256":"77ad…"},"name":"shop.tar"}]}
 *
 * The WebAuthn challenge is SHA-256 over the DSSE pre-authentication encoding of these bytes, so that a signature over it can
 * stand for nothing else; the fingerprint that people compare is the first 40 bits of SHA-256 of the bytes.
 */

import { sha256, type DigestText, digestOf } from '../bytes/digest.ts'
import { canonical } from '../bytes/json.ts'
import { hex, utf8 } from '../bytes/text.ts'

export const PREDICATE_TYPE = 'https://countersign.dev/approval/v1'
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json'

export type Statement = {
  readonly origin: string
  readonly release: string
  readonly artifact: DigestText
  readonly artifactName: string
  readonly repository: string
  readonly commit: string
  readonly commitSha256: DigestText
  readonly environment: string
  readonly policyDigest: DigestText
  readonly requester: string
  readonly plan?: DigestText
  readonly requestedAt: number
  readonly expiresAt: number
  readonly nonce: string
}

/** The text that is signed. Every field of the statement is in it, so changing any one changes challenge and fingerprint. */
export function formatStatement(statement: Statement): string {
  const { origin, release, environment, requester, nonce, plan } = statement
  return canonical({
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: PREDICATE_TYPE,
    subject: [{ name: statement.artifactName, digest: { sha256: bare(statement.artifact) } }],
    predicate: {
      commit: { gitCommit: statement.commit, repository: statement.repository, sha256: bare(statement.commitSha256) },
      environment,
      expiresAt: new Date(statement.expiresAt).toISOString(),
      nonce,
      origin,
      plan: plan && { sha256: bare(plan) },
      policy: { sha256: bare(statement.policyDigest) },
      release,
      requestedAt: new Date(statement.requestedAt).toISOString(),
      requester,
    },
  })
}

function bare(digest: DigestText): string {
  return digest.slice('sha256:'.length)
}

export function digestStatement(text: string): DigestText {
  return digestOf(utf8.encode(text))
}

/** DSSE v1: "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body. */
export function challengeOf(text: string): Uint8Array {
  const body = utf8.encode(text)
  return sha256(utf8.encode(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${body.length} `), body)
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Forty bits in Crockford's base32, as `K7Q2-9DMX`: short enough to be read over the telephone, same in every channel. */
export function fingerprintOf(digest: string): string {
  let bits = 0n
  for (const byte of hex.decode(bare(digest as DigestText)).subarray(0, 5)) bits = (bits << 8n) | BigInt(byte)
  const letters = Array.from(
    { length: 8 },
    (_, index) => CROCKFORD[Number((bits >> BigInt(35 - 5 * index)) & 31n)],
  ).join('')
  return `${letters.slice(0, 4)}-${letters.slice(4)}`
}
