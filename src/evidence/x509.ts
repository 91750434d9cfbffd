/** X.509 certificates (RFC 5280) as far as signing needs them, and the path from one to an authority that the reader chose. */

import { Cursor, enterSequence, explicit, implicit, parseDer, TAG } from '../bytes/der.ts'
import { readBits, readBoolean, readFlags, readInteger, readOid, readSmall, readTime } from '../bytes/der.ts'
import { isSame, parseBase64 } from '../bytes/portable.ts'
import { takeAlgorithm, type Algorithm, type SignatureTools } from './algorithm.ts'
import { refuse, type Refusal } from './refusal.ts'

export interface Extension {
  readonly isCritical: boolean
  /** What is inside the OCTET STRING. */
  readonly value: Uint8Array
}

export interface Certificate {
  readonly bytes: Uint8Array
  /** What the issuer signed. */
  readonly signed: Uint8Array
  readonly serialNumber: Uint8Array
  /** Names as they are encoded; two are the same when their octets are. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  /** Both included, in ms. */
  readonly validFrom: number
  readonly validUntil: number
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
  readonly extensions: ReadonlyMap<string, Extension>
  readonly algorithm: Algorithm
  readonly signature: Uint8Array
}

export const EXTENSION = {
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  alternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  policies: '2.5.29.32',
  extendedKeyUsage: '2.5.29.37',
} as const

const MAX_EXTENSIONS = 32
const MAX_CERTIFICATES = 64
const MAX_PEM_CHARS = 1 << 20

/** Throws a SyntaxError for anything but one certificate of version 3 with an algorithm that is known here. */
export function parseCertificate(bytes: Uint8Array): Certificate {
  const outer = enterSequence(bytes)
  const tbs = outer.take(TAG.sequence)
  const algorithm = takeAlgorithm(outer)
  const signature = readBits(outer.take(TAG.bitString))
  outer.end()
  const inside = new Cursor(tbs.contents)
  if (readSmall(inside.enter(explicit(0)).take(TAG.integer)) !== 2) throw new SyntaxError('not of version 3')
  const serialNumber = readInteger(inside.take(TAG.integer), 21)
  // RFC 5280, 4.1.1.2: "This field MUST contain the same algorithm identifier as the signature field"
  const inner = takeAlgorithm(inside)
  if (inner.hash !== algorithm.hash || inner.scheme !== algorithm.scheme)
    throw new SyntaxError('two algorithms are named')
  const issuer = inside.take(TAG.sequence).bytes
  const [validFrom, validUntil] = takeValidity(inside)
  const subject = inside.take(TAG.sequence).bytes
  const publicKey = inside.take(TAG.sequence).bytes
  inside.maybe(implicit(1))
  inside.maybe(implicit(2))
  const extensions = takeExtensions(inside)
  inside.end()
  const names = { issuer, subject, serialNumber }
  return { bytes, signed: tbs.bytes, ...names, validFrom, validUntil, publicKey, extensions, algorithm, signature }
}

function takeValidity(cursor: Cursor): [number, number] {
  const inside = cursor.enter(TAG.sequence)
  const times: [number, number] = [readTime(inside.next()), readTime(inside.next())]
  inside.end()
  return times
}

function takeExtensions(cursor: Cursor): Map<string, Extension> {
  return cursor.isAtEnd ? new Map<string, Extension>() : readExtensions(cursor.enter(explicit(3)).enter(TAG.sequence))
}

/** Extensions, each once, by object identifier. Throws a SyntaxError. */
export function readExtensions(list: Cursor): Map<string, Extension> {
  const extensions = new Map<string, Extension>()
  for (const { contents } of list.all(TAG.sequence, MAX_EXTENSIONS)) {
    const each = new Cursor(contents)
    const oid = readOid(each.take(TAG.oid))
    const critical = each.maybe(TAG.boolean)
    const { contents: value } = each.take(TAG.octetString)
    each.end()
    // RFC 5280, 4.2: "A certificate MUST NOT include more than one instance of a particular extension."
    if (extensions.has(oid)) throw new SyntaxError(`the extension ${oid} is there twice`)
    extensions.set(oid, { isCritical: critical !== undefined && readBoolean(critical), value })
  }
  return extensions
}

const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g

/** All certificates of a PEM text, one at least. Throws a SyntaxError for none, too many, or one that cannot be read. */
export function parseCertificates(pem: string): Certificate[] {
  if (pem.length > MAX_PEM_CHARS) throw new SyntaxError('a PEM text is longer than a megabyte')
  const found = [...pem.matchAll(PEM)].map(([, base64 = '']) => parseBase64(base64.replace(/\s/g, '')))
  if (found.length === 0 || found.length > MAX_CERTIFICATES)
    throw new SyntaxError(`there are not 1 to ${MAX_CERTIFICATES} certificates in it`)
  return found.map(parseCertificate)
}

/** The purposes of extended key usage, and whether it is critical; undefined without the extension. */
export function purposesOf({ extensions }: Certificate): { isCritical: boolean; purposes: string[] } | undefined {
  const extension = extensions.get(EXTENSION.extendedKeyUsage)
  if (!extension) return undefined
  const purposes = enterSequence(extension.value).all(TAG.oid, 16).map(readOid)
  return { isCritical: extension.isCritical, purposes }
}

const DIGITAL_SIGNATURE = 0
const NON_REPUDIATION = 1
const KEY_CERT_SIGN = 5

/** Whether its key may sign documents; without the extension it may. */
export function maySign(certificate: Certificate): boolean {
  return mayBeUsed(certificate, DIGITAL_SIGNATURE) || mayBeUsed(certificate, NON_REPUDIATION)
}

function mayBeUsed({ extensions }: Certificate, bit: number): boolean {
  const extension = extensions.get(EXTENSION.keyUsage)
  return extension === undefined || readFlags(parseDer(extension.value))(bit)
}

/** Whether it may issue certificates with `below` further authorities under it. */
function mayIssue(certificate: Certificate, below: number): boolean {
  const extension = certificate.extensions.get(EXTENSION.basicConstraints)
  if (!extension || !mayBeUsed(certificate, KEY_CERT_SIGN)) return false
  const inside = enterSequence(extension.value)
  const isAuthority = inside.maybe(TAG.boolean)
  const length = inside.maybe(TAG.integer)
  inside.end()
  return isAuthority !== undefined && readBoolean(isAuthority) && (!length || readSmall(length) >= below)
}

/** RFC 5280, 4.2: a system "MUST reject the certificate if it encounters a critical extension it does not recognize". */
const UNDERSTOOD: ReadonlySet<string> = new Set(Object.values(EXTENSION))

function strangeExtension({ extensions }: Certificate): string | undefined {
  return [...extensions].find(([oid, { isCritical }]) => isCritical && !UNDERSTOOD.has(oid))?.[0]
}

export type PathRefusal = 'untrusted' | 'expired' | 'wrong_chain'

const MAX_PATH = 6
const MAX_TRIES = 64

/**
 * The path from a certificate to one of `anchors`, both included, by signatures, names, validity at `at` (ms) and the right to
 * issue. Revocation is not looked at: whoever no longer believes an authority takes it out of the anchors.
 */
export async function findPath(
  leaf: Certificate,
  others: readonly Certificate[],
  anchors: readonly Certificate[],
  at: number,
  tools: SignatureTools,
): Promise<readonly Certificate[] | Refusal<PathRefusal>> {
  let refusal: Refusal<PathRefusal> = refuse('untrusted', 'no certificate leads from its signer to a trusted authority')
  let tries = MAX_TRIES
  const isAnchor = ({ bytes }: Certificate) => anchors.some((anchor) => isSame(anchor.bytes, bytes))

  async function climb(path: readonly Certificate[]): Promise<readonly Certificate[] | undefined> {
    const top = path.at(-1)!
    const because = fault(top, path.length - 2, at)
    if (because) return void (refusal = because)
    if (isAnchor(top)) return path
    if (path.length === MAX_PATH) return undefined
    for (const issuer of [...anchors, ...others]) {
      if (!isSame(issuer.subject, top.issuer) || path.includes(issuer) || tries === 0) continue
      tries -= 1
      if (!(await tools.verify(top.algorithm, issuer.publicKey, top.signed, top.signature))) {
        if (isAnchor(issuer))
          refusal = refuse('wrong_chain', 'a certificate is not signed by the authority that it names')
        continue
      }
      const whole = await climb([...path, issuer])
      if (whole) return whole
    }
    return undefined
  }

  return (await climb([leaf])) ?? refusal
}

/** Why one certificate cannot be on a path, with `below` authorities between it and the end; the end itself is at -1. */
function fault(certificate: Certificate, below: number, at: number): Refusal<PathRefusal> | undefined {
  const { validFrom, validUntil } = certificate
  if (at < validFrom || at > validUntil) {
    const [from, until] = [validFrom, validUntil].map((each) => new Date(each).toISOString())
    return refuse('expired', `a certificate of its chain was good from ${from} to ${until}, not at the time it says`)
  }
  const strange = strangeExtension(certificate)
  if (strange)
    return refuse('wrong_chain', `a certificate has the critical extension ${strange}, which is not understood`)
  if (below >= 0 && !mayIssue(certificate, below))
    return refuse('wrong_chain', 'a certificate of its chain may not issue others')
  return undefined
}
