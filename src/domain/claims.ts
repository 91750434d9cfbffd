/**
 * From evidence to claims: which bytes prove what a command relies on. Live traffic and replay both come through here, so what
 * was believed once is believed again from the same bytes, or the difference shows.
 */

import { createPublicKey, verify } from 'node:crypto'
import { digestOf, sha256 } from '../bytes/digest.ts'
import { parse } from '../bytes/json.ts'
import { base64, base64url, hex, utf8 } from '../bytes/text.ts'
import { verifyToken, type TokenClaims } from '../evidence/oidc.ts'
import { parseOpenpgpPublicKey } from '../evidence/openpgp.ts'
import { verifyAssertion, verifyRegistration } from '../evidence/passkey.ts'
import { attempt, isRefusal, refuse, type Refusal } from '../evidence/refusal.ts'
import { parseSshPublicKey } from '../evidence/ssh-key.ts'
import type { AssertionClaims } from './approval.ts'
import type { BuildClaims } from './build.ts'
import { claimBuild } from './claims-of-build.ts'
import { claimCommits } from './claims-of-commits.ts'
import { claimStamp } from './claims-of-stamp.ts'
import type { Command } from './command.ts'
import * as erasure from './erasure.ts'
import type { Claimed } from './commit.ts'
import type { KeyClaims } from './key.ts'
import type { StampClaims } from './log.ts'
import { loadPolicies, type PolicyFiles } from '../policy/policy.ts'
import type { PolicyClaims } from './policy.ts'
import type { Evidence } from './leaf.ts'
import { jobFacts, type JobClaims, type PasskeyClaims } from './login.ts'
import type { EnrolClaims } from './principal.ts'
import { keepsAdministrators } from './question.ts'
import { textOf } from './release.ts'
import type { ReadonlyState } from './state.ts'
import { challengeOf } from './statement.ts'

export type Claims =
  | undefined
  | EnrolClaims
  | PasskeyClaims
  | JobClaims
  | KeyClaims
  | AssertionClaims
  | BuildClaims
  | PolicyClaims
  | StampClaims
  | readonly Claimed[]

/** The blobs of one decision, by kind; several of a kind keep their order. */
export type Exhibits = {
  readonly one: (kind: string) => Uint8Array | undefined
  readonly all: (kind: string) => readonly Uint8Array[]
}

export function exhibitsOf(evidence: readonly Evidence[], blobs: readonly Uint8Array[]): Exhibits {
  const all = (kind: string) => blobs.filter((_, index) => evidence[index]?.kind === kind)
  return { all, one: (kind) => all(kind)[0] }
}

/**
 * Verifies what `command` relies on, at the moment `at` (ms). `callerLogin` is the login that asks, if any. Never throws on
 * hostile evidence: a refusal says what is wrong, and then there is no verified caller and no leaf.
 */
export async function claimsOf(
  command: Command,
  exhibits: Exhibits,
  state: ReadonlyState,
  callerLogin: string | undefined,
  at: number,
): Promise<Claims | Refusal> {
  switch (command.type) {
    case 'enrol person':
      return claimEnrolment(exhibits, command.challenge, state)
    case 'open login':
      return claimAssertion(exhibits, base64url.decode(command.challenge), state)
    case 'open job login':
      return claimJob(command, exhibits, state, at)
    case 'enrol key':
      return claimKey(command, exhibits)
    case 'give approval':
    case 'decline release':
      return claimApproval(command.release, exhibits, state)
    case 'agree to erasure':
    case 'decline erasure':
      return claimAgreement(command.asked, exhibits, state)
    case 'attest build':
      return claimBuild(exhibits.one('provenance'), state.logins.get(callerLogin ?? '')?.jobKey, at)
    case 'activate policy':
      return claimPolicy(command, jsonOf(exhibits.one('policies')))
    case 'record push':
      return claimCommits(exhibits.one('commits'), exhibits.all('openpgp-key'), at)
    case 'stamp log':
      return claimStamp(exhibits, state)
    default:
      return undefined
  }
}

function jsonOf(bytes: Uint8Array | undefined): unknown {
  return bytes && attempt(() => parse(utf8.decode(bytes)))
}

async function claimEnrolment(
  exhibits: Exhibits,
  challenge: string,
  { log }: ReadonlyState,
): Promise<EnrolClaims | Refusal> {
  const expected = { challenge: base64url.decode(challenge), origins: log?.origins ?? [], rpId: log?.rpId ?? '' }
  const claims = await verifyRegistration(jsonOf(exhibits.one('passkey-registration')), expected)
  return isRefusal(claims) ? claims : { credentialId: claims.credentialId, publicKey: claims.publicKey }
}

function claimAssertion(
  exhibits: Exhibits,
  challenge: Uint8Array,
  { log, passkeys }: ReadonlyState,
): (PasskeyClaims & AssertionClaims) | Refusal {
  const response = jsonOf(exhibits.one('passkey-assertion'))
  const passkey = passkeys.get(String((response as { id?: unknown } | undefined)?.id))
  if (!log || !passkey) return refuse('passkey_unknown', 'This passkey is not enrolled here.')
  const { credentialId, publicKey } = passkey
  const expected = {
    challenge,
    origins: log.origins,
    rpId: log.rpId,
    credential: { credentialId, publicKey, signCount: 0 },
  }
  const claims = verifyAssertion(response, expected)
  return isRefusal(claims) ? claims : { credentialId, isUserVerified: claims.userVerified, isOverStatement: true }
}

function claimApproval(
  release: string,
  exhibits: Exhibits,
  state: ReadonlyState,
): AssertionClaims | Refusal | undefined {
  const asked = state.releases.get(release)
  return asked && claimStatement(textOf(asked, state), exhibits, state)
}

function claimAgreement(
  asked: number,
  exhibits: Exhibits,
  state: ReadonlyState,
): AssertionClaims | Refusal | undefined {
  const request = state.waitingErasures.get(String(asked))
  return request && claimStatement(erasure.textOf(request, state), exhibits, state)
}

/** A signature over another statement is a verified person's mistake, or an attack on them: claimed as such, and refused in a leaf. */
function claimStatement(text: string, exhibits: Exhibits, state: ReadonlyState): AssertionClaims | Refusal {
  const claims = claimAssertion(exhibits, challengeOf(text), state)
  if (!isRefusal(claims)) return claims
  const id = String((jsonOf(exhibits.one('passkey-assertion')) as { id?: unknown } | undefined)?.id)
  if (claims.refused !== 'wrong_challenge') return claims
  return { credentialId: id, isUserVerified: false, isOverStatement: false }
}

type OpenJobLogin = Extract<Command, { type: 'open job login' }>

async function claimJob(
  command: OpenJobLogin,
  exhibits: Exhibits,
  state: ReadonlyState,
  at: number,
): Promise<JobClaims | Refusal> {
  const issuer = state.issuers.get(command.issuer)
  const tokenBytes = exhibits.one('ci-token')
  const keys = (jsonOf(exhibits.one('issuer-keys')) as { keys?: unknown } | undefined)?.keys
  if (!issuer || !state.log) return refuse('issuer_unknown', `The issuer ${command.issuer} is not trusted here.`)
  if (!tokenBytes || !Array.isArray(keys)) return refuse('malformed', 'The CI token or its issuer’s keys are missing.')
  const trust = {
    issuer: issuer.issuer,
    audience: state.log.audience,
    keys,
    algorithms: ['RS256', 'ES256', 'EdDSA'] as const,
    dialect: issuer.kind,
  }
  const claims = await verifyToken(utf8.decode(tokenBytes), trust, at)
  if (isRefusal(claims)) return claims
  if (!provesKey(command.jobKey, exhibits.one('key-proof'), tokenBytes))
    return refuse('bad_key_proof', 'The job did not prove that it holds the key it named.')
  return describeJob(claims)
}

/** The job signs SHA-256 of its token with the key that it names, so that a copied token cannot be bound to another key. */
function provesKey(jobKey: string, proof: Uint8Array | undefined, token: Uint8Array): boolean {
  const isProof = attempt(() => {
    const key = createPublicKey({ key: Buffer.from(base64.decode(jobKey)), format: 'der', type: 'spki' })
    return key.asymmetricKeyType === 'ed25519' && proof !== undefined && verify(null, sha256(token), key, proof)
  })
  return isProof ?? false
}

/** As the CI says it: which registered repository that is, the rules decide on the newest state. */
function describeJob(claims: TokenClaims): JobClaims | Refusal {
  const {
    issuer,
    tokenId,
    expiresAt,
    repositoryId,
    repository,
    commit,
    ref,
    workflowRef,
    runId,
    runAttempt,
    jobId,
    eventName,
    environment,
    runnerEnvironment,
  } = claims
  if (!repository || !runId) return refuse('claims_missing', 'The CI token names no repository or no run.')
  const identity = [issuer, repositoryId ?? repository, runId, runAttempt ?? '', jobId ?? ''].join('\n')
  const job = jobFacts.safeParse({
    issuer,
    tokenDigest: digestOf(utf8.encode(`${issuer}\n${tokenId}`)),
    tokenExpiresAt: expiresAt,
    repository,
    runId,
    ...(repositoryId !== undefined && { ciRepositoryId: repositoryId }),
    ...(commit !== undefined && { commit }),
    ...(ref !== undefined && { ref }),
    ...(workflowRef !== undefined && { workflow: workflowRef }),
    ...(runAttempt !== undefined && { runAttempt }),
    ...(eventName !== undefined && { eventName }),
    ...(environment !== undefined && { environment }),
    ...(runnerEnvironment !== undefined && { runnerEnvironment }),
  })
  if (!job.success)
    return refuse(
      'claims_unusable',
      `The CI token’s ${String(job.error.issues[0]?.path[0])} is not of a form known here.`,
    )
  return { principal: `job:${hex.encode(sha256(utf8.encode(identity))).slice(0, 20)}`, job: job.data }
}

type EnrolKey = Extract<Command, { type: 'enrol key' }>

async function claimKey({ format, publicKey }: EnrolKey, exhibits: Exhibits): Promise<KeyClaims | Refusal> {
  const bytes = exhibits.one('public-key')
  if (!bytes || digestOf(bytes) !== publicKey) return refuse('malformed', 'The public key is missing.')
  const key =
    format === 'ssh' ? parseSshPublicKey(attempt(() => utf8.decode(bytes)) ?? '') : await parseOpenpgpPublicKey(bytes)
  return isRefusal(key) ? key : { fingerprint: key.fingerprint }
}

type ActivatePolicy = Extract<Command, { type: 'activate policy' }>

/** Policies are in force as they were validated: the digest is that of the very files, and the identifiers are theirs. */
function claimPolicy({ digest, ids }: ActivatePolicy, files: unknown): PolicyClaims {
  const loaded = files === undefined ? [] : loadPolicies(files as PolicyFiles)
  if (Array.isArray(loaded) || loaded.digest !== digest || loaded.ids.join('\n') !== ids.join('\n'))
    return { isValid: false }
  return { isValid: keepsAdministrators(loaded) }
}
