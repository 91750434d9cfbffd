/** X.509 certificates from grants, for keys that stay with their jobs; and the lists that servers need to believe or refuse them. */

import { createPublicKey } from 'node:crypto'
import { base64 } from '../bytes/text.ts'
import { formatPem, formatRevocationList, issue } from '../credential/x509.ts'
import type { Grant } from '../domain/grant.ts'
import type { ReadonlyState } from '../domain/state.ts'
import type { Target } from '../domain/target.ts'
import { isRefusal } from '../evidence/refusal.ts'
import { parseSshPublicKey } from '../evidence/ssh-key.ts'
import { authorityName, type Authorities } from './authority.ts'

export type X509Credential = {
  readonly kind: 'x509'
  /** PEM: the certificate, and the authority's after it. */
  readonly chain: string
  readonly serial: string
  readonly host: string
  readonly port: number
  /** The certificate authority of the place itself. */
  readonly certificate?: string
}

/** Clocks of targets may be a little behind ours. */
const SKEW_MS = 30_000
/** Servers read the list again within this time, or take nothing for granted. */
const LIST_MS = 10 * 60_000

/** Throws when the grant was not asked for with a key that could sign in TLS. */
export async function mintCertificate(
  grant: Grant,
  target: Target,
  state: ReadonlyState,
  authorities: Authorities,
): Promise<Omit<X509Credential, 'host' | 'port'>> {
  const key = parseSshPublicKey(grant.publicKey ?? '')
  if (isRefusal(key) || key.application) throw new Error('the grant names no public key that signs in TLS')
  const authority = await authorities.signing('x509')
  const der = issue(
    {
      leafIndex: grant.leafIndex,
      publicKey: createPublicKey({ key: key.jwk, format: 'jwk' }).export({ format: 'der', type: 'spki' }),
      commonName: target.account ?? target.target.slice(0, 64),
      uris: [grant.grant, grant.release].map((id) => `urn:countersign:${id}`),
      validFrom: grant.issuedAt - SKEW_MS,
      validUntil: grant.expiresAt,
    },
    { key: authority.key, name: authorityName(state.log!.origin) },
  )
  return {
    kind: 'x509',
    chain: formatPem(der) + formatPem(base64.decode(authority.publicKey)),
    serial: String(grant.leafIndex),
    ...(target.certificate && { certificate: target.certificate }),
  }
}

/** Certificates of the authority that something may be verified with, oldest first; empty before the first was needed. */
export function formatAuthorities(authorities: Pick<Authorities, 'listed'>): string {
  return authorities
    .listed('x509')
    .map(({ publicKey }) => formatPem(base64.decode(publicKey)))
    .join('')
}

/** One list for each key that signs, PEM: what was taken back before its end. Empty before the first certificate. */
export async function formatRevoked(
  authorities: Pick<Authorities, 'listed' | 'held'>,
  { grants, recalled, log, at }: ReadonlyState,
  now: number,
): Promise<string> {
  if (authorities.listed('x509').length === 0) return ''
  const revoked = [...recalled.keys()].flatMap((id) => {
    const grant = grants.get(id)
    return grant?.kind === 'x509' ? [{ leafIndex: grant.leafIndex, at: grant.endedAt ?? at }] : []
  })
  const times = { at: now, until: now + LIST_MS, number: Math.floor(now / 1000) }
  const name = authorityName(log!.origin)
  const lists = (await authorities.held('x509')).map((key) => formatRevocationList(revoked, { key, name }, times))
  return lists.map((list) => formatPem(list, 'X509 CRL')).join('')
}
