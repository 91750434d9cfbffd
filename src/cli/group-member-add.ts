/** Puts a person into a group. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface MemberAddOptions extends ServerOptions {
  readonly group: string
  readonly person: string
  readonly reason?: string
}

export async function run(options: MemberAddOptions, terminal: Terminal): Promise<number> {
  const { group, person, reason } = options
  const path = `/api/v1/groups/${encodeURIComponent(group)}/members`
  const { leafIndex } = await openClient(options, terminal).post(path, { person, reason }, z.unknown())
  terminal.result({ group, person, leafIndex }, () => `${person} is in ${group}\nleaf: ${leafIndex}`)
  return 0
}
