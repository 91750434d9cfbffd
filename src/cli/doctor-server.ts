/** What the doctor asks the server, and what of it can be proven. */

import * as z from '../bytes/schema.ts'
import { exchange } from './transport.ts'
import type { Client } from './client.ts'
import { checkConsistency } from './consistency.ts'
import { formatWho, instant, shown, who } from './contract.ts'
import { Failure } from './failure.ts'
import { fetchTile, fetchText } from './log-file.ts'
import { isSplit, openHead, unverified } from './proof.ts'
import { logStatus } from './log-status.ts'
import { formatDuration, formatInstant } from './text.ts'

export interface Patient {
  readonly client: Client
  /** Throws when there is no login. */
  readonly signedIn: () => Client
}

const MAX_SKEW_MS = 30_000
const MAX_WITNESS_AGE_MS = 60_000

const ready = z.object({
  ready: z.boolean(),
  checks: z.array(z.object({ name: shown, ok: z.boolean(), detail: shown.optional() })).default([]),
})

export async function checkServer({ client }: Patient): Promise<string> {
  const { body } = await exchange(client.server, { method: 'GET', path: '/readyz' })
  const { ready: isReady, checks } = ready.parse(body)
  const failed = checks.find(({ ok }) => !ok)
  if (isReady) return `${client.server} is ready`
  throw new Failure(
    'failed',
    'not_ready',
    `${client.server} is not ready: ${failed?.name ?? ''} ${failed?.detail ?? ''}`.trim(),
    {
      next: 'look at the server’s own messages; privileged acts are refused until it is ready',
    },
  )
}

export async function checkClock({ client }: Patient): Promise<string> {
  await client.discover()
  const skewMs = client.clockSkewMs
  if (skewMs === undefined) return 'the server does not tell its time'
  if (Math.abs(skewMs) <= MAX_SKEW_MS) return 'within 30 s of the server’s'
  throw new Failure(
    'failed',
    'clock_skew',
    `this clock is ${formatDuration(Math.abs(skewMs))} ${skewMs > 0 ? 'behind' : 'ahead of'} the server’s`,
    {
      next: 'timedatectl set-ntp true, here or there',
    },
  )
}

export async function checkLog({ client }: Patient): Promise<string> {
  const note = await fetchText(client.server, 'checkpoint')
  const pin = await client.pinFor(note)
  const { logKey } = await client.discover()
  const head = openHead(note, pin)
  if (logKey !== pin.logKey)
    throw unverified('log_key_changed', `the server names the log key ${logKey}; this machine pinned ${pin.logKey}`)
  return `${pin.origin}: ${head.treeSize} leaves, signed by the pinned key`
}

/** From the head that this machine remembers to the head of now. */
export async function checkHistory({ client }: Patient): Promise<string> {
  const note = await fetchText(client.server, 'checkpoint')
  const pin = await client.pinFor(note)
  const now = openHead(note, pin)
  if (!pin.head) {
    client.remember(now)
    return 'nothing to compare with yet; remembered for the next time'
  }
  if (isSplit(pin.head, now))
    throw unverified('split_view', `the log signed two different histories of ${now.treeSize} leaves`)
  await checkConsistency(pin.head, now, async (path) => await fetchTile(client.server, path))
  client.remember(now)
  return `the ${pin.head.treeSize} leaves seen before still begin the log of ${now.treeSize}`
}

export async function checkWitnesses({ signedIn }: Patient): Promise<string> {
  const { witnesses, treeSize, healthy, trouble } = await signedIn().get('/api/v1/log', logStatus)
  if (!healthy)
    throw new Failure('unverified', 'log_damaged', trouble?.sentence ?? 'the log is damaged', {
      next: 'countersign restore',
    })
  if (witnesses.length === 0) return 'none; run one on another machine: countersign witness'
  const late = witnesses.find(
    ({ cosignedSize, cosignedAt }) => (cosignedSize ?? 0) < treeSize && ageMs(cosignedAt) > MAX_WITNESS_AGE_MS,
  )
  if (!late) return `${witnesses.map(({ name }) => name).join(', ')} cosigned`
  const since = late.cosignedAt ? `since ${formatInstant(late.cosignedAt)}` : 'ever'
  throw new Failure('failed', 'witness_late', `${late.name} has not cosigned ${since}`, {
    next: 'see that it runs and reaches the server: countersign witness',
  })
}

export async function checkTimestamps({ signedIn }: Patient): Promise<string> {
  const { stamp } = await signedIn().get('/api/v1/log', logStatus)
  if (!stamp) return 'none; have checkpoints stamped: countersign up --tsa URL --tsa-ca FILE'
  if (stamp.trouble)
    throw new Failure('failed', 'stamp_late', stamp.trouble, {
      next: 'see that the server reaches the authority, and that --tsa-ca is its certificate',
    })
  const when = stamp.stampedAt ? `${stamp.treeSize} leaves, ${formatInstant(stamp.stampedAt)}` : 'nothing yet'
  return `${stamp.authority} stamped ${when}`
}

function ageMs(at: string | null | undefined): number {
  return at ? Date.now() - Date.parse(at) : Number.POSITIVE_INFINITY
}

export async function checkLogin({ signedIn }: Patient): Promise<string> {
  const me = await signedIn().get('/api/v1/logins/current', z.object({ who, expiresAt: instant }))
  return `${formatWho(me.who)} until ${formatInstant(me.expiresAt)}`
}
