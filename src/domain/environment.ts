/** Where releases go, how many people must agree, and which targets its jobs may reach. */

import * as z from '../bytes/schema.ts'
import { escalation, rules } from './approval-rule.ts'
import * as f from './field.ts'
import type { State } from './state.ts'

export const events = {
  'environment.defined': z.strictObject({
    environment: f.name,
    approvals: z.int().min(0).max(10),
    approverRole: f.role,
    /** Who has to say yes, where it is not just so many with that role. */
    rules: rules.optional(),
    escalation: escalation.optional(),
    targets: z.array(f.name).max(64),
    grantLifetimeMs: z.int().min(10_000).max(3_600_000),
    requestLifetimeMs: z
      .int()
      .min(60_000)
      .max(7 * 24 * 3_600_000),
    refs: z.array(f.refPattern).min(1).max(64),
    /** How long somebody else may take to judge a break-glass; a day where it is absent. */
    reviewWithinMs: z
      .int()
      .min(60_000)
      .max(30 * 24 * 3_600_000)
      .optional(),
  }),
}

export const commands = {
  'define environment': events['environment.defined'].extend({ type: z.literal('define environment') }),
}

export type EnvironmentEvent = { readonly type: 'environment.defined' } & z.infer<
  (typeof events)['environment.defined']
>
export type Environment = z.infer<(typeof events)['environment.defined']> & { readonly leafIndex: number }

export function apply(state: State, { type: _, ...environment }: EnvironmentEvent, leafIndex: number): void {
  state.environments.set(environment.environment, { ...environment, leafIndex })
}
