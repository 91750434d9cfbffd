/** Certificates of hosts, each from a leaf that says whose key it is; and whom to trust for them. */

import { randomBytes } from 'node:crypto'
import { base64 } from '../bytes/text.ts'
import { issueHostCertificate } from '../credential/ssh.ts'
import type { ReadonlyState } from '../domain/state.ts'
import { hostOf, type TargetEvent } from '../domain/target.ts'
import { isRefusal } from '../evidence/refusal.ts'
import { parseSshPublicKey } from '../evidence/ssh-key.ts'
import { formatPublicKey } from '../wire/ssh-key.ts'
import type { Authorities } from './authority.ts'
import type { Recorded } from './ledger.ts'

/** Clocks of clients may be a little behind ours. */
const SKEW_MS = 60_000

/** The line of the host's `-cert.pub`, once its leaf is written. */
export async function certifyHost(
  { leaf, leafIndex }: Pick<Recorded, 'leaf' | 'leafIndex'>,
  state: ReadonlyState,
  authorities: Pick<Authorities, 'signing'>,
): Promise<string> {
  const { target, publicKey, validUntil } = leaf.event as Extract<TargetEvent, { type: 'target.certified' }>
  const key = parseSshPublicKey(publicKey)
  if (isRefusal(key)) throw new Error(key.because)
  const names = [hostOf(state.targets.get(target)!)]
  const validity = { validFrom: leaf.at - SKEW_MS, validUntil }
  const authority = await authorities.signing('ssh-host')
  return issueHostCertificate(
    { target, leafIndex, publicKey: key.blob, names, ...validity },
    { key: authority.key, nonce: randomBytes(32) },
  )
}

/** `ssh-ed25519 AAAA…`: keys that certified hosts whose certificates may still be good, oldest first. */
export function formatHostAuthorities(authorities: Pick<Authorities, 'listed'>): string[] {
  return authorities.listed('ssh-host').map(({ publicKey }) => formatPublicKey(base64.decode(publicKey), '').trim())
}
