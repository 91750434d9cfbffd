/** Gives a person a role: everywhere or somewhere, for good or for a time. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { formatBounds, type RoleBounds } from './role-bound.ts'
import type { Terminal } from './terminal.ts'

export interface RoleAddOptions extends ServerOptions, RoleBounds {
  readonly person: string
  readonly role: string
  readonly reason?: string
}

export async function run(options: RoleAddOptions, terminal: Terminal): Promise<number> {
  const { person, role, scope, from, until, reason } = options
  const path = `/api/v1/people/${encodeURIComponent(person)}/roles`
  const { leafIndex } = await openClient(options, terminal).post(
    path,
    { role, scope, from, until, reason },
    z.unknown(),
  )
  terminal.result(
    { person, role, ...(scope !== undefined && { scope }), leafIndex },
    () => `${person} holds ${role}${formatBounds(options)}\nleaf: ${leafIndex}`,
  )
  return 0
}
