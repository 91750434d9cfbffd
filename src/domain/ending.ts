/** How a login and a grant come to their end: once, and whatever happens to them later, as they ended first. */

import type { Cause } from './grant.ts'
import type { State } from './state.ts'

/** Ends a login that did not end yet. */
export function closeLogin(id: string, state: State, at: number): void {
  const login = state.logins.get(id)
  if (login && login.endedAt === undefined) state.logins.set(id, { ...login, endedAt: at })
  state.jobs.delete(id)
}

/** Hosts' clocks may run behind, and they read the list of what was recalled now and then. */
const RECALLED_MS = 3_600_000

/** Ends a grant that did not end yet. */
export function endGrant(id: string, cause: Cause, state: State, at: number): void {
  const grant = state.grants.get(id)
  if (!grant || grant.endedAt !== undefined) return
  state.grants.set(id, { ...grant, endedAt: at, cause })
  if (grant.kind !== 'ssh' && grant.kind !== 'x509') return
  for (const [old, expiresAt] of state.recalled)
    if (expiresAt + RECALLED_MS < at) state.recalled.delete(old)
    else break
  state.recalled.set(id, grant.expiresAt)
}
