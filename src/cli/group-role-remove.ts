/** Takes a role from a group. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { formatBounds, rolePath } from './role-bound.ts'
import type { Terminal } from './terminal.ts'

export interface GroupRoleRemoveOptions extends ServerOptions {
  readonly group: string
  readonly role: string
  readonly scope?: string
}

export async function run(options: GroupRoleRemoveOptions, terminal: Terminal): Promise<number> {
  const { group, role } = options
  const path = rolePath(`/api/v1/groups/${encodeURIComponent(group)}`, options)
  const { leafIndex } = await openClient(options, terminal).write('DELETE', path, undefined, z.unknown())
  terminal.result(
    { group, role, leafIndex },
    () => `${group} no longer holds ${role}${formatBounds(options)}\nleaf: ${leafIndex}`,
  )
  return 0
}
