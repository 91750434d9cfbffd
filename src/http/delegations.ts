/** Delegations: who approves in the name of somebody who is away. */

import * as z from '../bytes/schema.ts'
import { freshId } from '../control/fresh.ts'
import * as shape from '../control/view/shape-word.ts'
import { delegationsOf } from '../domain/delegation.ts'
import * as f from '../domain/field.ts'
import { act, type Desk } from './act.ts'
import * as field from './field.ts'
import { formatInstant, instant, nothing } from './field.ts'
import { findPerson } from './people.ts'
import { problem } from './problem.ts'
import { read } from './read.ts'

const listed = z.object({
  delegation: z.string(),
  by: shape.who,
  to: shape.who,
  from: instant,
  until: instant,
  isNow: z.boolean(),
  leafIndex: z.int(),
})

export function delegations(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/delegations',
    summary: 'Who approves in whose name, now or later',
    answer: z.object({ delegations: z.array(listed) }),
    look: () => {
      const at = port.clock()
      return {
        delegations: delegationsOf(port.ledger.state, at).map(({ delegation, by, to, from, until, leafIndex }) => ({
          ...{ delegation, by: port.views.who(by), to: port.views.who(to) },
          ...{ from: formatInstant(from), until: formatInstant(until), isNow: from <= at, leafIndex },
        })),
      }
    },
  })
  giving(desk)
  act(desk, {
    method: 'DELETE',
    url: '/api/v1/delegations/:delegation',
    summary: 'Ends a delegation before its time',
    params: z.object({ delegation: f.delegationId }),
    result: nothing,
    ask: ({ params: { delegation }, caller, personal }) => {
      if (!port.ledger.state.delegations.has(delegation))
        return problem('not_found', 'There is no such delegation, or it is over.')
      return { perform: { command: { type: 'end delegation', delegation }, caller, personal }, result: () => ({}) }
    },
  })
}

function giving(desk: Desk): void {
  const { port } = desk
  act(desk, {
    method: 'POST',
    url: '/api/v1/delegations',
    summary: 'Has somebody approve in one’s own name while one is away',
    body: z.strictObject({
      to: z.string().min(1).max(80).describe('A person’s id, or their @handle.'),
      from: field.futureInstant.optional().describe('Now, where it is absent.'),
      until: field.futureInstant,
      reason: field.reason.optional(),
    }),
    result: z.object({ delegation: z.string() }),
    status: 201,
    ask: ({ body: { to: named, from, until, reason }, caller, personal }) => {
      const to = findPerson(named, port)
      if (typeof to !== 'string') return to
      const delegation = freshId('delegation') as z.infer<typeof f.delegationId>
      const command = {
        type: 'delegate approvals',
        delegation,
        to,
        ...(from !== undefined && { from }),
        until,
      } as const
      return { perform: { command, caller, personal: { ...personal, reason } }, result: () => ({ delegation }) }
    },
  })
}
