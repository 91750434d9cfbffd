/** Asks a running server to put damaged leaves back from a witness's copy; it believes only what its signed tree proves. */

import * as z from '../bytes/schema.ts'
import { leafIndex } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { plural } from './text.ts'

const ANSWER_MS = 120_000

export async function run(options: ServerOptions, terminal: Terminal): Promise<number> {
  const client = openClient(options, terminal)
  const repairing = z.object({ repaired: z.array(leafIndex) })
  const receipt = await client.post('/api/v1/log/repair', {}, repairing, { timeoutMs: ANSWER_MS })
  const { repaired } = receipt.result
  terminal.result({ repaired, leafIndex: receipt.leafIndex }, () =>
    [`restored ${plural(repaired.length, 'leaf')}: ${repaired.join(', ')}`, `leaf: ${receipt.leafIndex}`].join('\n'),
  )
  return 0
}
