/**
 * A DSSE envelope (secure-systems-lab/dsse, protocol v1.0.2), verified: one of our trusted keys signed exactly this payload of
 * exactly this type.
 *
 *     {"payload":"eyJfdHlwZSI6...","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"","sig":"MEUC..."}]}
 */

import { createPublicKey, verify, type KeyObject } from 'node:crypto'

import { parse } from '../bytes/json.ts'
import * as z from '../bytes/schema.ts'
import { base64, base64url, utf8 } from '../bytes/text.ts'
import { attempt, quoted, refuse, type Refusal } from './refusal.ts'

export type TrustedEnvelopeKey = {
  /** The caller's own name for the key; comes back in the claims. */
  readonly keyId: string
  /** Ed25519 or ECDSA on a NIST curve, as SPKI DER. */
  readonly publicKey: Uint8Array
  /** ms, inclusive. */
  readonly validFrom?: number | undefined
  /** ms, exclusive. */
  readonly validUntil?: number | undefined
}

export type EnvelopeClaims = { readonly payload: Uint8Array; readonly keyId: string }

export type EnvelopeRefusal = Refusal<
  'malformed' | 'too_large' | 'unsupported_payload' | 'key_not_valid' | 'bad_signature'
>

export const MAX_ENVELOPE_SIZE = 1_048_576

const envelope = z.strictObject({
  payload: z.string().min(1),
  payloadType: z.string().min(1).max(256),
  // DSSE allows several signatures; one that nobody checked would look like one that somebody did.
  signatures: z
    .array(z.strictObject({ sig: z.string().min(1).max(2048), keyid: z.string().max(1024).optional() }))
    .length(1),
})

/** DSSE v1 pre-authentication encoding: the bytes that are signed. `type` must be ASCII. */
export function pae(type: string, payload: Uint8Array): Uint8Array {
  return Buffer.concat([utf8.encode(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload])
}

/** JSON bytes of an envelope with one signature; `sign` gets the PAE and returns Ed25519's 64 bytes or ECDSA in DER. */
export function formatEnvelope(type: string, payload: Uint8Array, sign: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  // An unknown keyid makes other verifiers give up, and no verifier may let it decide: it stays empty.
  const signatures = [{ keyid: '', sig: base64.encode(sign(pae(type, payload))) }]
  return utf8.encode(JSON.stringify({ payload: base64.encode(payload), payloadType: type, signatures }))
}

/** Verifies an envelope (JSON bytes, at most 1 MiB) of the one payload type asked for, with the keys valid at `at`. Never throws. */
export function verifyEnvelope(
  bytes: Uint8Array,
  payloadType: string,
  keys: readonly TrustedEnvelopeKey[],
  at: number,
): EnvelopeClaims | EnvelopeRefusal {
  if (bytes.length > MAX_ENVELOPE_SIZE) return refuse('too_large', 'The attestation is larger than 1 MiB.')
  const parsed = attempt(() => readEnvelope(bytes))
  if (!parsed) return refuse('malformed', 'The attestation is not a DSSE envelope with one signature.')
  if (parsed.payloadType !== payloadType) {
    return refuse(
      'unsupported_payload',
      `The attestation’s payload is ${quoted(parsed.payloadType)}, not ${quoted(payloadType)}.`,
    )
  }
  // The keyid is a hint that nobody signed: every trusted key is tried.
  const signed = pae(parsed.payloadType, parsed.payload)
  const matching = keys.filter(({ publicKey }) => isSignedBy(publicKey, signed, parsed.signature))
  if (matching.length === 0) return refuse('bad_signature', 'No trusted key verifies the attestation’s signature.')
  const key = matching.find(({ validFrom = -Infinity, validUntil = Infinity }) => at >= validFrom && at < validUntil)
  if (!key) return refuse('key_not_valid', `The attestation’s key is not valid at ${new Date(at).toISOString()}.`)
  return { payload: parsed.payload, keyId: key.keyId }
}

function readEnvelope(bytes: Uint8Array) {
  const { payload, payloadType, signatures } = envelope.parse(parse(utf8.decode(bytes)))
  return { payload: decodeEither(payload), payloadType, signature: decodeEither(signatures[0]!.sig) }
}

/** DSSE: "either standard or URL-safe encoding is allowed"; one of them throughout, with or without padding. */
function decodeEither(text: string): Uint8Array {
  if (/[+/]/.test(text) && /[-_]/.test(text)) throw new SyntaxError('two encodings at once')
  return base64url.decode(
    text
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replace(/={1,2}$/, ''),
  )
}

function isSignedBy(spki: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  const verified = attempt(() => {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    const hash = hashFor(key)
    return hash !== undefined && verify(hash, bytes, key, signature)
  })
  return verified ?? false
}

const CURVE_HASHES: Record<string, string> = { prime256v1: 'sha256', secp384r1: 'sha384', secp521r1: 'sha512' }

/** The one hash used with a kind of key (null: built in), or undefined for keys that may not sign here. */
function hashFor(key: KeyObject): string | null | undefined {
  if (key.asymmetricKeyType === 'ed25519') return null
  return key.asymmetricKeyType === 'ec' ? CURVE_HASHES[key.asymmetricKeyDetails?.namedCurve ?? ''] : undefined
}
