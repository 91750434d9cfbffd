/** `countersign log export`: the public part of a stored log, verified and copied to a directory that any static server can serve. */

import { join, resolve } from 'node:path'
import { openTiles } from '../control/tile-source.ts'
import { verifyLog } from '../control/verification.ts'
import { StoreError } from '../store/error.ts'
import { parseKey } from '../tlog/key.ts'
import { Failure } from './failure.ts'
import { copy, withProgress } from './log-copy.ts'
import type { Terminal } from './terminal.ts'
import { parseOption } from './verify.ts'

export interface ExportOptions {
  readonly directory?: string
  readonly to: string
  /** Keys that may have signed; without any, the log says whose they are, and is verified as a whole first. */
  readonly logKey?: readonly string[]
}

export async function run(
  { directory = '.countersign', to, logKey }: ExportOptions,
  terminal: Terminal,
): Promise<number> {
  const path = resolve(directory)
  if (resolve(to) === path || resolve(to).startsWith(join(path, 'log')))
    throw new Failure('usage', 'bad_folder', 'a copy is made in another folder than that of the log', {
      next: '--to <folder>',
    })
  const keys = logKey && logKey.length > 0 ? logKey.map(parseOption) : [await keyOf(path, terminal)]
  const source = await withProgress(terminal, () => openTiles(path))
  return copy({ source, to: resolve(to), keys }, terminal)
}

/** The key under the newest checkpoint, once everything else fits. */
async function keyOf(path: string, terminal: Terminal) {
  return withProgress(terminal, async (onProgress) => {
    const { key, findings } = await verifyLog({ path, onProgress })
    const [first] = findings
    if (!first && key !== undefined) return parseKey(key)
    throw new StoreError('damaged', `the log in ${path} does not verify: ${first?.problem ?? 'nobody signed it'}`)
  })
}
