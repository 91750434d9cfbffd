/**
 * Time stamps (RFC 3161): an authority that the reader chose saw these very bytes, by their SHA-256, no later than it says.
 *
 *     TimeStampReq  { version 1, messageImprint { sha256, digest }, nonce, certReq TRUE }
 *     TimeStampResp { status { granted }, timeStampToken: CMS signed data over
 *                     TSTInfo { version 1, policy, messageImprint, serialNumber, genTime, …, nonce } }
 */

import { Cursor, encodeBoolean, encodeNull, encodeOctets, encodeOid, encodeSequence } from '../bytes/der.ts'
import { encodeUnsigned, enterSequence, explicit, readBoolean, readInteger, readOid, readSmall } from '../bytes/der.ts'
import { readTime, TAG } from '../bytes/der.ts'
import { formatHex, isSame } from '../bytes/portable.ts'
import { SHA256, takeHash, type SignatureTools } from './algorithm.ts'
import { parseSignedData, verifySigner, type SignerRefusal } from './cms.ts'
import { isRefusal, refuse, type Refusal } from './refusal.ts'
import { findPath, maySign, purposesOf, readExtensions } from './x509.ts'
import type { Certificate, Extension, PathRefusal } from './x509.ts'

export type Timestamp = {
  /** When the authority saw it, in ms. */
  readonly at: number
  /** Unique at this authority, in hexadecimal. */
  readonly serialNumber: string
  readonly policy: string
  /** From the signer's certificate to the trusted one. */
  readonly path: readonly Certificate[]
}

export type TimestampRefusal =
  | 'malformed'
  | 'not_granted'
  | 'wrong_imprint'
  | 'wrong_nonce'
  | 'wrong_policy'
  | 'wrong_purpose'
  | SignerRefusal
  | PathRefusal

export type TimestampExpectation = {
  /** SHA-256 of what was stamped. */
  readonly digest: Uint8Array
  readonly anchors: readonly Certificate[]
  /** What was asked with; an answer without it, or with another, is to somebody else or to an earlier question. */
  readonly nonce?: Uint8Array
  /** The policy that must stand in it; any when absent. */
  readonly policy?: string
}

export const MAX_REPLY_BYTES = 64 << 10

const TST_INFO = '1.2.840.113549.1.9.16.1.4'
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8'
const MAX_NONCE_OCTETS = 33

/** A TimeStampReq for a SHA-256 digest, which asks for the certificates as well. `nonce`: random octets. */
export function formatRequest({ digest, nonce, policy }: Omit<TimestampExpectation, 'anchors'>): Uint8Array {
  const imprint = encodeSequence(encodeSequence(encodeOid(SHA256), encodeNull()), encodeOctets(digest))
  return encodeSequence(
    encodeUnsigned(Uint8Array.of(1)),
    imprint,
    ...(policy ? [encodeOid(policy)] : []),
    ...(nonce ? [encodeUnsigned(nonce)] : []),
    encodeBoolean(true),
  )
}

/** What a TimeStampResp proves. Never throws: whatever it is, one sentence says what is wrong with it. */
export async function verifyReply(
  reply: Uint8Array,
  expected: TimestampExpectation,
  tools: SignatureTools,
): Promise<Timestamp | Refusal<TimestampRefusal>> {
  if (reply.length > MAX_REPLY_BYTES) return refuse('malformed', `a time stamp is longer than ${MAX_REPLY_BYTES} bytes`)
  try {
    const token = readToken(reply)
    return token instanceof Uint8Array ? await verifyToken(token, expected, tools) : token
  } catch (error) {
    return refuse('malformed', `it is no time stamp as RFC 3161 has it: ${error instanceof Error ? error.message : ''}`)
  }
}

/** RFC 3161, 2.4.2: "When the PKIStatus contains the value zero or one, a TimeStampToken MUST be present." */
function readToken(reply: Uint8Array): Uint8Array | Refusal<TimestampRefusal> {
  const response = enterSequence(reply)
  const status = response.enter(TAG.sequence)
  const code = readSmall(status.take(TAG.integer))
  const said = status.maybe(TAG.sequence)
  const failure = status.maybe(TAG.bitString)
  status.end()
  if (code > 1)
    return refuse('not_granted', `the authority refused, with status ${code}${reasonOf(said?.contents, failure)}`)
  const token = response.take(TAG.sequence).bytes
  response.end()
  return token
}

function reasonOf(said: Uint8Array | undefined, failure: { readonly contents: Uint8Array } | undefined): string {
  const words = new Cursor(said ?? new Uint8Array(0)).all(TAG.utf8String, 8).map(({ contents }) => decode(contents))
  const bits = failure ? `failure ${formatHex(failure.contents.subarray(1))}` : ''
  const reason = [...words, bits].filter((word) => word !== '').join(', ')
  return reason === '' ? '' : `: ${reason.slice(0, 200)}`
}

function decode(octets: Uint8Array): string {
  return new TextDecoder().decode(octets.subarray(0, 200)).replaceAll(/\p{C}/gu, ' ')
}

async function verifyToken(
  token: Uint8Array,
  { digest, nonce, policy, anchors }: TimestampExpectation,
  tools: SignatureTools,
): Promise<Timestamp | Refusal<TimestampRefusal>> {
  const signedData = parseSignedData(token)
  if (signedData.contentType !== TST_INFO) return refuse('malformed', 'what is signed is not a time stamp')
  const info = parseInfo(signedData.content)
  if (!isSame(info.imprint, digest)) return refuse('wrong_imprint', 'it stamps other bytes than these')
  if (nonce && !(info.nonce && isSame(info.nonce, encodedNonce(nonce))))
    return refuse('wrong_nonce', 'it does not answer this request: the nonce is another')
  if (policy && info.policy !== policy)
    return refuse('wrong_policy', `it was made under the policy ${info.policy}, not ${policy}`)
  const signer = await verifySigner(signedData, tools)
  if (isRefusal(signer)) return signer
  const misuse = misuseOf(signer)
  if (misuse) return misuse
  const path = await findPath(signer, signedData.certificates, anchors, info.at, tools)
  if ('refused' in path) return path
  return { at: info.at, serialNumber: formatHex(info.serialNumber), policy: info.policy, path }
}

function encodedNonce(nonce: Uint8Array): Uint8Array {
  return readInteger(new Cursor(encodeUnsigned(nonce)).take(TAG.integer), MAX_NONCE_OCTETS)
}

/**
 * RFC 3161, 2.3: the certificate "MUST contain only one instance of the extended key usage field extension", "with KeyPurposeID having
 * value: id-kp-timeStamping. This extension MUST be critical."
 */
function misuseOf(signer: Certificate): Refusal<'wrong_purpose'> | undefined {
  const usage = purposesOf(signer)
  const isOnly = usage?.purposes.length === 1 && usage.purposes[0] === TIME_STAMPING
  if (!usage || !isOnly) return refuse('wrong_purpose', 'its certificate is not for time stamps alone')
  if (!usage.isCritical)
    return refuse('wrong_purpose', 'its certificate does not insist (critical) that it is for time stamps')
  if (!maySign(signer)) return refuse('wrong_purpose', 'the key of its certificate is not for signatures')
  return undefined
}

type Info = {
  readonly policy: string
  readonly imprint: Uint8Array
  readonly serialNumber: Uint8Array
  readonly at: number
  readonly nonce?: Uint8Array
}

/** Throws a SyntaxError for anything but a TSTInfo of version 1 over a SHA-256. */
function parseInfo(bytes: Uint8Array): Info {
  const info = enterSequence(bytes)
  if (readSmall(info.take(TAG.integer)) !== 1) throw new SyntaxError('a time stamp of another version than 1')
  const policy = readOid(info.take(TAG.oid))
  const messageImprint = info.enter(TAG.sequence)
  if (takeHash(messageImprint) !== 'sha256') throw new SyntaxError('it stamps something else than a SHA-256')
  const imprint = messageImprint.take(TAG.octetString).contents
  messageImprint.end()
  const serialNumber = readInteger(info.take(TAG.integer), 21)
  const at = readTime(info.take(TAG.generalizedTime))
  // Accuracy, and whether two stamps can be put in order by their times alone.
  info.maybe(TAG.sequence)
  const ordering = info.maybe(TAG.boolean)
  if (ordering) readBoolean(ordering)
  const nonce = info.maybe(TAG.integer)
  info.maybe(explicit(0))
  // Extensions say nothing that is relied upon here, unless they insist.
  const extensions = info.tag === explicit(1) ? readExtensions(info.enter(explicit(1))) : new Map<string, Extension>()
  info.end()
  const strange = [...extensions].find(([, { isCritical }]) => isCritical)
  if (strange) throw new SyntaxError(`it has the critical extension ${strange[0]}, which is not understood`)
  return { policy, imprint, serialNumber, at, ...(nonce && { nonce: readInteger(nonce, MAX_NONCE_OCTETS) }) }
}
