/**
 * A software authenticator: a passkey whose private key lives in this process, for the CLI and for places without a browser.
 *
 * It answers as WebAuthn authenticators do, but nobody touched anything: whoever has the file is the person. It says so by
 * its AAGUID, and everything that shows such a passkey must label it "software".
 */

import { createPrivateKey, generateKeyPairSync, randomBytes, sign, type JsonWebKey } from 'node:crypto'

import { sha256 } from '../bytes/digest.ts'
import { base64url, utf8 } from '../bytes/text.ts'
import type { AssertionResponse, RegistrationResponse } from '../evidence/passkey.ts'

/** "countersign soft": how a software passkey can be told from hardware, as long as it does not lie. */
export const SOFTWARE_AAGUID = '636f756e-7465-7273-6967-6e20736f6674'

/** All there is to a software passkey, secret included: keep it in a file of mode 0600. */
export type SoftwarePasskey = {
  readonly kind: 'software'
  readonly credentialId: string
  readonly rpId: string
  readonly privateKey: JsonWebKey
  /** Raised by every use; the caller stores the raised value. */
  readonly signCount: number
}

export type Ceremony = { readonly challenge: Uint8Array; readonly origin: string }

/** A fresh ES256 credential for one relying party. */
export function createSoftwarePasskey(rpId: string): SoftwarePasskey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const credentialId = base64url.encode(randomBytes(32))
  return { kind: 'software', credentialId, rpId, privateKey: privateKey.export({ format: 'jwk' }), signCount: 0 }
}

/** Answers a registration ceremony, with attestation `none`. */
export function register(passkey: SoftwarePasskey, { challenge, origin }: Ceremony): RegistrationResponse {
  const authenticatorData = Buffer.concat([header(passkey, 0x45), attestedCredential(passkey)])
  const attestationObject = cborMap([
    [cborText('fmt'), cborText('none')],
    [cborText('attStmt'), cborMap([])],
    [cborText('authData'), cborBytes(authenticatorData)],
  ])
  return {
    ...envelope(passkey),
    response: {
      clientDataJSON: base64url.encode(clientData('webauthn.create', challenge, origin)),
      attestationObject: base64url.encode(attestationObject),
      transports: ['internal'],
    },
  }
}

/** Signs a challenge: the answer, and the passkey with its raised counter. */
export function assert(
  passkey: SoftwarePasskey,
  { challenge, origin }: Ceremony,
): { readonly response: AssertionResponse; readonly passkey: SoftwarePasskey } {
  const used = { ...passkey, signCount: passkey.signCount + 1 }
  const client = clientData('webauthn.get', challenge, origin)
  const authenticatorData = header(used, 0x05)
  const key = createPrivateKey({ key: passkey.privateKey, format: 'jwk' })
  const signature = sign('sha256', Buffer.concat([authenticatorData, sha256(client)]), key)
  return {
    passkey: used,
    response: {
      ...envelope(passkey),
      response: {
        clientDataJSON: base64url.encode(client),
        authenticatorData: base64url.encode(authenticatorData),
        signature: base64url.encode(signature),
      },
    },
  }
}

function envelope({ credentialId }: SoftwarePasskey) {
  return {
    id: credentialId,
    rawId: credentialId,
    type: 'public-key' as const,
    authenticatorAttachment: 'platform' as const,
    clientExtensionResults: {},
  }
}

function clientData(type: string, challenge: Uint8Array, origin: string): Uint8Array {
  return utf8.encode(JSON.stringify({ type, challenge: base64url.encode(challenge), origin, crossOrigin: false }))
}

function header({ rpId, signCount }: SoftwarePasskey, flags: number): Uint8Array {
  const counter = Buffer.alloc(4)
  counter.writeUInt32BE(signCount)
  return Buffer.concat([sha256(utf8.encode(rpId)), Buffer.from([flags]), counter])
}

function attestedCredential({ credentialId, privateKey }: SoftwarePasskey): Uint8Array {
  const id = base64url.decode(credentialId)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(id.length)
  return Buffer.concat([Buffer.from(SOFTWARE_AAGUID.replaceAll('-', ''), 'hex'), length, id, coseKey(privateKey)])
}

/** RFC 9053, 7.1.1: {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y} */
function coseKey({ x, y }: JsonWebKey): Uint8Array {
  const head = Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01])
  const labelled = (label: number, value: string) => [Buffer.from([label]), cborBytes(base64url.decode(value))]
  return Buffer.concat([head, ...labelled(0x21, x!), ...labelled(0x22, y!)])
}

// RFC 8949 in as much as is written here: lengths up to 65,535.
function cborHead(major: number, length: number): Uint8Array {
  if (length < 24) return Buffer.from([(major << 5) | length])
  if (length < 256) return Buffer.from([(major << 5) | 24, length])
  return Buffer.from([(major << 5) | 25, length >> 8, length & 255])
}

function cborBytes(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([cborHead(2, bytes.length), bytes])
}

function cborText(text: string): Uint8Array {
  const bytes = utf8.encode(text)
  return Buffer.concat([cborHead(3, bytes.length), bytes])
}

function cborMap(members: readonly (readonly [Uint8Array, Uint8Array])[]): Uint8Array {
  return Buffer.concat([cborHead(5, members.length), ...members.flat()])
}
