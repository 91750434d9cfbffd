/** Trusts a directory no more; the people that it brought stay. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface DirectoryRemoveOptions extends ServerOptions {
  readonly directory: string
}

export async function run(options: DirectoryRemoveOptions, terminal: Terminal): Promise<number> {
  const { directory } = options
  const path = `/api/v1/directories/${encodeURIComponent(directory)}`
  const { leafIndex } = await openClient(options, terminal).write('DELETE', path, undefined, z.unknown())
  terminal.result({ directory, leafIndex }, () => `${directory} keeps nothing here any more\nleaf: ${leafIndex}`)
  return 0
}
