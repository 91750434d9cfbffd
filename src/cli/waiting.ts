/** Waiting for a release: bounded, told to people with names and a fingerprint, and never taken for success. */

import type { Client } from './client.ts'
import { formatWho } from './contract.ts'
import { progress, type Progress, type ReleaseState, type Requested } from './contract-release.ts'
import { Failure } from './failure.ts'
import { formatInstant, listed } from './text.ts'

const POLL_SECONDS = 25
const PAUSE_MS = 500

/** `Waiting for 1 of 2 signatures. Fingerprint K7Q2-9DMX. Can sign: @sam or @li. https://…` */
export function describeWait(
  { fingerprint, canApprove, approvalUrl, required, expiresAt }: Requested,
  given = 0,
): string {
  const missing = Math.max(required - given, 1)
  const names = canApprove.length > 0 ? listed(canApprove.map(formatWho), 'or') : 'nobody now; ask an administrator'
  return [
    `Waiting for ${missing} of ${required} signature${required === 1 ? '' : 's'}. Fingerprint ${fingerprint}. Can sign: ${names}. ${approvalUrl}`,
    `The request lives until ${formatInstant(expiresAt)}.`,
  ].join('\n')
}

export interface WaitOptions {
  /** Instant in ms when the wait runs out. */
  readonly until: number
  readonly signal?: AbortSignal | undefined
  readonly tell: (progress: Progress) => void
}

/** Waits until the release leaves `waiting`; tells each change. A Failure `timedOut` when `until` comes first. */
export async function waitForRelease(
  client: Client,
  release: string,
  { until, signal, tell }: WaitOptions,
): Promise<Progress> {
  let given = -1
  for (;;) {
    const leftMs = until - Date.now()
    const seconds = Math.min(POLL_SECONDS, Math.max(0, Math.ceil(leftMs / 1_000)))
    const now = await client.get(
      `/api/v1/releases/${encodeURIComponent(release)}/wait?timeoutSeconds=${seconds}`,
      progress,
      {
        timeoutMs: (seconds + 15) * 1_000,
        signal,
      },
    )
    if (now.given !== given || now.state !== 'waiting') tell(now)
    if (now.state !== 'waiting') return now
    // A server that answers a long poll at once must not make this a busy loop.
    if (now.given === given) await pause(Math.min(PAUSE_MS, Math.max(0, until - Date.now())), signal)
    given = now.given
    if (Date.now() >= until) throw ranOut(release, now)
  }
}

async function pause(spanMs: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, spanMs)
    signal?.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })
}

function ranOut(release: string, { given, required }: Progress): Failure {
  return new Failure('timedOut', 'wait_ran_out', `the wait ran out with ${given} of ${required} signatures`, {
    next: `countersign release wait ${release}`,
  })
}

/** The failure of a release that can no longer be carried out; undefined while it can. */
export function closedFailure(state: ReleaseState, fingerprint: string): Failure | undefined {
  const next = `countersign why ${fingerprint}`
  if (state === 'refused')
    return new Failure('refused', 'release_refused', `release ${fingerprint} was refused by an approver`, { next })
  if (state === 'expired')
    return new Failure('refused', 'release_expired', `release ${fingerprint} was not approved in time`, {
      next: 'ask again: countersign run',
    })
  if (state === 'voided')
    return new Failure('refused', 'policy_changed', `release ${fingerprint} is void: the policies changed`, {
      next: 'ask again: countersign run',
    })
  if (state === 'deployed' || state === 'failed')
    return new Failure('refused', 'release_closed', `release ${fingerprint} is over (${state})`, { next })
  return undefined
}
