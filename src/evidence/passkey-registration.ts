/** A new passkey, verified: the credential was made just now, on our own page, for this challenge, and holds this public key. */

import { base64url } from '../bytes/text.ts'
import { decodeBytes, parseClientData, registrationResponse, type RegistrationResponse } from './passkey-data.ts'
import { importPublicKey, publicJwk, type PublicJwk } from './public-key.ts'
import { attempt, refuse, type Refusal } from './refusal.ts'

export type RegistrationClaims = {
  /** base64url. */
  readonly credentialId: string
  readonly publicKey: PublicJwk
  readonly algorithm: 'ES256' | 'EdDSA' | 'RS256'
  readonly signCount: number
  readonly userVerified: boolean
  readonly deviceBound: boolean
  readonly backedUp: boolean
  /** The authenticator's model as it claims it; all zeros when it does not tell. Proves nothing without attestation. */
  readonly aaguid: string
  readonly origin: string
}

export type RegistrationRefusal = Refusal<
  'malformed' | 'cross_origin' | 'unsupported_attestation' | 'unsupported_key' | 'wrong_credential' | 'not_verified'
>

const COSE_ALGORITHMS = new Map([
  [-7, 'ES256'],
  [-8, 'EdDSA'],
  [-257, 'RS256'],
] as const)

/** Loaded when the first passkey is registered: it takes 0.1 s, and those who only verify assertions never need it. */
async function loadLibrary() {
  const [server, helpers] = await Promise.all([
    import('@simplewebauthn/server'),
    import('@simplewebauthn/server/helpers'),
  ])
  return { ...server, ...helpers }
}

type Library = Awaited<ReturnType<typeof loadLibrary>>

/**
 * WebAuthn Level 3, section 7.1. Accepts attestation `none` and self attestation only: certificate chains would make the
 * verdict depend on the clock and the network. Never throws.
 */
export async function verifyRegistration(
  response: unknown,
  expected: {
    readonly challenge: Uint8Array
    readonly origins: readonly string[]
    readonly rpId: string
    readonly requireUserVerification?: boolean | undefined
  },
): Promise<RegistrationClaims | RegistrationRefusal> {
  const library = await loadLibrary()
  const parsed = attempt(() => parseRegistration(response, library))
  if (!parsed) return refuse('malformed', 'The passkey’s answer is not a WebAuthn registration.')
  if (parsed.client.crossOrigin === true || parsed.client.topOrigin !== undefined) {
    return refuse('cross_origin', 'The passkey was made inside a frame of another page.')
  }
  if (!parsed.isSelfContained) {
    return refuse('unsupported_attestation', `Attestation of format ${parsed.format} is not accepted; ask for "none".`)
  }
  const info = await verifyWithLibrary(library, parsed.registration, expected)
  if ('refused' in info) return info
  if (info.credential.id !== parsed.registration.id) {
    return refuse('wrong_credential', 'The answer names another passkey than the one it made.')
  }
  const key = attempt(() => keyOf(library.decodeCredentialPublicKey(new Uint8Array(info.credential.publicKey))))
  if (!key) return refuse('unsupported_key', 'The passkey’s key is not ES256, Ed25519 or RS256.')
  return {
    credentialId: info.credential.id,
    ...key,
    signCount: info.credential.counter,
    userVerified: info.userVerified,
    deviceBound: info.credentialDeviceType === 'singleDevice',
    backedUp: info.credentialBackedUp,
    aaguid: info.aaguid,
    origin: info.origin,
  }
}

function parseRegistration(response: unknown, { decodeAttestationObject }: Library) {
  const registration = registrationResponse.parse(response)
  const attestation = decodeAttestationObject(new Uint8Array(decodeBytes(registration.response.attestationObject)))
  const format = attestation.get('fmt')
  const hasChain = attestation.get('attStmt').get('x5c') !== undefined
  return {
    registration,
    client: parseClientData(decodeBytes(registration.response.clientDataJSON)),
    format,
    isSelfContained: format === 'none' || (format === 'packed' && !hasChain),
  }
}

async function verifyWithLibrary(
  library: Library,
  registration: RegistrationResponse,
  { challenge, origins, rpId, requireUserVerification = true }: Parameters<typeof verifyRegistration>[1],
) {
  const { id, rawId, type, response } = registration
  try {
    const { registrationInfo } = await library.verifyRegistrationResponse({
      response: { id, rawId, type, clientExtensionResults: {}, response: { ...pick(response) } },
      expectedChallenge: base64url.encode(challenge),
      expectedOrigin: [...origins],
      expectedRPID: rpId,
      requireUserVerification,
      supportedAlgorithmIDs: [...COSE_ALGORITHMS.keys()],
    })
    return registrationInfo ?? refuse('not_verified', 'The passkey’s self attestation does not verify.')
  } catch (error) {
    // The library's sentence names the check that failed (challenge, origin, RP ID, flags, algorithm).
    return refuse(
      'not_verified',
      `The passkey could not be registered: ${String((error as Error).message).slice(0, 300)}.`,
    )
  }
}

function pick({ clientDataJSON, attestationObject }: RegistrationResponse['response']) {
  return { clientDataJSON, attestationObject }
}

/** Throws for other algorithms, types, curves and points off the curve. */
function keyOf(cose: object): { publicKey: PublicJwk; algorithm: RegistrationClaims['algorithm'] } {
  const map = cose as Map<number, unknown>
  const algorithm = COSE_ALGORITHMS.get(map.get(3) as -7)
  const publicKey = publicJwk.parse(jwkOf(map, algorithm))
  importPublicKey(publicKey)
  return { publicKey, algorithm: algorithm! }
}

/** RFC 9053, section 7: COSE key parameters by their labels. */
function jwkOf(map: Map<number, unknown>, algorithm: RegistrationClaims['algorithm'] | undefined) {
  const [type, curve] = [map.get(1), map.get(-1)]
  const text = (label: number) => base64url.encode(map.get(label) as Uint8Array)
  if (algorithm === 'ES256' && type === 2 && curve === 1) return { kty: 'EC', crv: 'P-256', x: text(-2), y: text(-3) }
  if (algorithm === 'EdDSA' && type === 1 && curve === 6) return { kty: 'OKP', crv: 'Ed25519', x: text(-2) }
  if (algorithm === 'RS256' && type === 3) return { kty: 'RSA', n: text(-1), e: text(-2) }
  return undefined
}
