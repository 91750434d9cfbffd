/** Gives the log a new signing key. The receipt is signed by the old one, so this machine can follow without trusting anybody. */

import * as z from '../bytes/schema.ts'
import { exact } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export async function run(options: ServerOptions, terminal: Terminal): Promise<number> {
  const client = openClient(options, terminal)
  const { result, leafIndex } = await client.post('/api/v1/log/rotation', {}, z.object({ key: exact }))
  client.repin(result.key)
  terminal.result({ ...result, leafIndex }, () =>
    [
      `the log signs with ${result.key} from here on`,
      `leaf: ${leafIndex}`,
      `everybody else: countersign login --log-key '${result.key}'; and each door: countersign git hook install`,
    ].join('\n'),
  )
  return 0
}
