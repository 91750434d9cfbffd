/** Ends a delegation before its time. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface DelegationEndOptions extends ServerOptions {
  readonly delegation: string
}

export async function run(options: DelegationEndOptions, terminal: Terminal): Promise<number> {
  const { delegation } = options
  const path = `/api/v1/delegations/${encodeURIComponent(delegation)}`
  const { leafIndex } = await openClient(options, terminal).write('DELETE', path, undefined, z.unknown())
  terminal.result({ delegation, leafIndex }, () => `ended: ${delegation}\nleaf: ${leafIndex}`)
  return 0
}
