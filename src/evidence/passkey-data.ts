/** The bytes a passkey signs (W3C WebAuthn Level 3), taken apart strictly. Nothing here is verified yet. */

import { parse } from '../bytes/json.ts'
import * as z from '../bytes/schema.ts'
import { base64url, utf8 } from '../bytes/text.ts'

const bytesOf = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(Math.ceil((maxLength * 4) / 3))
    .regex(/^[A-Za-z0-9_-]+$/)

// Not signed, not used; carried because browsers send it.
const extensionResults = z.record(z.string().max(64), z.json()).refine((value) => JSON.stringify(value).length <= 4096)

const envelope = {
  id: bytesOf(1023),
  rawId: bytesOf(1023),
  type: z.literal('public-key'),
  authenticatorAttachment: z.enum(['platform', 'cross-platform']).optional(),
  clientExtensionResults: extensionResults,
}

/** `AuthenticationResponseJSON` of the browser's `PublicKeyCredential.toJSON()`; byte strings are base64url. */
export const assertionResponse = z.strictObject({
  ...envelope,
  response: z.strictObject({
    clientDataJSON: bytesOf(4096),
    authenticatorData: bytesOf(4096),
    signature: bytesOf(1024),
    userHandle: bytesOf(64).nullish(),
  }),
})

/** `RegistrationResponseJSON` of the browser; what repeats parts of the attestation object is accepted and not used. */
export const registrationResponse = z.strictObject({
  ...envelope,
  response: z.strictObject({
    clientDataJSON: bytesOf(4096),
    attestationObject: bytesOf(8192),
    authenticatorData: bytesOf(4096).optional(),
    transports: z.array(z.string().max(32)).max(16).optional(),
    publicKey: bytesOf(2048).nullish(),
    publicKeyAlgorithm: z.number().int().optional(),
  }),
})

export type AssertionResponse = z.infer<typeof assertionResponse>
export type RegistrationResponse = z.infer<typeof registrationResponse>

// WebAuthn, 5.8.1.1: "future versions may add additional fields", so this one object is open.
const clientData = z.looseObject({
  type: z.string().max(64),
  challenge: bytesOf(1024),
  origin: z.string().max(512),
  crossOrigin: z.boolean().optional(),
  topOrigin: z.string().max(512).optional(),
})

export type ClientData = z.infer<typeof clientData>

/** Throws when the bytes are not JSON of a collected client data object. */
export function parseClientData(bytes: Uint8Array): ClientData {
  return clientData.parse(parse(utf8.decode(bytes)))
}

export type AuthenticatorData = {
  readonly rpIdHash: Uint8Array
  readonly userPresent: boolean
  readonly userVerified: boolean
  /** A credential that is not backup eligible never leaves its authenticator. */
  readonly deviceBound: boolean
  readonly backedUp: boolean
  readonly signCount: number
}

const USER_PRESENT = 0x01
const USER_VERIFIED = 0x04
const BACKUP_ELIGIBLE = 0x08
const BACKUP_STATE = 0x10
const ATTESTED_CREDENTIAL = 0x40
const EXTENSIONS = 0x80

/**
 * Parses what an assertion signs; throws when its length and its flags disagree.
 *
 *     32 bytes SHA-256 of the RP ID | 1 byte flags | 4 bytes signature counter | extensions, if the flag says so
 */
export function parseAuthenticatorData(bytes: Uint8Array): AuthenticatorData {
  if (bytes.length < 37) throw new RangeError('authenticator data ends early')
  const flags = bytes[32]!
  if (flags & ATTESTED_CREDENTIAL) throw new SyntaxError('an assertion carries no attested credential')
  if (bytes.length > 37 !== (flags & EXTENSIONS) > 0) throw new SyntaxError('authenticator data has trailing bytes')
  // WebAuthn, 6.1.3: a credential that is not backup eligible cannot be backed up.
  if (flags & BACKUP_STATE && !(flags & BACKUP_ELIGIBLE)) throw new SyntaxError('backed up but not backup eligible')
  return {
    rpIdHash: bytes.subarray(0, 32),
    userPresent: (flags & USER_PRESENT) > 0,
    userVerified: (flags & USER_VERIFIED) > 0,
    deviceBound: (flags & BACKUP_ELIGIBLE) === 0,
    backedUp: (flags & BACKUP_STATE) > 0,
    signCount: Buffer.from(bytes.subarray(33, 37)).readUInt32BE(),
  }
}

export const decodeBytes = base64url.decode
