/** Removes a network: nobody asks from there any more. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface NetworkRemoveOptions extends ServerOptions {
  readonly network: string
}

export async function run(options: NetworkRemoveOptions, terminal: Terminal): Promise<number> {
  const { network } = options
  const path = `/api/v1/networks/${encodeURIComponent(network)}`
  const { leafIndex } = await openClient(options, terminal).write('DELETE', path, undefined, z.unknown())
  terminal.result({ network, leafIndex }, () => `${network} is no network any more\nleaf: ${leafIndex}`)
  return 0
}
