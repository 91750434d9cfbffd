/**
 * A detached CMS signature as git asks gpgsm and gitsign for, verified: the holder of this certificate signed exactly this message,
 * and the certificate is good now. Whose certificate it is, and whether an authority vouches for it, is the caller's question.
 *
 *     -----BEGIN SIGNED MESSAGE-----
 *     MIIC2gYJKoZIhvcNAQcCoIICyzCCAscCAQExDTALBglghkgBZQMEAgEwCwYJKoZI…
 *     -----END SIGNED MESSAGE-----
 */

import { digestOf, type DigestText } from '../bytes/digest.ts'
import { base64 } from '../bytes/text.ts'
import { parseSignedData, verifySigner, type SignedData } from './cms.ts'
import { nodeSignatures } from './node-signature.ts'
import { attempt, isRefusal, refuse, type Refusal } from './refusal.ts'
import { maySign, type Certificate } from './x509.ts'

export type CmsClaims = {
  /** SHA-256 of the certificate. */
  readonly fingerprint: DigestText
  readonly certificate: Certificate
  /** What else came along, to find a path with. */
  readonly others: readonly Certificate[]
}

export type CmsRefusal = Refusal<
  'malformed' | 'unsupported_signature' | 'bad_signature' | 'key_expired' | 'key_not_valid'
> & { readonly fingerprint?: string }

const MAX_ARMORED_LENGTH = 65_536
const ARMOR = /^-----BEGIN SIGNED MESSAGE-----\n([A-Za-z0-9+/=\n]+)\n-----END SIGNED MESSAGE-----\n?$/
/** id-data: what is signed is the message, and nothing that has a form of its own. */
const DATA = '1.2.840.113549.1.7.1'

export function isCmsSignature(armored: string): boolean {
  return armored.startsWith('-----BEGIN SIGNED MESSAGE-----')
}

/** Verifies an armored signature over `message` at the moment `at` (ms). Never throws. */
export async function verifyCms(armored: string, message: Uint8Array, at: number): Promise<CmsClaims | CmsRefusal> {
  const bytes = attempt(() => dearmor(armored))
  if (!bytes) return refuse('malformed', 'The text is not an armored CMS signature.')
  try {
    const signed = parseSignedData(bytes, message)
    if (signed.contentType !== DATA)
      return refuse('malformed', 'The CMS signature is over something else than a message.')
    return await judge(signed, at)
  } catch (error) {
    return refuse('unsupported_signature', `The CMS signature cannot be judged: ${(error as Error).message}.`)
  }
}

async function judge(signed: SignedData, at: number): Promise<CmsClaims | CmsRefusal> {
  const certificate = await verifySigner(signed, nodeSignatures, false)
  if (isRefusal(certificate))
    return refuse('bad_signature', `The CMS signature does not verify: ${certificate.because}.`)
  const fingerprint = digestOf(certificate.bytes)
  const { validFrom, validUntil } = certificate
  if (!maySign(certificate))
    return { ...refuse('key_not_valid', `The certificate ${fingerprint} is not for signatures.`), fingerprint }
  if (at < validFrom)
    return { ...refuse('key_not_valid', `The certificate ${fingerprint} is not valid yet.`), fingerprint }
  if (at > validUntil) {
    const until = new Date(validUntil).toISOString()
    return { ...refuse('key_expired', `The certificate ${fingerprint} expired at ${until}.`), fingerprint }
  }
  return { fingerprint, certificate, others: signed.certificates.filter((other) => other !== certificate) }
}

function dearmor(armored: string): Uint8Array {
  if (armored.length > MAX_ARMORED_LENGTH) throw new RangeError('CMS signature too large')
  const [, body] = ARMOR.exec(armored.replaceAll('\r\n', '\n'))!
  return base64.decode(body!.replaceAll('\n', ''))
}
