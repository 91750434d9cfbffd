/** Signed data of CMS (RFC 5652) with one signer and signed attributes: what was signed, by whose certificate, and whether it holds. */

import { Cursor, encode, enterSequence, explicit, implicit, parseDer, readOid, readSmall, TAG } from '../bytes/der.ts'
import { readInteger, type Element } from '../bytes/der.ts'
import { isSame } from '../bytes/portable.ts'
import { takeAlgorithm, takeHash, type Algorithm, type Hash, type SignatureTools } from './algorithm.ts'
import { refuse, type Refusal } from './refusal.ts'
import { EXTENSION, parseCertificate, type Certificate } from './x509.ts'

const SIGNED_DATA = '1.2.840.113549.1.7.2'
const CONTENT_TYPE = '1.2.840.113549.1.9.3'
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4'
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47'
const MAX_CERTIFICATES = 16
const MAX_ATTRIBUTES = 32

export interface SignedData {
  readonly contentType: string
  readonly content: Uint8Array
  readonly certificates: readonly Certificate[]
  readonly signer: SignerInfo
}

interface SignerInfo {
  readonly isOf: (certificate: Certificate) => boolean
  readonly hash: Hash
  readonly algorithm: Algorithm
  readonly signature: Uint8Array
  /** The attributes as a SET, which is what is signed. */
  readonly signed: Uint8Array
  readonly attributes: ReadonlyMap<string, Uint8Array>
}

/**
 * Reads a ContentInfo. `detached` is what was signed where the content is not inside; a signature that has both is refused, for
 * two readers could read two contents. Throws a SyntaxError for anything else, for several signers, and for algorithms that are
 * not known here.
 */
export function parseSignedData(bytes: Uint8Array, detached?: Uint8Array): SignedData {
  const info = enterSequence(bytes)
  if (readOid(info.take(TAG.oid)) !== SIGNED_DATA) throw new SyntaxError('not signed data of CMS')
  const content = info.enter(explicit(0))
  info.end()
  const data = content.enter(TAG.sequence)
  content.end()
  readSmall(data.take(TAG.integer))
  data.take(TAG.set)
  const encapsulated = data.enter(TAG.sequence)
  const contentType = readOid(encapsulated.take(TAG.oid))
  const contents = detached ?? takeContent(encapsulated)
  encapsulated.end()
  const certificates = data.maybe(explicit(0))
  data.maybe(explicit(1))
  const signers = data.enter(TAG.set)
  data.end()
  const signer = takeSigner(signers)
  // RFC 3161, 2.4.2: "The time-stamp token MUST NOT contain any signatures other than the signature of the TSA."
  signers.end()
  return { contentType, content: contents, certificates: readCertificates(certificates), signer }
}

function takeContent(encapsulated: Cursor): Uint8Array {
  const inner = encapsulated.enter(explicit(0))
  const { contents } = inner.take(TAG.octetString)
  inner.end()
  return contents
}

/** Certificates of other kinds are no part of any chain that is followed here. */
function readCertificates(set: Element | undefined): Certificate[] {
  if (!set) return []
  const cursor = new Cursor(set.contents)
  return cursor.all(TAG.sequence, MAX_CERTIFICATES).map(({ bytes }) => parseCertificate(bytes))
}

function takeSigner(signers: Cursor): SignerInfo {
  const info = signers.enter(TAG.sequence)
  readSmall(info.take(TAG.integer))
  const isOf = takeIdentifier(info)
  const hash = takeHash(info)
  const { contents } = info.take(explicit(0))
  const algorithm = takeAlgorithm(info, hash)
  const signature = info.take(TAG.octetString).contents
  info.maybe(explicit(1))
  info.end()
  // RFC 5652, 5.4: "an EXPLICIT SET OF tag is used for the DER encoding of the signed attributes" when they are hashed.
  return { isOf, hash, algorithm, signature, signed: encode(TAG.set, contents), attributes: readAttributes(contents) }
}

function takeIdentifier(info: Cursor): (certificate: Certificate) => boolean {
  const keyId = info.maybe(implicit(0))?.contents
  if (keyId)
    return ({ extensions }) => {
      const own = extensions.get(EXTENSION.subjectKeyId)
      return own !== undefined && isSame(parseDer(own.value).contents, keyId)
    }
  const named = info.enter(TAG.sequence)
  const issuer = named.take(TAG.sequence).bytes
  const serialNumber = readInteger(named.take(TAG.integer), 21)
  named.end()
  return (certificate) => isSame(certificate.issuer, issuer) && isSame(certificate.serialNumber, serialNumber)
}

/** RFC 5652, 5.3: attributes of a kind once, with one value each, as those that are read here must have. */
function readAttributes(contents: Uint8Array): Map<string, Uint8Array> {
  const attributes = new Map<string, Uint8Array>()
  for (const attribute of new Cursor(contents).all(TAG.sequence, MAX_ATTRIBUTES)) {
    const inside = new Cursor(attribute.contents)
    const oid = readOid(inside.take(TAG.oid))
    const values = inside.enter(TAG.set)
    inside.end()
    if (attributes.has(oid)) throw new SyntaxError(`the signed attribute ${oid} is there twice`)
    attributes.set(oid, values.next().bytes)
    values.end()
  }
  return attributes
}

export type SignerRefusal = 'no_signer' | 'wrong_content' | 'wrong_signer' | 'wrong_signature'

/**
 * The certificate that signed the content; whether anybody trusts it is the caller's question. `isNaming`: the signature must name
 * the certificate (signingCertificateV2), as time stamps do. Throws a SyntaxError as parsing does.
 */
export async function verifySigner(
  { contentType, content, certificates, signer }: SignedData,
  tools: SignatureTools,
  isNaming = true,
): Promise<Certificate | Refusal<SignerRefusal>> {
  const certificate = certificates.find(signer.isOf)
  if (!certificate) return refuse('no_signer', 'the certificate of its signer is not in it')
  const { attributes, hash, algorithm, signature, signed } = signer
  const attribute = (oid: string) => attributes.get(oid) ?? new Uint8Array(0)
  if (readOid(new Cursor(attribute(CONTENT_TYPE)).take(TAG.oid)) !== contentType)
    return refuse('wrong_content', 'it was signed as something else than it is')
  const digest = new Cursor(attribute(MESSAGE_DIGEST)).take(TAG.octetString).contents
  if (!isSame(digest, await tools.digest(hash, content)))
    return refuse('wrong_content', 'the content is not the one that was signed')
  if (isNaming && !(await isNamed(certificate, attributes.get(SIGNING_CERTIFICATE_V2), tools)))
    return refuse('wrong_signer', 'the signature does not name the certificate beside it (signingCertificateV2)')
  if (!(await tools.verify(algorithm, certificate.publicKey, signed, signature)))
    return refuse('wrong_signature', 'the signature does not verify')
  return certificate
}

/**
 * RFC 5035, 3: the first ESSCertIDv2 is of the signer's certificate: without it, another certificate over the same key could be put
 * in its place.
 */
async function isNamed(
  { bytes, issuer, serialNumber }: Certificate,
  attribute: Uint8Array | undefined,
  tools: SignatureTools,
): Promise<boolean> {
  if (!attribute) return false
  const first = enterSequence(attribute).enter(TAG.sequence).enter(TAG.sequence)
  const hash = first.tag === TAG.sequence ? takeHash(first) : 'sha256'
  const { contents: named } = first.take(TAG.octetString)
  const place = first.isAtEnd ? undefined : first.enter(TAG.sequence)
  first.end()
  if (!isSame(named, await tools.digest(hash, bytes))) return false
  if (!place) return true
  // GeneralNames with one directoryName, [4] EXPLICIT Name.
  const name = place.enter(TAG.sequence).enter(explicit(4)).take(TAG.sequence).bytes
  const serial = readInteger(place.take(TAG.integer), 21)
  place.end()
  return isSame(name, issuer) && isSame(serial, serialNumber)
}
