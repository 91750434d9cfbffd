/** Takes a role away from a person. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { formatBounds, rolePath } from './role-bound.ts'
import type { Terminal } from './terminal.ts'

export interface RoleRemoveOptions extends ServerOptions {
  readonly person: string
  readonly role: string
  readonly scope?: string
}

export async function run(options: RoleRemoveOptions, terminal: Terminal): Promise<number> {
  const { person, role } = options
  const path = rolePath(`/api/v1/people/${encodeURIComponent(person)}`, options)
  const { leafIndex } = await openClient(options, terminal).write('DELETE', path, undefined, z.unknown())
  terminal.result(
    { person, role, leafIndex },
    () => `${person} no longer holds ${role}${formatBounds(options)}\nleaf: ${leafIndex}`,
  )
  return 0
}
