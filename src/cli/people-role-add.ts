/** Gives a person a role, until a moment or for good. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface RoleAddOptions extends ServerOptions {
  readonly person: string
  readonly role: string
  readonly until?: string
  readonly reason?: string
}

export async function run(options: RoleAddOptions, terminal: Terminal): Promise<number> {
  const { person, role, until, reason } = options
  const path = `/api/v1/people/${encodeURIComponent(person)}/roles`
  const { leafIndex } = await openClient(options, terminal).post(path, { role, until, reason }, z.unknown())
  terminal.result(
    { person, role, leafIndex },
    () => `${person} holds ${role}${until ? ` until ${until}` : ''}\nleaf: ${leafIndex}`,
  )
  return 0
}
