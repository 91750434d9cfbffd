/** Every break-glass that nobody judged yet. */

import { breakglasses } from './contract-breakglass.ts'
import { formatWho } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { formatInstant, table } from './text.ts'

export async function run(options: ServerOptions, terminal: Terminal): Promise<number> {
  const { open } = await openClient(options, terminal).get('/api/v1/break-glass', breakglasses)
  const head = ['ENVIRONMENT', 'RELEASE', 'BY', 'AT', 'APPROVALS', 'JUDGE IT UNTIL', 'LEAF', 'BREAK-GLASS']
  const rows = open.map((each) => [
    each.environment,
    each.releaseFingerprint,
    formatWho(each.by),
    formatInstant(each.at),
    `${each.given} of ${each.required}`,
    `${formatInstant(each.reviewBy)}${each.isOverdue ? ' (overdue)' : ''}`,
    String(each.leafIndex),
    each.breakglass,
  ])
  terminal.result({ open }, () =>
    rows.length === 0 ? 'no break-glass waits to be judged' : table([head, ...rows], terminal.columns),
  )
  return 0
}
