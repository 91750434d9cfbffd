/**
 * HTTP Message Signatures (RFC 9421), the one profile that we speak: Ed25519 over method and target of a request without a
 * body. A signature says who asks for exactly this, at this authority, at that second.
 *
 *     Signature-Input: log=("@method" "@target-uri");created=1795442531;keyid="log.example+33d7b496";alg="ed25519"
 *     Signature: log=:…86 characters of base64…==:
 */

import { base64, utf8 } from '../bytes/text.ts'

export interface SignedRequest {
  /** Upper case, as it stands in the request line. */
  readonly method: string
  /** The absolute URI, as the sender wrote it. */
  readonly targetUri: string
  /** POSIX seconds. */
  readonly created: number
  /** Printable ASCII without quotes and backslashes, up to 256 characters. */
  readonly keyId: string
}

/** What a request claims about its signature, not yet believed. */
export interface ClaimedSignature {
  readonly created: number
  readonly keyId: string
  readonly signature: Uint8Array
  /** The bytes that must have been signed if this request is the one that was signed. */
  base(method: string, targetUri: string): Uint8Array
}

export interface SignatureFields {
  readonly 'signature-input': string
  readonly signature: string
}

const LABEL = 'log'
const KEY_ID = /^[ !#-[\]-~]{1,256}$/
const INPUT = /^log=(\("@method" "@target-uri"\);created=(\d{1,12});keyid="([ !#-[\]-~]{1,256})";alg="ed25519")$/
const SIGNATURE = /^log=:([A-Za-z0-9+/]{86}==):$/

/** The two header fields. Throws a TypeError for a key id or an instant that they cannot hold. */
export function signRequest(request: SignedRequest, sign: (base: Uint8Array) => Uint8Array): SignatureFields {
  const { method, targetUri, created, keyId } = request
  if (!KEY_ID.test(keyId)) throw new TypeError('a key id in a signature is 1 to 256 printable ASCII characters')
  if (!Number.isSafeInteger(created) || created < 0) throw new TypeError('a signature is created at a POSIX second')
  const parameters = `("@method" "@target-uri");created=${created};keyid="${keyId}";alg="ed25519"`
  const signature = sign(formatBase(method, targetUri, parameters))
  return { 'signature-input': `${LABEL}=${parameters}`, signature: `${LABEL}=:${base64.encode(signature)}:` }
}

/** Reads the two fields. Undefined for anything but this profile in this spelling: one signature, over these two components. */
export function parseSignature(input: string | undefined, signature: string | undefined): ClaimedSignature | undefined {
  const [, parameters, created = '', keyId] = INPUT.exec(input ?? '') ?? []
  const [, encoded] = SIGNATURE.exec(signature ?? '') ?? []
  if (parameters === undefined || keyId === undefined || encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  if (base64.encode(bytes) !== encoded) return undefined
  return {
    created: Number(created),
    keyId,
    signature: bytes,
    base: (method, targetUri) => formatBase(method, targetUri, parameters),
  }
}

// RFC 9421, 2.5: one line for each component, "@signature-params" last, and no newline after it.
function formatBase(method: string, targetUri: string, parameters: string): Uint8Array {
  return utf8.encode(`"@method": ${method}\n"@target-uri": ${targetUri}\n"@signature-params": ${parameters}`)
}
