/** Environments as they are defined now. */

import * as z from '../bytes/schema.ts'
import { rule } from '../domain/approval-rule.ts'
import { formatRule } from './approval-rule.ts'
import { leafIndex, shown } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { formatDuration, table } from './text.ts'

const environments = z.object({
  environments: z.array(
    z.object({
      environment: shown,
      approvals: z.int(),
      approverRole: shown,
      rules: z.array(rule).optional(),
      targets: z.array(shown),
      refs: z.array(shown),
      grantLifetimeSeconds: z.number(),
      requestLifetimeSeconds: z.number(),
      leafIndex,
    }),
  ),
})

export async function run(options: ServerOptions, terminal: Terminal): Promise<number> {
  const answer = await openClient(options, terminal).get('/api/v1/environments', environments)
  const head = ['ENVIRONMENT', 'APPROVALS', 'CREDENTIAL', 'REQUEST', 'LEAF', 'TARGETS', 'FROM']
  const rows = answer.environments.map((each) => [
    each.environment,
    each.rules ? each.rules.map(formatRule).join(' and ') : `${each.approvals} by ${each.approverRole}`,
    formatDuration(each.grantLifetimeSeconds * 1_000),
    formatDuration(each.requestLifetimeSeconds * 1_000),
    String(each.leafIndex),
    each.targets.join(',') || '-',
    each.refs.join(','),
  ])
  terminal.result(answer, () => table([head, ...rows], terminal.columns))
  return 0
}
