/** Passkeys of this browser, asked for and answered in the JSON forms of WebAuthn level 3 (section 5.1). */

import { formatBase64Url, parseBase64Url } from '../verify/bytes.ts'

export type Challenge = { readonly challenge: string; readonly rpId: string }

/** The person closed the dialog, has no passkey here, or the browser has none at all: one sentence each. */
export class PasskeyTrouble extends Error {}

/** An AuthenticationResponseJSON over `challenge`; an empty `credentialIds` lets the person pick any passkey of this site. */
export async function assert(asked: Challenge, credentialIds: readonly string[] = []): Promise<unknown> {
  const credential = await reach(() =>
    navigator.credentials.get({
      publicKey: {
        challenge: parseBase64Url(asked.challenge),
        rpId: asked.rpId,
        userVerification: 'required',
        timeout: 120_000,
        allowCredentials: credentialIds.map((id) => ({ type: 'public-key' as const, id: parseBase64Url(id) })),
      },
    }),
  )
  const response = credential.response as AuthenticatorAssertionResponse
  return {
    ...identify(credential),
    response: {
      clientDataJSON: spell(response.clientDataJSON),
      authenticatorData: spell(response.authenticatorData),
      signature: spell(response.signature),
      ...(response.userHandle ? { userHandle: spell(response.userHandle) } : {}),
    },
  }
}

export type NewPasskey = Challenge & { readonly userId: string; readonly name: string; readonly displayName: string }

/** A RegistrationResponseJSON for a new discoverable, user-verifying passkey: ES256, Ed25519 or RS256. */
export async function register(asked: NewPasskey): Promise<unknown> {
  const credential = await reach(() =>
    navigator.credentials.create({
      publicKey: {
        challenge: parseBase64Url(asked.challenge),
        rp: { id: asked.rpId, name: 'Countersign' },
        user: { id: parseBase64Url(asked.userId), name: asked.name, displayName: asked.displayName },
        pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: 'public-key' as const, alg })),
        authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
        attestation: 'none',
        timeout: 120_000,
      },
    }),
  )
  const response = credential.response as AuthenticatorAttestationResponse
  const publicKey = response.getPublicKey()
  return {
    ...identify(credential),
    response: {
      clientDataJSON: spell(response.clientDataJSON),
      attestationObject: spell(response.attestationObject),
      authenticatorData: spell(response.getAuthenticatorData()),
      transports: response.getTransports(),
      publicKeyAlgorithm: response.getPublicKeyAlgorithm(),
      ...(publicKey ? { publicKey: spell(publicKey) } : {}),
    },
  }
}

function identify(credential: PublicKeyCredential) {
  const attachment = credential.authenticatorAttachment
  return {
    id: credential.id,
    rawId: spell(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    ...(attachment ? { authenticatorAttachment: attachment } : {}),
  }
}

async function reach(work: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  if (!('PublicKeyCredential' in globalThis))
    throw new PasskeyTrouble('This browser knows no passkeys, or the page was not opened over https or at localhost.')
  try {
    const credential = await work()
    if (credential instanceof PublicKeyCredential) return credential
  } catch (error) {
    throw new PasskeyTrouble(explain(error))
  }
  throw new PasskeyTrouble('No passkey was chosen.')
}

function explain(error: unknown): string {
  const name = error instanceof Error ? error.name : ''
  if (name === 'NotAllowedError') return 'The passkey was not used: the prompt was closed, or it took too long.'
  if (name === 'InvalidStateError') return 'This device already holds a passkey for this person.'
  if (name === 'SecurityError')
    return 'Passkeys of this server do not work at this address. Open it under its own name.'
  return 'The passkey could not be used on this device.'
}

function spell(bytes: ArrayBuffer): string {
  return formatBase64Url(new Uint8Array(bytes))
}
