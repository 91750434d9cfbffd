/** That the passkey signs exactly the statement on the screen: its digest, challenge and fingerprint, derived here. */

import { concat, formatBase64Url, formatDigest, sha256, utf8, type Bytes } from './bytes.ts'

const TYPE = 'application/vnd.in-toto+json'
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

export type Derived = { readonly digest: string; readonly challenge: string; readonly fingerprint: string }

/** DSSE protocol section "Signature Definition": "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body. */
export function preAuthenticationEncoding(type: string, body: Uint8Array): Bytes {
  return concat(utf8(`DSSEv1 ${utf8(type).length} ${type} ${body.length} `), body)
}

/** The first 40 bits in Crockford's base 32, most significant bit first, written XXXX-XXXX. */
export function formatFingerprint(digest: Uint8Array): string {
  let bits = 0n
  for (const byte of digest.subarray(0, 5)) bits = (bits << 8n) | BigInt(byte)
  let text = ''
  for (let shift = 35n; shift >= 0n; shift -= 5n) text += CROCKFORD[Number((bits >> shift) & 31n)]
  return `${text.slice(0, 4)}-${text.slice(4)}`
}

/** `statement` is the exact text to be signed; nothing is re-spelled. */
export async function deriveFrom(statement: string): Promise<Derived> {
  const body = utf8(statement)
  const digest = await sha256(body)
  const challenge = await sha256(preAuthenticationEncoding(TYPE, body))
  return {
    digest: formatDigest(digest),
    challenge: formatBase64Url(challenge),
    fingerprint: formatFingerprint(digest),
  }
}

/** What the page shows beside the statement; each must be said by the statement itself. */
export type Shown = {
  readonly release: string
  readonly artifact: string
  readonly commit: string
  readonly environment: string
  readonly requester: string
  readonly expiresAt: string
  readonly policyDigest: string
  readonly statementDigest: string
  readonly challenge: string
  readonly fingerprint: string
}

/**
 * Sentences that forbid signing; empty when everything the server claims is what this browser derived from the statement
 * and read in it. `asked` is the fingerprint in the address: the one that the person was sent.
 */
export async function disagreements(statement: string, shown: Shown, asked: string): Promise<string[]> {
  const derived = await deriveFrom(statement)
  const said = read(statement)
  const claims: readonly (readonly [holds: boolean, sentence: string])[] = [
    [derived.digest === shown.statementDigest, 'The digest of the statement is not the one the server names.'],
    [derived.challenge === shown.challenge, 'The server asks to sign something else than this statement.'],
    [derived.fingerprint === shown.fingerprint, 'The fingerprint does not belong to this statement.'],
    [derived.fingerprint === asked, 'This is not the release that the link names.'],
    [said('predicate', 'release') === shown.release, 'The statement is about another release.'],
    [said('subject', '0', 'digest', 'sha256') === bare(shown.artifact), 'The statement is about another artifact.'],
    [said('predicate', 'commit', 'gitCommit') === shown.commit, 'The statement is about another commit.'],
    [said('predicate', 'environment') === shown.environment, 'The statement is about another environment.'],
    [said('predicate', 'requester') === shown.requester, 'The statement names another requester.'],
    [said('predicate', 'expiresAt') === shown.expiresAt, 'The statement expires at another time.'],
    [said('predicate', 'policy', 'sha256') === bare(shown.policyDigest), 'The statement is under another policy.'],
  ]
  return claims.filter(([holds]) => !holds).map(([, sentence]) => sentence)
}

/** in-toto writes digests without their algorithm; anything that is no SHA-256 equals nothing. */
function bare(digest: string): string | null {
  return digest.startsWith('sha256:') ? digest.slice('sha256:'.length) : null
}

/** Reads one value by its path; undefined for whatever is not there. */
function read(statement: string): (...path: readonly string[]) => unknown {
  let content: unknown
  try {
    content = JSON.parse(statement)
  } catch {
    content = undefined
  }
  return (...path) =>
    path.reduce<unknown>(
      (value, name) => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined),
      content,
    )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
