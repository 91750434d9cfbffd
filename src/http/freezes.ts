/** Freezes: environments that nothing is released into for a while. */

import * as z from '../bytes/schema.ts'
import { freshId } from '../control/fresh.ts'
import * as shape from '../control/view/shape.ts'
import * as f from '../domain/field.ts'
import { act, type Desk } from './act.ts'
import * as field from './field.ts'
import { nothing } from './field.ts'
import { problem } from './problem.ts'
import { read } from './read.ts'

const body = z.strictObject({
  environment: f.name,
  from: field.futureInstant.optional().describe('Now, where it is absent.'),
  until: field.futureInstant.optional().describe('Until it is ended, where it is absent.'),
  reason: field.reason,
})

export function freezes(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/freezes',
    summary: 'Freezes that are, and that are to come',
    answer: shape.freezes,
    look: () => port.views.freezes(),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/freezes',
    summary: 'Freezes an environment: from then on nothing is released into it',
    body,
    result: z.object({ freeze: z.string() }),
    status: 201,
    ask: ({ body: { environment, from, until, reason }, caller, personal }) => {
      const freeze = freshId('freeze') as z.infer<typeof f.freezeId>
      const times = { ...(from !== undefined && { from }), ...(until !== undefined && { until }) }
      return {
        perform: {
          command: { type: 'begin freeze', freeze, environment, ...times },
          caller,
          personal: { ...personal, reason },
        },
        result: () => ({ freeze }),
      }
    },
  })
  act(desk, {
    method: 'DELETE',
    url: '/api/v1/freezes/:freeze',
    summary: 'Ends a freeze before its time',
    params: z.object({ freeze: f.freezeId }),
    result: nothing,
    ask: ({ params: { freeze }, caller, personal }) => {
      const environment = port.ledger.state.freezes.get(freeze)?.environment
      if (environment === undefined) return problem('not_found', 'There is no such freeze, or it is over.')
      return { perform: { command: { type: 'end freeze', freeze, environment }, caller, personal }, result: () => ({}) }
    },
  })
}
