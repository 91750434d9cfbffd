/** Networks that policies name, such as the office: who asks from there is known by its name. */

import * as z from '../bytes/schema.ts'
import * as shape from '../control/view/shape.ts'
import * as f from '../domain/field.ts'
import { cidr } from '../domain/network.ts'
import { act, type Desk } from './act.ts'
import { nothing } from './field.ts'
import { read } from './read.ts'

export function networks(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/networks',
    summary: 'Networks as they are defined now, and those that this request comes from',
    isForPeople: true,
    answer: shape.networks,
    look: ({ request }) => port.views.networks(request.ip),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/networks',
    summary: 'Defines a network, or changes it',
    body: z.strictObject({ network: f.role, cidrs: z.array(cidr).min(1).max(64) }),
    result: nothing,
    status: 201,
    ask: ({ body, caller, personal }) => ({
      perform: { command: { type: 'define network', ...body }, caller, personal },
      result: () => ({}),
    }),
  })
  act(desk, {
    method: 'DELETE',
    url: '/api/v1/networks/:network',
    summary: 'Removes a network: nobody asks from there any more',
    params: z.object({ network: f.role }),
    result: nothing,
    ask: ({ params: { network }, caller, personal }) => ({
      perform: { command: { type: 'remove network', network }, caller, personal },
      result: () => ({}),
    }),
  })
}
