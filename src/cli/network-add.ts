/** Defines a network, or changes it. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface NetworkAddOptions extends ServerOptions {
  readonly network: string
  readonly cidr: readonly string[]
}

export async function run(options: NetworkAddOptions, terminal: Terminal): Promise<number> {
  const { network, cidr: cidrs } = options
  const { leafIndex } = await openClient(options, terminal).post('/api/v1/networks', { network, cidrs }, z.unknown())
  terminal.result({ network, cidrs, leafIndex }, () => `${network} is ${cidrs.join(', ')}\nleaf: ${leafIndex}`)
  return 0
}
