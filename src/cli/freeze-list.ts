/** Freezes that are, and that are to come. */

import * as z from '../bytes/schema.ts'
import { formatWho, instant, leafIndex, shown, who } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { formatInstant, table } from './text.ts'

const answer = z.object({
  freezes: z.array(
    z.object({
      freeze: shown,
      environment: shown,
      by: who,
      from: instant,
      until: instant.optional(),
      isNow: z.boolean(),
      leafIndex,
    }),
  ),
})

export async function run(options: ServerOptions, terminal: Terminal): Promise<number> {
  const found = await openClient(options, terminal).get('/api/v1/freezes', answer)
  terminal.result(found, () => {
    if (found.freezes.length === 0)
      return 'nothing is frozen; countersign freeze begin production --reason … closes an environment'
    const rows = found.freezes.map((each) => [
      each.environment,
      each.isNow ? 'now' : formatInstant(each.from),
      each.until === undefined ? 'it is ended' : formatInstant(each.until),
      formatWho(each.by),
      String(each.leafIndex),
      each.freeze,
    ])
    return table([['ENVIRONMENT', 'FROM', 'UNTIL', 'BY', 'LEAF', 'FREEZE'], ...rows], terminal.columns)
  })
  return 0
}
