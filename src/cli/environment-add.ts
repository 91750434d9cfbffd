/** Defines where releases go, and how many people must agree. */

import * as z from '../bytes/schema.ts'
import type { From, Rule } from '../domain/approval-rule.ts'
import { formatRule } from './approval-rule.ts'
import { Failure } from './failure.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { formatDuration, plural } from './text.ts'

export interface EnvironmentAddOptions extends ServerOptions {
  readonly environment: string
  readonly approvals?: number
  readonly rule?: readonly Rule[]
  /** Milliseconds. */
  readonly escalateAfter?: number
  readonly escalateTo?: From
  readonly approverRole: string
  readonly target?: readonly string[]
  readonly ref?: readonly string[]
  /** Milliseconds. */
  readonly grantLifetime?: number
  /** Milliseconds. */
  readonly requestLifetime?: number
  /** Milliseconds. */
  readonly reviewWithin?: number
}

const GRANT_MS = 5 * 60_000
const REQUEST_MS = 3_600_000

export async function run(options: EnvironmentAddOptions, terminal: Terminal): Promise<number> {
  const {
    environment,
    approvals,
    rule: rules,
    approverRole,
    target: targets = [],
    ref: refs = ['refs/heads/main'],
  } = options
  const { grantLifetime = GRANT_MS, requestLifetime = REQUEST_MS, reviewWithin } = options
  const lifetimes = {
    grantLifetimeSeconds: Math.ceil(grantLifetime / 1_000),
    requestLifetimeSeconds: Math.ceil(requestLifetime / 1_000),
    ...(reviewWithin !== undefined && { reviewWithinSeconds: Math.ceil(reviewWithin / 1_000) }),
  }
  const who = { ...(approvals !== undefined && { approvals }), ...(rules && { rules }), ...escalationOf(options) }
  const body = { environment, ...who, approverRole, targets, refs, ...lifetimes }
  const { leafIndex } = await openClient(options, terminal).post('/api/v1/environments', body, z.unknown())
  terminal.result({ ...body, leafIndex }, () =>
    [
      `${environment}: ${rules ? rules.map(formatRule).join(' and ') : `${plural(approvals ?? 0, 'approval')} by ${approverRole}`}, credentials for ${formatDuration(grantLifetime)}, targets ${targets.join(', ') || 'none'}`,
      `leaf: ${leafIndex}`,
    ].join('\n'),
  )
  return 0
}

function escalationOf({ escalateAfter, escalateTo: to }: EnvironmentAddOptions): object {
  if ((escalateAfter === undefined) !== (to === undefined))
    throw new Failure('usage', 'bad_option', '--escalate-after and --escalate-to go together')
  return to === undefined ? {} : { escalation: { afterSeconds: Math.ceil(escalateAfter! / 1_000), to } }
}
