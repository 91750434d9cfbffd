/** Where releases go, and how many people must agree. */

import * as z from '../bytes/schema.ts'
import * as shape from '../control/view/shape.ts'
import * as f from '../domain/field.ts'
import { act, type Desk } from './act.ts'
import { nothing } from './field.ts'
import { read } from './read.ts'

const body = z.strictObject({
  environment: f.name,
  approvals: z.int().min(0).max(10),
  approverRole: f.role,
  targets: z.array(f.name).max(64),
  grantLifetimeSeconds: z.int().min(10).max(3_600),
  requestLifetimeSeconds: z
    .int()
    .min(60)
    .max(7 * 24 * 3_600),
  refs: z
    .array(f.refPattern)
    .min(1)
    .max(64)
    .describe('Which references may be released from, such as refs/heads/main.'),
  reviewWithinSeconds: z
    .int()
    .min(60)
    .max(30 * 24 * 3_600)
    .optional()
    .describe('How long somebody else may take to judge a break-glass; a day where it is absent.'),
})

export function environments(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/environments',
    summary: 'Environments as they are defined now',
    answer: shape.environments,
    look: () => ({ environments: port.views.environments() }),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/environments',
    summary: 'Defines an environment, or changes it',
    body,
    result: nothing,
    status: 201,
    ask: ({ body: { grantLifetimeSeconds, requestLifetimeSeconds, reviewWithinSeconds, ...rest }, caller, personal }) => {
      const grantLifetimeMs = grantLifetimeSeconds * 1000
      const requestLifetimeMs = requestLifetimeSeconds * 1000
      const review = reviewWithinSeconds !== undefined && { reviewWithinMs: reviewWithinSeconds * 1000 }
      const command = { type: 'define environment', ...rest, grantLifetimeMs, requestLifetimeMs, ...review } as const
      return { perform: { command, caller, personal }, result: () => ({}) }
    },
  })
}
