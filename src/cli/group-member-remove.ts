/** Takes a person out of a group. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface MemberRemoveOptions extends ServerOptions {
  readonly group: string
  readonly person: string
}

export async function run(options: MemberRemoveOptions, terminal: Terminal): Promise<number> {
  const { group, person } = options
  const path = `/api/v1/groups/${encodeURIComponent(group)}/members/${encodeURIComponent(person)}`
  const { leafIndex } = await openClient(options, terminal).write('DELETE', path, undefined, z.unknown())
  terminal.result({ group, person, leafIndex }, () => `${person} is not in ${group} any more\nleaf: ${leafIndex}`)
  return 0
}
