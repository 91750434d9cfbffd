/** Defines a group, with nobody in it. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface GroupOptions extends ServerOptions {
  readonly group: string
}

export async function run(options: GroupOptions, terminal: Terminal): Promise<number> {
  const { group } = options
  const { leafIndex } = await openClient(options, terminal).post('/api/v1/groups', { group }, z.unknown())
  terminal.result({ group, leafIndex }, () => `${group} is a group, with nobody in it\nleaf: ${leafIndex}`)
  return 0
}
