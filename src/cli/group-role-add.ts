/** Gives a role to everybody in a group: everywhere or somewhere, for good or for a time. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { formatBounds, type RoleBounds } from './role-bound.ts'
import type { Terminal } from './terminal.ts'

export interface GroupRoleAddOptions extends ServerOptions, RoleBounds {
  readonly group: string
  readonly role: string
  readonly reason?: string
}

export async function run(options: GroupRoleAddOptions, terminal: Terminal): Promise<number> {
  const { group, role, scope, from, until, reason } = options
  const path = `/api/v1/groups/${encodeURIComponent(group)}/roles`
  const body = { role, scope, from, until, reason }
  const { leafIndex } = await openClient(options, terminal).post(path, body, z.unknown())
  terminal.result(
    { group, role, ...(scope !== undefined && { scope }), leafIndex },
    () => `everybody in ${group} holds ${role}${formatBounds(options)}\nleaf: ${leafIndex}`,
  )
  return 0
}
