/**
 * SSH certificates for one job: minted from a grant, accepted by stock sshd until the grant ends, and naming grant and leaf in
 * the log of every server they touch.
 */

import { createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'

import { base64url } from '../bytes/text.ts'
import { encodeHostCertificate, encodeUserCertificate, formatCertificate } from '../wire/ssh-certificate.ts'
import { encodeEd25519PublicKey, formatEd25519PrivateKey, formatPublicKey } from '../wire/ssh-key.ts'

export type SshGrant = {
  readonly grantId: string
  /** Becomes the certificate's serial. */
  readonly leafIndex: number
  /** What else servers should log, such as `run=acme/shop/99 env=production`; printable ASCII. */
  readonly note?: string | undefined
  /** Wire blob of the job's public key; its private key never leaves the job. */
  readonly publicKey: Uint8Array
  /** Accounts it may log in as. */
  readonly principals: readonly string[]
  /** ms; rounded down to a second, as the end is. */
  readonly validFrom: number
  readonly validUntil: number
  /** The one command it may run, whatever the client asks for. */
  readonly forceCommand?: string | undefined
  /** CIDR blocks it may be used from. */
  readonly sourceAddresses?: readonly string[] | undefined
  /** Flags such as `permit-pty`. Default none: no terminal, no forwarding. */
  readonly extensions?: readonly string[] | undefined
}

export type IssuedCertificate = {
  /** The content of `<key>-cert.pub`. */
  readonly text: string
  /** Decimal. */
  readonly serial: string
  readonly keyId: string
}

export type Authority = { readonly key: KeyObject; readonly nonce: Uint8Array }

/** Mints the certificate of a grant with the authority's Ed25519 private key and 32 fresh random bytes. */
export function issueCertificate(grant: SshGrant, { key, nonce }: Authority): IssuedCertificate {
  const keyId = [`countersign grant=${grant.grantId}`, `leaf=${grant.leafIndex}`, grant.note].filter(Boolean).join(' ')
  const certificate = encodeUserCertificate(
    {
      publicKey: grant.publicKey,
      serial: BigInt(grant.leafIndex),
      keyId,
      principals: grant.principals,
      validAfter: secondsOf(grant.validFrom),
      validBefore: secondsOf(grant.validUntil),
      criticalOptions: criticalOptions(grant),
      extensions: Object.fromEntries((grant.extensions ?? []).map((name) => [name, ''])),
      nonce,
      caPublicKey: publicKeyBlob(key),
    },
    (bytes) => sign(null, bytes, key),
  )
  return {
    text: formatCertificate(certificate, `countersign-${grant.grantId}`),
    serial: String(grant.leafIndex),
    keyId,
  }
}

export type HostGrant = {
  readonly target: string
  /** Becomes the certificate's serial. */
  readonly leafIndex: number
  /** Wire blob of the host's key. */
  readonly publicKey: Uint8Array
  /** Names and addresses that it is reached under. */
  readonly names: readonly string[]
  readonly validFrom: number
  readonly validUntil: number
}

/** The content of a host's `-cert.pub` file, for `HostCertificate` of its sshd. */
export function issueHostCertificate(grant: HostGrant, { key, nonce }: Authority): string {
  const certificate = encodeHostCertificate(
    {
      publicKey: grant.publicKey,
      serial: BigInt(grant.leafIndex),
      keyId: `countersign host=${grant.target} leaf=${grant.leafIndex}`,
      principals: grant.names,
      validAfter: secondsOf(grant.validFrom),
      validBefore: secondsOf(grant.validUntil),
      nonce,
      caPublicKey: publicKeyBlob(key),
    },
    (bytes) => sign(null, bytes, key),
  )
  return formatCertificate(certificate, `countersign-host-${grant.leafIndex}`)
}

function criticalOptions({ forceCommand, sourceAddresses }: SshGrant): Record<string, string> {
  const options: Record<string, string> = {}
  if (forceCommand !== undefined) options['force-command'] = nonEmpty(forceCommand)
  if (sourceAddresses !== undefined) options['source-address'] = nonEmpty(sourceAddresses.map(judgeAddress).join(','))
  return options
}

function judgeAddress(address: string): string {
  if (!/^[0-9a-f.:]{2,45}(?:\/\d{1,3})?$/i.test(address))
    throw new RangeError(`not an address block: ${JSON.stringify(address)}`)
  return address
}

/** An empty restriction must not turn into a certificate without one. */
function nonEmpty(text: string): string {
  if (text === '') throw new RangeError('a restriction of a certificate is not empty')
  return text
}

function secondsOf(at: number): bigint {
  return BigInt(Math.floor(at / 1000))
}

/** The authority's line for `TrustedUserCAKeys`. */
export function formatAuthority(key: KeyObject, comment: string): string {
  return formatPublicKey(publicKeyBlob(key), comment)
}

/** Wire blob of an Ed25519 key, public or private. */
export function publicKeyBlob(key: KeyObject): Uint8Array {
  const { crv, x } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' })
  if (crv !== 'Ed25519') throw new RangeError('not an Ed25519 key')
  return encodeEd25519PublicKey(base64url.decode(x!))
}

export type JobKey = {
  readonly publicKey: Uint8Array
  /** Content of the private key file that stock ssh reads: mode 0600, for as long as the job runs. */
  readonly privateKeyText: string
  readonly publicKeyText: string
  /** The same private key as PKCS#8, for TLS. */
  readonly privateKeyPem: string
}

/** A fresh Ed25519 key pair for a job, made where the job runs. */
export function createJobKey(comment: string): JobKey {
  const { privateKey } = generateKeyPairSync('ed25519')
  const { d, x } = privateKey.export({ format: 'jwk' })
  const raw = base64url.decode(x!)
  const publicKey = encodeEd25519PublicKey(raw)
  const seed = base64url.decode(d!)
  return {
    publicKey,
    privateKeyText: formatEd25519PrivateKey({ seed, publicKey: raw, check: randomBytes(4), comment }),
    publicKeyText: formatPublicKey(publicKey, comment),
    privateKeyPem: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
  }
}
