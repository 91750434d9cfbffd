/**
 * The public keys of certificates that were taken back before their end, as sshd's `RevokedKeys` reads them: one OpenSSH public
 * key a line. A host that follows this list refuses them from its next authentication on.
 */

import type { ReadonlyState } from '../domain/state.ts'

/** Deterministic for a state: lines are sorted, so equal lists have equal bytes. */
export function formatRevokedKeys({ grants, recalled }: ReadonlyState, at: number): string {
  const lines: string[] = []
  for (const [id, expiresAt] of recalled) {
    const { kind, publicKey } = grants.get(id) ?? {}
    if (kind !== 'ssh' || expiresAt + GRACE_MS <= at || !publicKey) continue
    lines.push(publicKey.split(' ').slice(0, 2).join(' '))
  }
  return [...new Set(lines)]
    .sort()
    .map((line) => `${line}\n`)
    .join('')
}

/** Hosts' clocks may run behind. */
const GRACE_MS = 5 * 60 * 1000
