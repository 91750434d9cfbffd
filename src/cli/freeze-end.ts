/** Ends a freeze before its time. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface FreezeEndOptions extends ServerOptions {
  readonly freeze: string
}

export async function run(options: FreezeEndOptions, terminal: Terminal): Promise<number> {
  const path = `/api/v1/freezes/${encodeURIComponent(options.freeze)}`
  const { leafIndex } = await openClient(options, terminal).write('DELETE', path, undefined, z.unknown())
  terminal.result({ freeze: options.freeze, leafIndex }, () => `ended: ${options.freeze}\nleaf: ${leafIndex}`)
  return 0
}
