/** `countersign restore`: without a folder, the running server repairs itself; with one, its log is made whole while it is down. */

import { Failure } from './failure.ts'
import { run as repair } from './log-repair.ts'
import type { ServerOptions } from './login-file.ts'
import { run as restore, type RestoreOptions } from './restore.ts'
import type { Terminal } from './terminal.ts'

export async function run(options: Partial<RestoreOptions> & ServerOptions, terminal: Terminal): Promise<number> {
  const { server, data, from, ...rest } = options
  if (data === undefined) {
    if (from === undefined) return await repair(options, terminal)
    throw new Failure('usage', 'no_folder', '--from restores a folder, and none is named', {
      next: 'countersign restore .countersign --from …',
    })
  }
  if (from !== undefined && server === undefined) return await restore({ ...rest, data, from }, terminal)
  throw new Failure('usage', 'no_copy', 'a folder is restored from a copy, without a server', {
    next: 'name the witness, or the folder of its copy: --from',
  })
}
