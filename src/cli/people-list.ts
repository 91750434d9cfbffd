/** Everybody, with roles, keys and whether they are enrolled or revoked. */

import * as z from '../bytes/schema.ts'
import { leafIndex, shown, who } from './contract.ts'
import { formatBinding } from './group-list.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { table } from './text.ts'

const person = z.object({
  who,
  roles: z.array(shown),
  bindings: z
    .array(z.object({ role: shown, scope: shown, isInForce: z.boolean() }))
    .default([])
    .describe('Wherever and whenever they count.'),
  groups: z.array(shown).default([]),
  zone: shown,
  enrolled: z.boolean(),
  revoked: z.boolean(),
  passkeys: z.int(),
  keys: z.array(z.object({ fingerprint: shown, format: shown, leafIndex })),
  leafIndex,
})
const people = z.object({ people: z.array(person) })
type Person = z.infer<typeof person>

export async function run(options: ServerOptions, terminal: Terminal): Promise<number> {
  const answer = await openClient(options, terminal).get('/api/v1/people', people)
  const head = ['PERSON', 'NAME', 'STATE', 'ROLES', 'ZONE', 'PASSKEYS', 'LEAF', 'KEYS']
  terminal.result(answer, () => table([head, ...answer.people.map(line)], terminal.columns))
  return 0
}

function line({
  who: { name, label = '', software },
  roles,
  bindings,
  groups,
  zone,
  enrolled,
  revoked,
  passkeys,
  keys,
  leafIndex: at,
}: Person): string[] {
  const elsewhere = bindings.filter(({ scope, isInForce }) => scope !== 'instance' || !isInForce).map(formatBinding)
  const held = [...roles, ...elsewhere, ...groups.map((group) => `group ${group}`)].join(',')
  const state = revoked ? 'revoked' : enrolled ? 'enrolled' : 'invited'
  const shownKeys = keys.map(({ format, fingerprint }) => `${format}:${fingerprint}`).join(' ')
  return [
    `@${name.replace(/^@/u, '')}`,
    label,
    state,
    held || '-',
    zone,
    `${passkeys}${software ? ' (software)' : ''}`,
    String(at),
    shownKeys || '-',
  ]
}
