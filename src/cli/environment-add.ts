/** Defines where releases go, and how many people must agree. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { formatDuration, plural } from './text.ts'

export interface EnvironmentAddOptions extends ServerOptions {
  readonly environment: string
  readonly approvals: number
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
  const { environment, approvals, approverRole, target: targets = [], ref: refs = ['refs/heads/main'] } = options
  const { grantLifetime = GRANT_MS, requestLifetime = REQUEST_MS, reviewWithin } = options
  const lifetimes = {
    grantLifetimeSeconds: Math.ceil(grantLifetime / 1_000),
    requestLifetimeSeconds: Math.ceil(requestLifetime / 1_000),
    ...(reviewWithin !== undefined && { reviewWithinSeconds: Math.ceil(reviewWithin / 1_000) }),
  }
  const body = { environment, approvals, approverRole, targets, refs, ...lifetimes }
  const { leafIndex } = await openClient(options, terminal).post('/api/v1/environments', body, z.unknown())
  terminal.result({ ...body, leafIndex }, () =>
    [
      `${environment}: ${plural(approvals, 'approval')} by ${approverRole}, credentials for ${formatDuration(grantLifetime)}, targets ${targets.join(', ') || 'none'}`,
      `leaf: ${leafIndex}`,
    ].join('\n'),
  )
  return 0
}
