/** A passkey's assertion, verified: the holder of this credential said yes to exactly this challenge, on our own page. */

import { verify } from 'node:crypto'

import { equal, sha256 } from '../bytes/digest.ts'
import { utf8 } from '../bytes/text.ts'
import {
  assertionResponse,
  decodeBytes,
  parseAuthenticatorData,
  parseClientData,
  type AssertionResponse,
  type AuthenticatorData,
  type ClientData,
} from './passkey-data.ts'
import { importPublicKey, type PublicJwk } from './public-key.ts'
import { attempt, quoted, refuse, type Refusal } from './refusal.ts'

export { verifyRegistration } from './passkey-registration.ts'
export { assertionResponse, registrationResponse } from './passkey-data.ts'
export type { AssertionResponse, RegistrationResponse } from './passkey-data.ts'

export type PasskeyCredential = {
  /** base64url, as the authenticator named it. */
  readonly credentialId: string
  readonly publicKey: PublicJwk
  /** The counter seen last; 0 for authenticators that do not count. */
  readonly signCount: number
}

export type PasskeyExpectation = {
  /** The bytes the person was asked to sign, 16 to 64 of them. */
  readonly challenge: Uint8Array
  /** The exact origins of our own pages, such as `https://countersign.example`. */
  readonly origins: readonly string[]
  readonly rpId: string
  /** Whether the authenticator must have checked PIN or fingerprint. Default true. */
  readonly requireUserVerification?: boolean | undefined
}

export type AssertionClaims = {
  readonly credentialId: string
  readonly signCount: number
  /** The counter did not grow: the authenticator may have been cloned. A fact for policy, not a refusal. */
  readonly signCountRegressed: boolean
  readonly userVerified: boolean
  readonly deviceBound: boolean
  readonly backedUp: boolean
  readonly origin: string
}

export type AssertionRefusal = Refusal<
  | 'malformed'
  | 'wrong_credential'
  | 'wrong_type'
  | 'wrong_challenge'
  | 'wrong_origin'
  | 'cross_origin'
  | 'wrong_rp_id'
  | 'user_not_present'
  | 'user_not_verified'
  | 'bad_signature'
>

/**
 * WebAuthn Level 3, section 7.2, by hand on node:crypto, so that an auditor needs no library. Takes the JSON form of the
 * browser's answer (closed and bounded; anything else is `malformed`). Never throws.
 */
export function verifyAssertion(
  response: unknown,
  expected: PasskeyExpectation & { readonly credential: PasskeyCredential },
): AssertionClaims | AssertionRefusal {
  const parsed = attempt(() => parseAssertion(response))
  if (!parsed) return refuse('malformed', 'The passkey’s answer is not a WebAuthn assertion.')
  const { assertion, client, authenticator, signedBytes, signature } = parsed
  const { credential } = expected

  if (assertion.id !== credential.credentialId || assertion.rawId !== assertion.id) {
    return refuse('wrong_credential', 'The answer came from another passkey than the one expected.')
  }
  const problem = judgeClient(client, 'webauthn.get', expected) ?? judgeAuthenticator(authenticator, expected)
  if (problem) return problem
  if (!isSignedBy(credential.publicKey, signedBytes, signature)) {
    return refuse('bad_signature', 'The passkey’s signature does not verify.')
  }
  return translate(authenticator, client, credential)
}

function parseAssertion(response: unknown) {
  const assertion: AssertionResponse = assertionResponse.parse(response)
  const clientBytes = decodeBytes(assertion.response.clientDataJSON)
  const authenticatorBytes = decodeBytes(assertion.response.authenticatorData)
  return {
    assertion,
    client: parseClientData(clientBytes),
    authenticator: parseAuthenticatorData(authenticatorBytes),
    // WebAuthn, 7.2 step 24: "the binary concatenation of authData and hash"
    signedBytes: Buffer.concat([authenticatorBytes, sha256(clientBytes)]),
    signature: decodeBytes(assertion.response.signature),
  }
}

/** What the browser vouches for: the ceremony, the challenge, and the page it ran on. */
function judgeClient(client: ClientData, type: string, { challenge, origins }: PasskeyExpectation) {
  if (client.type !== type)
    return refuse('wrong_type', `The passkey was used for ${quoted(client.type)}, not for ${quoted(type)}.`)
  const signed = attempt(() => decodeBytes(client.challenge))
  if (!signed || challenge.length < 16 || !equal(signed, challenge)) {
    return refuse('wrong_challenge', 'The passkey signed something other than what was asked.')
  }
  if (!origins.includes(client.origin)) {
    return refuse('wrong_origin', `The passkey was used on ${quoted(client.origin)}, which is not ours.`)
  }
  if (client.crossOrigin === true || client.topOrigin !== undefined) {
    return refuse('cross_origin', 'The passkey was used inside a frame of another page.')
  }
  return undefined
}

function judgeAuthenticator(
  authenticator: AuthenticatorData,
  { rpId, requireUserVerification = true }: PasskeyExpectation,
) {
  if (!equal(authenticator.rpIdHash, sha256(utf8.encode(rpId)))) {
    return refuse('wrong_rp_id', `The passkey answered for another relying party than ${quoted(rpId)}.`)
  }
  if (!authenticator.userPresent) return refuse('user_not_present', 'Nobody touched the authenticator.')
  if (requireUserVerification && !authenticator.userVerified) {
    return refuse('user_not_verified', 'The authenticator did not check who used it.')
  }
  return undefined
}

function isSignedBy(jwk: PublicJwk, bytes: Uint8Array, signature: Uint8Array): boolean {
  return attempt(() => verify(jwk.kty === 'OKP' ? null : 'sha256', bytes, importPublicKey(jwk), signature)) ?? false
}

function translate(
  authenticator: AuthenticatorData,
  client: ClientData,
  credential: PasskeyCredential,
): AssertionClaims {
  const { signCount, userVerified, deviceBound, backedUp } = authenticator
  // WebAuthn, 7.2 step 25: only a pair of zeros says that the authenticator does not count.
  const counts = signCount !== 0 || credential.signCount !== 0
  return {
    credentialId: credential.credentialId,
    signCount,
    signCountRegressed: counts && signCount <= credential.signCount,
    userVerified,
    deviceBound,
    backedUp,
    origin: client.origin,
  }
}
