/** Alerts that fired, and people saying that they have seen them. */

import * as z from '../bytes/schema.ts'
import * as shape from '../control/view/shape.ts'
import * as f from '../domain/field.ts'
import { act, type Desk } from './act.ts'
import { nothing } from './field.ts'
import { read } from './read.ts'

export function alerts(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/alerts',
    summary: 'Alerts, newest first',
    isForPeople: true,
    answer: shape.alerts,
    look: async () => ({ alerts: await port.views.alerts() }),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/alerts/:id/acknowledgement',
    summary: 'Says that an alert was seen',
    params: z.object({ id: f.alertId }),
    body: z.strictObject({ note: z.string().max(1000).optional() }),
    result: nothing,
    status: 201,
    ask: ({ params: { id }, body: { note }, caller, personal }) => ({
      perform: { command: { type: 'acknowledge alert', alert: id }, caller, personal: { ...personal, note } },
      result: () => ({}),
    }),
  })
}
