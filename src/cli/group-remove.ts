/** Removes a group: what it held, its members hold no more. */

import * as z from '../bytes/schema.ts'
import type { GroupOptions } from './group-add.ts'
import { openClient } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export async function run(options: GroupOptions, terminal: Terminal): Promise<number> {
  const { group } = options
  const path = `/api/v1/groups/${encodeURIComponent(group)}`
  const { leafIndex } = await openClient(options, terminal).write('DELETE', path, undefined, z.unknown())
  terminal.result({ group, leafIndex }, () => `${group} is no group any more\nleaf: ${leafIndex}`)
  return 0
}
