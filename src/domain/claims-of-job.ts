/** What a CI vouches for, once its token verified with the issuer's keys, and the job proved that it holds the key it named. */

import { createPublicKey, verify } from 'node:crypto'
import { digestOf, sha256 } from '../bytes/digest.ts'
import { parse } from '../bytes/json.ts'
import { base64, hex, utf8 } from '../bytes/text.ts'
import { verifyToken, type TokenClaims } from '../evidence/oidc.ts'
import { attempt, isRefusal, refuse, type Refusal } from '../evidence/refusal.ts'
import type { Issuer } from './issuer.ts'
import { jobFacts, type JobClaims } from './login.ts'
import type { ReadonlyState } from './state.ts'

/** What is shown for a job; each is evidence of the decision. */
export type JobExhibits = {
  readonly token: Uint8Array | undefined
  /** The issuer's JWKS, as it was served. */
  readonly issuerKeys: Uint8Array | undefined
  /** SHA-256 of the token, signed with the job's key. */
  readonly keyProof: Uint8Array | undefined
}

const HOUR_MS = 3_600_000
/** GitLab's tokens live as long as their job may; those of others some minutes. Each is accepted once. */
const MAX_TOKEN_MS: Readonly<Record<string, number>> = { gitlab: 6 * HOUR_MS }

/** `jobKey`: SPKI DER in base64, Ed25519 or P-256. */
export async function claimJob(
  named: { readonly issuer: string; readonly jobKey: string },
  { token, issuerKeys, keyProof }: JobExhibits,
  { issuers, log }: ReadonlyState,
  at: number,
): Promise<JobClaims | Refusal> {
  const issuer = issuers.get(named.issuer)
  if (!issuer || !log) return refuse('issuer_unknown', `The issuer ${named.issuer} is not trusted here.`)
  const keys = (issuerKeys && attempt(() => parse(utf8.decode(issuerKeys)) as { keys?: unknown }))?.keys
  if (!token || !Array.isArray(keys)) return refuse('malformed', 'The CI token or its issuer’s keys are missing.')
  const claims = await verifyToken(attempt(() => utf8.decode(token)) ?? '', trustOf(issuer, log.audience, keys), at)
  if (isRefusal(claims)) return claims
  if (!provesKey(named.jobKey, keyProof, token))
    return refuse('bad_key_proof', 'The job did not prove that it holds the key it named.')
  return describe(claims, named.jobKey)
}

function trustOf({ issuer, kind, claims }: Issuer, audience: string, keys: readonly object[]) {
  return {
    ...{ issuer, audience, keys, dialect: kind, claimNames: claims, maxLifetimeMs: MAX_TOKEN_MS[kind] },
    algorithms: ['RS256', 'ES256', 'EdDSA'] as const,
  }
}

/** The job signs SHA-256 of its token with the key that it names, so that a copied token cannot be bound to another key. */
function provesKey(jobKey: string, proof: Uint8Array | undefined, token: Uint8Array): boolean {
  const isProof = attempt(() => {
    if (proof === undefined) return false
    const key = createPublicKey({ key: Buffer.from(base64.decode(jobKey)), format: 'der', type: 'spki' })
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
    if (type === 'ed25519') return verify(null, sha256(token), key, proof)
    if (type !== 'ec' || details?.namedCurve !== 'prime256v1') return false
    return verify('sha256', sha256(token), { key, dsaEncoding: 'ieee-p1363' }, proof)
  })
  return isProof ?? false
}

/** As the CI says it: which registered repository that is, the rules decide on the newest state. */
function describe(claims: TokenClaims, jobKey: string): JobClaims | Refusal {
  const { issuer, repositoryId, repository = '', runId = '', runAttempt, jobId } = claims
  // Jobs of one run that their CI does not tell apart are told apart by their keys: what one may, the other may not.
  const identity = [issuer, repositoryId ?? repository, runId, runAttempt ?? '', jobId ?? `key ${jobKey}`].join('\n')
  const job = jobFacts.safeParse(factsOf(claims))
  if (!job.success)
    return refuse(
      'claims_unusable',
      `The CI token’s ${String(job.error.issues[0]?.path[0])} is not of a form known here.`,
    )
  return { principal: `job:${hex.encode(sha256(utf8.encode(identity))).slice(0, 20)}`, job: job.data }
}

function factsOf({ issuer, tokenId, expiresAt, ...claims }: TokenClaims): object {
  const said = {
    repository: claims.repository,
    runId: claims.runId,
    ciRepositoryId: claims.repositoryId,
    ciOwnerId: claims.ownerId,
    commit: claims.commit,
    ref: claims.ref,
    workflow: claims.workflowRef,
    workflowCommit: claims.workflowCommit,
    runAttempt: claims.runAttempt,
    ciJobId: claims.jobId,
    eventName: claims.eventName,
    environment: claims.environment,
    runnerEnvironment: claims.runnerEnvironment,
  }
  const tokenDigest = digestOf(utf8.encode(`${issuer}\n${tokenId}`))
  return {
    ...{ issuer, tokenDigest, tokenExpiresAt: expiresAt },
    ...Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)),
  }
}
