/** Has somebody approve in one's own name while one is away. */

import * as z from '../bytes/schema.ts'
import { shown } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface DelegationAddOptions extends ServerOptions {
  readonly person: string
  /** RFC 3339. */
  readonly from?: string
  readonly until: string
  readonly reason?: string
}

export async function run(options: DelegationAddOptions, terminal: Terminal): Promise<number> {
  const { person: to, from, until, reason } = options
  const body = { to, until, ...(from && { from }), ...(reason && { reason }) }
  const answer = await openClient(options, terminal).post('/api/v1/delegations', body, z.object({ delegation: shown }))
  const { result, leafIndex } = answer
  terminal.result({ ...result, to, until, leafIndex }, () =>
    [
      `${to} approves in your name${from ? ` from ${from}` : ''} until ${until}`,
      `to end it: countersign delegation end ${result.delegation}`,
      `leaf: ${leafIndex}`,
    ].join('\n'),
  )
  return 0
}
