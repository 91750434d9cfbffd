/** Is anything waiting, wrong or unusual? One page for whoever asks. */

import type { Caller } from '../../domain/leaf.ts'
import { isActive } from '../../domain/principal.ts'
import { bindingsOf, isInForce } from '../../domain/role.ts'
import { stateOf, type Release } from '../../domain/release.ts'
import type { Activity } from '../../index/activity.ts'
import { TrailError } from '../trail/asking.ts'
import { describeAlert, openAlerts } from './alert.ts'
import { liveGrants } from './grant.ts'
import { instantOf } from './phrase.ts'
import { openReleases, summarize } from './release.ts'
import type { LogStatus, Overview } from './shape.ts'
import type { Sight } from './sight.ts'

const HOUR_MS = 3_600_000
const LAST_RELEASES = 10
const MAX_IN_FLIGHT = 50

export async function describeOverview(log: LogStatus, viewer: Caller | undefined, sight: Sight): Promise<Overview> {
  const shown = releasesOf(sight).map((release) => summarize(release, viewer, sight))
  return {
    needsYou: [...approvalsFor(shown), ...alertsFor(sight)],
    releases: shown,
    privilege: privilegeOf(sight),
    last24h: await lastDay(sight),
    log,
  }
}

/** Those in flight, and the last ten. */
function releasesOf({ state, at }: Sight): Release[] {
  const isInFlight = (release: Release) => ['waiting', 'approved', 'deploying'].includes(stateOf(release, state, at))
  const chosen = [
    ...openReleases(state).filter(isInFlight).slice(0, MAX_IN_FLIGHT),
    ...state.releases.newest(LAST_RELEASES),
  ]
  return [...new Map(chosen.map((release) => [release.release, release])).values()].sort(
    (one, other) => other.leafIndex - one.leafIndex,
  )
}

function approvalsFor(releases: Overview['releases']): Overview['needsYou'] {
  return releases
    .filter(({ state, you }) => state === 'waiting' && you.canApprove)
    .map(({ name, environment, fingerprint, requestedAt }) => ({
      kind: 'approval',
      text: `${name} to ${environment} waits for your signature (${fingerprint})`,
      href: `/a/${fingerprint}`,
      at: requestedAt,
    }))
}

function alertsFor(sight: Sight): Overview['needsYou'] {
  return openAlerts(sight.state).map((alert) => {
    const { sentence, at } = describeAlert(alert, sight)
    return { kind: 'alert', text: sentence, href: `/alerts?alert=${alert.alert}`, at }
  })
}

function privilegeOf({ state, at }: Sight): Overview['privilege'] {
  const jobs = [...state.jobs.values()].filter(({ expiresAt }) => expiresAt > at)
  return {
    grantsLive: liveGrants(state, at).length,
    peopleWithRoles: [...state.people.values()].filter(
      (person) => isActive(person) && bindingsOf(person, state).some((binding) => isInForce(binding, at)),
    ).length,
    jobsLive: new Set(jobs.map(({ principal }) => principal)).size,
  }
}

/** What waits for somebody is shown also while the trail cannot be asked; that it cannot is said with the log's health. */
function nothing(error: Error): Activity {
  if (error instanceof TrailError) return { buckets: [], byReason: [] }
  throw error
}

async function lastDay({ trail, at }: Sight): Promise<Overview['last24h']> {
  const from = Math.floor(at / HOUR_MS) * HOUR_MS - 23 * HOUR_MS
  const { buckets, byReason } = await trail.activity(from, HOUR_MS, 24).catch(nothing)
  const sum = (of: 'allowed' | 'refused') => buckets.reduce((total, bucket) => total + bucket[of], 0)
  return {
    allowed: sum('allowed'),
    refused: sum('refused'),
    byReason: byReason.map(({ reason, count }) => ({ reason, count })),
    hours: buckets.map((bucket) => ({ ...bucket, from: instantOf(bucket.from) })),
  }
}
