/**
 * A signature as git makes it, over a commit, a tag or a push certificate: who made it, with a key that we trust at this moment.
 *
 * All three share one namespace: that the bytes are a commit, and not something else that was signed, is for their parser to tell.
 */

import { isCmsSignature, verifyCms } from './cms-signature.ts'
import { nodeSignatures } from './node-signature.ts'
import { isOpenpgpSignature, verifyOpenpgp } from './openpgp.ts'
import { isRefusal, refuse, type Refusal } from './refusal.ts'
import type { SshCertificate } from './ssh-certificate.ts'
import { verifySshsig, type SshsigClaims } from './sshsig.ts'
import { findPath, type Certificate } from './x509.ts'

/** When a key counts: from `validFrom` (ms, inclusive) until `validUntil` (ms, exclusive; absent: no end). */
export type Window = { readonly validFrom: number; readonly validUntil?: number | undefined }

/** `keyId` is the caller's own name for the key and comes back in the claims. */
export type TrustedSshKey = Window & { readonly keyId: string; readonly fingerprint: string }

/** An authority whose certificates may sign commits: for these principals only, or for any where none are listed. */
export type TrustedSshAuthority = TrustedSshKey & { readonly principals?: readonly string[] | undefined }

export type TrustedOpenpgpKey = Window & { readonly keyId: string; readonly keyBytes: Uint8Array }

/** A certificate that somebody enrolled, by its SHA-256. */
export type TrustedCertificate = Window & { readonly keyId: string; readonly fingerprint: string }

/** An authority of which every certificate for signatures counts, as long as it is valid when the signature is first seen. */
export type TrustedAuthority = Window & { readonly keyId: string; readonly certificate: Certificate }

export type TrustedKeys = {
  readonly ssh: readonly TrustedSshKey[]
  readonly openpgp: readonly TrustedOpenpgpKey[]
  readonly sshAuthorities?: readonly TrustedSshAuthority[] | undefined
  readonly certificates?: readonly TrustedCertificate[] | undefined
  readonly authorities?: readonly TrustedAuthority[] | undefined
}

export type GitSignature = {
  readonly format: 'ssh' | 'openpgp' | 'x509'
  /** `SHA256:...` for SSH, hexadecimal (of the primary key) for OpenPGP, `sha256:...` of the certificate for X.509. */
  readonly fingerprint: string
  readonly keyId: string
  /** A hardware key that checked PIN or fingerprint. */
  readonly userVerified: boolean
  readonly certificate?: {
    /** Decimal. */
    readonly serial: string
    readonly label: string
    readonly principals: readonly string[]
  }
}

export type GitSignatureRefusal = Refusal<
  | 'malformed'
  | 'unsigned'
  | 'unknown_key'
  | 'key_not_valid'
  | 'key_expired'
  | 'key_revoked'
  | 'certificate_not_valid'
  | 'user_not_present'
  | 'wrong_namespace'
  | 'bad_signature'
  | 'unsupported_signature'
> & {
  /** The key that signed or claims to have, where the signature names one. */
  readonly fingerprint?: string
}

type Verdict = GitSignature | GitSignatureRefusal

/** What was signed, for a sentence that begins with it: `Commit 3f2a91c0d4e5`, `The push certificate`. */
export type Signed = { readonly what: string; readonly payload: Uint8Array; readonly signature: string | undefined }

/** Judges the armored signature over `payload` with the keys trusted at `at`. Never throws. */
export async function verifyGitSignature(
  { what, payload, signature }: Signed,
  trusted: TrustedKeys,
  at: number,
): Promise<Verdict> {
  if (signature === undefined) return refuse('unsigned', `${what} is not signed.`)
  if (isOpenpgpSignature(signature)) return judgeOpenpgp(signature, payload, trusted, at)
  if (signature.startsWith('-----BEGIN SSH SIGNATURE-----')) return judgeSsh(signature, payload, trusted, at)
  if (isCmsSignature(signature)) return judgeCms(signature, payload, trusted, at)
  return refuse('unsupported_signature', `${what} is signed neither with SSH nor with OpenPGP nor with a certificate.`)
}

async function judgeOpenpgp(
  armored: string,
  payload: Uint8Array,
  { openpgp }: TrustedKeys,
  at: number,
): Promise<Verdict> {
  const verifyWith = (keys: readonly TrustedOpenpgpKey[]) =>
    verifyOpenpgp(
      armored,
      payload,
      keys.map(({ keyBytes }) => keyBytes),
      at,
    )
  const active = openpgp.filter((key) => isWithin(key, at))
  const claims = await verifyWith(active)
  if (!isRefusal(claims)) {
    const { keyId } = active[claims.keyIndex]!
    return { format: 'openpgp', fingerprint: claims.fingerprint, keyId, userVerified: false }
  }
  if (claims.refused !== 'unknown_key') return claims
  const known = await verifyWith(openpgp)
  return isRefusal(known) ? known : { ...refuseWindow(known.fingerprint, at), fingerprint: known.fingerprint }
}

async function judgeCms(armored: string, payload: Uint8Array, trusted: TrustedKeys, at: number): Promise<Verdict> {
  const claims = await verifyCms(armored, payload, at)
  if (isRefusal(claims)) return claims
  const { fingerprint, certificate, others } = claims
  const known = { format: 'x509', fingerprint, userVerified: false } as const
  const direct = (trusted.certificates ?? []).filter((one) => one.fingerprint === fingerprint)
  const active = direct.find((one) => isWithin(one, at))
  if (active) return { ...known, keyId: active.keyId }
  if (direct.length > 0) return { ...refuseWindow(fingerprint, at), fingerprint }
  for (const { keyId, certificate: anchor, ...window } of trusted.authorities ?? []) {
    if (!isWithin(window, at)) continue
    const path = await findPath(certificate, others, [anchor], at, nodeSignatures)
    if (!('refused' in path)) return { ...known, keyId }
  }
  return {
    ...refuse('unknown_key', `Neither the certificate ${fingerprint} nor an authority of it is enrolled.`),
    fingerprint,
  }
}

function judgeSsh(armored: string, payload: Uint8Array, trusted: TrustedKeys, at: number): Verdict {
  const claims = verifySshsig(armored, payload, 'git')
  if (isRefusal(claims)) return claims
  const { fingerprint } = claims.key
  const direct = trusted.ssh.filter((key) => key.fingerprint === fingerprint)
  const active = direct.find((key) => isWithin(key, at))
  if (active) return { format: 'ssh', fingerprint, keyId: active.keyId, userVerified: claims.userVerified }
  if (claims.certificate) return judgeCertificate(claims, claims.certificate, trusted.sshAuthorities ?? [], at)
  if (direct.length > 0) return { ...refuseWindow(fingerprint, at), fingerprint }
  return { ...refuse('unknown_key', `The SSH key ${fingerprint} is not enrolled.`), fingerprint }
}

function judgeCertificate(
  { key: { fingerprint }, userVerified }: SshsigClaims,
  certificate: SshCertificate,
  authorities: readonly TrustedSshAuthority[],
  at: number,
): Verdict {
  const issuer = certificate.authority.fingerprint
  const authority = authorities.find((candidate) => candidate.fingerprint === issuer && isWithin(candidate, at))
  if (!authority) {
    return {
      ...refuse('unknown_key', `Neither the SSH key ${fingerprint} nor its authority ${issuer} is enrolled.`),
      fingerprint,
    }
  }
  const problem = judgeTerms(certificate, authority, userVerified, at)
  if (problem)
    return { ...refuse('certificate_not_valid', `The SSH certificate of ${fingerprint} ${problem}.`), fingerprint }
  const { serial, keyId: label, principals } = certificate
  return {
    format: 'ssh',
    fingerprint,
    keyId: authority.keyId,
    userVerified,
    certificate: { serial: String(serial), label, principals },
  }
}

/** Why a certificate of a trusted authority does not count, or undefined. */
function judgeTerms(
  certificate: SshCertificate,
  authority: TrustedSshAuthority,
  userVerified: boolean,
  at: number,
): string | undefined {
  const { principals, criticalOptions } = certificate
  if (!isWithin(certificate, at)) return `is not valid at ${new Date(at).toISOString()}`
  // OpenSSH reads an empty list as everybody.
  if (principals.length === 0) return 'names no principal'
  const { principals: allowed } = authority
  if (allowed && !principals.every((principal) => allowed.includes(principal))) {
    return 'names a principal beyond its authority'
  }
  // PROTOCOL.certkeys: an option that is not understood must not be ignored, and the others are about logging in.
  const other = [...criticalOptions.keys()].find((name) => name !== 'verify-required')
  if (other !== undefined) return 'is restricted to another use'
  return criticalOptions.has('verify-required') && !userVerified ? 'requires a PIN or fingerprint' : undefined
}

function isWithin({ validFrom, validUntil }: Window, at: number): boolean {
  return at >= validFrom && (validUntil === undefined || at < validUntil)
}

function refuseWindow(fingerprint: string, at: number) {
  return refuse('key_not_valid', `The key ${fingerprint} is enrolled, but not valid at ${new Date(at).toISOString()}.`)
}
