/**
 * From evidence to claims: which bytes prove what a command relies on. Live traffic and replay both come through here, so what
 * was believed once is believed again from the same bytes, or the difference shows.
 */

import { digestOf } from '../bytes/digest.ts'
import { parse } from '../bytes/json.ts'
import { base64url, utf8 } from '../bytes/text.ts'
import { parseOpenpgpPublicKey } from '../evidence/openpgp.ts'
import { verifyAssertion, verifyRegistration } from '../evidence/passkey.ts'
import { attempt, isRefusal, refuse, type Refusal } from '../evidence/refusal.ts'
import { parseSshPublicKey } from '../evidence/ssh-key.ts'
import type { AssertionClaims } from './approval.ts'
import * as breakglass from './breakglass.ts'
import type { BuildClaims } from './build.ts'
import { claimBuild } from './claims-of-build.ts'
import { claimCommits } from './claims-of-commits.ts'
import { claimJob } from './claims-of-job.ts'
import { claimIdentity, claimLogout } from './claims-of-identity.ts'
import { claimPolicy, claimPolicyAnswer } from './claims-of-policy.ts'
import { claimStamp } from './claims-of-stamp.ts'
import type { Command } from './command.ts'
import * as erasure from './erasure.ts'
import type { Claimed } from './commit.ts'
import type { KeyClaims } from './key.ts'
import type { IdentityClaims } from './identity.ts'
import type { LogoutClaims } from './idp.ts'
import type { StampClaims } from './log.ts'
import * as policy from './policy.ts'
import type { Evidence } from './leaf.ts'
import type { JobClaims, PasskeyClaims } from './login.ts'
import type { EnrolClaims } from './principal.ts'
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
  | policy.PolicyClaims
  | policy.PolicyAnswerClaims
  | StampClaims
  | IdentityClaims
  | LogoutClaims
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
    case 'open idp login':
    case 'accept identity':
      return claimIdentity(command.issuer, command.nonce, exhibits, state, at)
    case 'end idp logins':
      return claimLogout(command.issuer, exhibits, state, at)
    case 'open job login':
      return claimRun(command, command.jobKey, exhibits, state, at)
    case 'renew job login':
      return claimRun(command, state.logins.get(callerLogin ?? '')?.jobKey, exhibits, state, at)
    case 'enrol key':
      return claimKey(command, exhibits)
    case 'give approval':
    case 'decline release':
      return claimApproval(command.release, exhibits, state)
    case 'break glass':
      return claimBreak(command.release, exhibits, state)
    case 'review break-glass':
      return claimReview(command, exhibits, state)
    case 'agree to erasure':
    case 'decline erasure':
      return claimAgreement(command.asked, exhibits, state)
    case 'attest build':
      return claimBuild(exhibits.one('provenance'), state.logins.get(callerLogin ?? '')?.jobKey, at)
    case 'activate policy':
      return claimPolicy(command, jsonOf(exhibits.one('policies')), state)
    case 'agree to policy':
    case 'decline policy':
      return claimPolicyStep(command.asked, exhibits, state)
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
  if (isRefusal(claims)) return claims
  const isDeviceBound = claims.deviceBound && !passkey.isSoftware
  return { credentialId, isUserVerified: claims.userVerified, isDeviceBound, isOverStatement: true }
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

function claimBreak(release: string, exhibits: Exhibits, state: ReadonlyState): AssertionClaims | Refusal | undefined {
  const asked = state.releases.get(release)
  return asked && claimStatement(breakglass.breakText(asked, state), exhibits, state)
}

type Review = Extract<Command, { type: 'review break-glass' }>

function claimReview(
  { breakglass: id, verdict }: Review,
  exhibits: Exhibits,
  state: ReadonlyState,
): AssertionClaims | Refusal | undefined {
  const open = state.breakglasses.get(id)
  const asked = open && state.releases.get(open.release)
  return asked && claimStatement(breakglass.reviewText(open, asked, verdict, state), exhibits, state)
}

function claimPolicyStep(
  leafIndex: number,
  exhibits: Exhibits,
  state: ReadonlyState,
): policy.PolicyAnswerClaims | Refusal | undefined {
  const asked = state.waitingPolicies.get(String(leafIndex))
  const proof = asked && claimStatement(policy.textOf(asked, state), exhibits, state)
  return proof && claimPolicyAnswer(asked, proof, jsonOf(exhibits.one('policies')), state)
}

/** A signature over another statement is a verified person's mistake, or an attack on them: claimed as such, and refused in a leaf. */
function claimStatement(text: string, exhibits: Exhibits, state: ReadonlyState): AssertionClaims | Refusal {
  const claims = claimAssertion(exhibits, challengeOf(text), state)
  if (!isRefusal(claims)) return claims
  const id = String((jsonOf(exhibits.one('passkey-assertion')) as { id?: unknown } | undefined)?.id)
  if (claims.refused !== 'wrong_challenge') return claims
  return { credentialId: id, isUserVerified: false, isOverStatement: false }
}

/** `jobKey`: as the job names it when it signs in, and as its login has it afterwards. */
function claimRun(
  { issuer }: { readonly issuer: string },
  jobKey: string | undefined,
  { one }: Exhibits,
  state: ReadonlyState,
  at: number,
): Promise<JobClaims | Refusal> | undefined {
  const exhibits = { token: one('ci-token'), issuerKeys: one('issuer-keys'), keyProof: one('key-proof') }
  return jobKey === undefined ? undefined : claimJob({ issuer, jobKey }, exhibits, state, at)
}

type EnrolKey = Extract<Command, { type: 'enrol key' }>

async function claimKey({ format, publicKey }: EnrolKey, exhibits: Exhibits): Promise<KeyClaims | Refusal> {
  const bytes = exhibits.one('public-key')
  if (!bytes || digestOf(bytes) !== publicKey) return refuse('malformed', 'The public key is missing.')
  const key =
    format === 'ssh' ? parseSshPublicKey(attempt(() => utf8.decode(bytes)) ?? '') : await parseOpenpgpPublicKey(bytes)
  return isRefusal(key) ? key : { fingerprint: key.fingerprint }
}
