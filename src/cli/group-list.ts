/** Groups, who is in them, and what they hold. */

import * as z from '../bytes/schema.ts'
import { formatWho, leafIndex, shown, who } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { table } from './text.ts'

const binding = z.object({ role: shown, scope: shown, isInForce: z.boolean() })
const answer = z.object({
  groups: z.array(
    z.object({ group: shown, source: shown, members: z.array(who), bindings: z.array(binding), leafIndex }),
  ),
})

export async function run(options: ServerOptions, terminal: Terminal): Promise<number> {
  const found = await openClient(options, terminal).get('/api/v1/groups', answer)
  terminal.result(found, () => {
    if (found.groups.length === 0) return 'there are no groups; countersign group add payments makes one'
    const rows = found.groups.map(({ group, source, members, bindings, leafIndex: at }) => [
      group,
      source === 'direct' ? 'people' : source,
      bindings.map(formatBinding).join(', ') || '-',
      String(at),
      members.map(formatWho).join(', ') || '-',
    ])
    return table([['GROUP', 'KEPT BY', 'HOLDS', 'LEAF', 'MEMBERS'], ...rows], terminal.columns)
  })
  return 0
}

/** `approver in environment:production`, and whether it counts now. */
export function formatBinding({ role, scope, isInForce }: z.infer<typeof binding>): string {
  return `${role}${scope === 'instance' ? '' : ` in ${scope}`}${isInForce ? '' : ' (not now)'}`
}
