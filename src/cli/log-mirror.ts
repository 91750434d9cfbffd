/** `countersign log mirror`: a second copy of somebody's log, which nobody can change unseen; run again, it continues. */

import { resolve } from 'node:path'
import { openTiles } from '../control/tile-source.ts'
import { copy, withProgress } from './log-copy.ts'
import { tokenFrom } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { parseOption } from './verify.ts'

export interface MirrorOptions {
  /** URL under which `/checkpoint` is, or a directory. */
  readonly from: string
  readonly to: string
  readonly logKey: readonly string[]
  /** Leaves of a running server are for those who are signed in. */
  readonly tokenFile?: string
}

export async function run({ from, to, logKey, tokenFile }: MirrorOptions, terminal: Terminal): Promise<number> {
  const bearer = tokenFile === undefined ? undefined : tokenFrom(tokenFile)
  const source = await withProgress(terminal, () => openTiles(from, bearer))
  return copy({ source, to: resolve(to), keys: logKey.map(parseOption) }, terminal)
}
