/** What credentials are lent for, as they are defined now. */

import * as z from '../bytes/schema.ts'
import { leafIndex, shown } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { table } from './text.ts'

const targets = z.object({
  targets: z.array(
    z.object({
      target: shown,
      kind: shown,
      address: shown,
      principals: z.array(shown).optional(),
      database: shown.optional(),
      parentRole: shown.optional(),
      audience: shown.optional(),
      leafIndex,
    }),
  ),
})

export async function run(options: ServerOptions, terminal: Terminal): Promise<number> {
  const answer = await openClient(options, terminal).get('/api/v1/targets', targets)
  const head = ['TARGET', 'KIND', 'ADDRESS', 'LEAF', 'AS']
  const rows = answer.targets.map(
    ({ target, kind, address, principals, database, parentRole, audience, leafIndex: at }) => [
      target,
      kind,
      address,
      String(at),
      principals?.join(',') ?? audience ?? (parentRole ? `${parentRole} in ${database ?? '-'}` : '-'),
    ],
  )
  terminal.result(answer, () => table([head, ...rows], terminal.columns))
  return 0
}
