/** Freezes an environment: nothing is released into it until then. */

import * as z from '../bytes/schema.ts'
import { shown } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface FreezeBeginOptions extends ServerOptions {
  readonly environment: string
  readonly reason: string
  /** RFC 3339. */
  readonly from?: string
  readonly until?: string
}

export async function run(options: FreezeBeginOptions, terminal: Terminal): Promise<number> {
  const { environment, reason, from, until } = options
  const body = { environment, reason, ...(from && { from }), ...(until && { until }) }
  const answer = await openClient(options, terminal).post('/api/v1/freezes', body, z.object({ freeze: shown }))
  const { result, leafIndex } = answer
  terminal.result({ ...result, environment, leafIndex }, () => {
    const end = until ?? `it is ended: countersign freeze end ${result.freeze}`
    return `${environment} is frozen${from ? ` from ${from}` : ''} until ${end}\nleaf: ${leafIndex}`
  })
  return 0
}
