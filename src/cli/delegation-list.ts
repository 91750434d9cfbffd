/** Who approves in whose name, now or later. */

import * as z from '../bytes/schema.ts'
import { formatWho, instant, leafIndex, shown, who } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { formatInstant, table } from './text.ts'

const answer = z.object({
  delegations: z.array(
    z.object({ delegation: shown, by: who, to: who, from: instant, until: instant, isNow: z.boolean(), leafIndex }),
  ),
})

export async function run(options: ServerOptions, terminal: Terminal): Promise<number> {
  const found = await openClient(options, terminal).get('/api/v1/delegations', answer)
  const rows = found.delegations.map((each) => [
    formatWho(each.to),
    formatWho(each.by),
    each.isNow ? 'now' : formatInstant(each.from),
    formatInstant(each.until),
    String(each.leafIndex),
    each.delegation,
  ])
  terminal.result(found, () =>
    rows.length === 0
      ? 'nobody approves in the name of another'
      : table([['APPROVES', 'IN THE NAME OF', 'FROM', 'UNTIL', 'LEAF', 'DELEGATION'], ...rows], terminal.columns),
  )
  return 0
}
