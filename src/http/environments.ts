/** Where releases go, and how many people must agree. */

import * as z from '../bytes/schema.ts'
import * as shape from '../control/view/shape.ts'
import { from, requiredOf, rules } from '../domain/approval-rule.ts'
import * as f from '../domain/field.ts'
import { act, type Desk } from './act.ts'
import { nothing } from './field.ts'
import { problem } from './problem.ts'
import { read } from './read.ts'

const body = z.strictObject({
  environment: f.name,
  approvals: z.int().min(0).max(10).optional().describe('How many with the approver role; not beside rules.'),
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
  rules: rules.optional().describe('Who has to say yes: all of them must be met, each by other people.'),
  escalation: z
    .strictObject({
      afterSeconds: z
        .int()
        .min(60)
        .max(7 * 24 * 3_600),
      to: from,
    })
    .optional()
    .describe('Who may say yes for any rule once a release has waited for so long; an alert says so.'),
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
    ask: ({ body, caller, personal }) => {
      const command = commandOf(body)
      if (!command) return problem('malformed', 'An environment has either a number of approvals or rules.')
      return { perform: { command, caller, personal }, result: () => ({}) }
    },
  })
}

/** Undefined where it says twice, or not at all, who has to say yes. */
function commandOf({
  approvals,
  rules: all,
  escalation,
  grantLifetimeSeconds,
  requestLifetimeSeconds,
  reviewWithinSeconds,
  ...rest
}: z.output<typeof body>) {
  if ((approvals === undefined) === (all === undefined)) return undefined
  const { afterSeconds, to } = escalation ?? {}
  return {
    type: 'define environment',
    ...rest,
    approvals: approvals ?? requiredOf({ rules: all, approvals: 0 }),
    ...(all && { rules: all }),
    ...(afterSeconds !== undefined && to && { escalation: { afterMs: afterSeconds * 1000, to } }),
    grantLifetimeMs: grantLifetimeSeconds * 1000,
    requestLifetimeMs: requestLifetimeSeconds * 1000,
    ...(reviewWithinSeconds !== undefined && { reviewWithinMs: reviewWithinSeconds * 1000 }),
  } as const
}
