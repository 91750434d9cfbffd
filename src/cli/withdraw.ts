/** Takes one's own approval back. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { normalized } from './statement.ts'
import type { Terminal } from './terminal.ts'

export interface WithdrawOptions extends ServerOptions {
  readonly release: string
}

export async function run(options: WithdrawOptions, terminal: Terminal): Promise<number> {
  const release = normalized(options.release)
  const path = `/api/v1/releases/${encodeURIComponent(release)}/approvals/mine`
  const { leafIndex } = await openClient(options, terminal).write('DELETE', path, undefined, z.unknown())
  terminal.result({ release, leafIndex }, () => `taken back: your approval of ${release}\nleaf: ${leafIndex}`)
  return 0
}
