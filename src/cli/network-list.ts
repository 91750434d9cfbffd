/** Networks that policies name, and those that whoever asks is in. */

import * as z from '../bytes/schema.ts'
import { leafIndex, shown } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { table } from './text.ts'

const answer = z.object({
  networks: z.array(z.object({ network: shown, cidrs: z.array(shown), leafIndex })),
  here: z.array(shown),
})

export async function run(options: ServerOptions, terminal: Terminal): Promise<number> {
  const found = await openClient(options, terminal).get('/api/v1/networks', answer)
  terminal.result(found, () => {
    if (found.networks.length === 0)
      return 'there are no networks; countersign network add office --cidr 192.0.2.0/24 defines one'
    const rows = found.networks.map(({ network, cidrs, leafIndex: at }) => [
      network,
      found.here.includes(network) ? 'yes' : 'no',
      String(at),
      cidrs.join(', '),
    ])
    return table([['NETWORK', 'YOU ARE IN IT', 'LEAF', 'ADDRESSES'], ...rows], terminal.columns)
  })
  return 0
}
