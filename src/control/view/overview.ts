/** Is anything waiting, wrong or unusual? One page for whoever asks. */

import { isLive } from '../../domain/grant.ts'
import type { Caller } from '../../domain/leaf.ts'
import { isActive, rolesOf } from '../../domain/principal.ts'
import { stateOf, type Release } from '../../domain/release.ts'
import { describeAlert } from './alert.ts'
import { instantOf } from './phrase.ts'
import { summarize } from './release.ts'
import type { LogStatus, Overview } from './shape.ts'
import type { Sight } from './sight.ts'

const HOUR_MS = 3_600_000
const LAST_RELEASES = 10
const MAX_IN_FLIGHT = 50

export function describeOverview(log: LogStatus, viewer: Caller | undefined, sight: Sight): Overview {
  const shown = releasesOf(sight).map((release) => summarize(release, viewer, sight))
  return {
    needsYou: [...approvalsFor(shown), ...alertsFor(sight)],
    releases: shown,
    privilege: privilegeOf(sight),
    last24h: lastDay(sight),
    log,
  }
}

/** Those in flight, and the last ten. */
function releasesOf({ state, at }: Sight): Release[] {
  const newest = [...state.releases.values()].toReversed()
  const isInFlight = (release: Release) => ['waiting', 'approved', 'deploying'].includes(stateOf(release, state, at))
  const inFlight = newest.filter(isInFlight).slice(0, MAX_IN_FLIGHT)
  const chosen = new Set([...inFlight, ...newest.slice(0, LAST_RELEASES)])
  return newest.filter((release) => chosen.has(release))
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
  const open = [...sight.state.alerts.values()].filter(({ acknowledged }) => !acknowledged)
  return open.toReversed().map((alert) => {
    const { sentence, at } = describeAlert(alert, sight)
    return { kind: 'alert', text: sentence, href: `/alerts?alert=${alert.alert}`, at }
  })
}

function privilegeOf({ state, at }: Sight): Overview['privilege'] {
  const jobs = [...state.logins.values()].filter(
    ({ job, endedAt, expiresAt }) => job && endedAt === undefined && expiresAt > at,
  )
  return {
    grantsLive: [...state.grants.values()].filter((grant) => isLive(grant, at)).length,
    peopleWithRoles: [...state.people.values()].filter((person) => isActive(person) && rolesOf(person, at).length > 0)
      .length,
    jobsLive: new Set(jobs.map(({ principal }) => principal)).size,
  }
}

function lastDay({ trail, at }: Sight): Overview['last24h'] {
  const from = Math.floor(at / HOUR_MS) * HOUR_MS - 23 * HOUR_MS
  const { buckets, byReason } = trail.activity(from, HOUR_MS, 24)
  const sum = (of: 'allowed' | 'refused') => buckets.reduce((total, bucket) => total + bucket[of], 0)
  return {
    allowed: sum('allowed'),
    refused: sum('refused'),
    byReason: byReason.map(({ reason, count }) => ({ reason, count })),
    hours: buckets.map((bucket) => ({ ...bucket, from: instantOf(bucket.from) })),
  }
}
