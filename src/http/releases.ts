/** Releases: asked for by a job, looked at by people, waited for, and ended by that job. */

import * as z from '../bytes/schema.ts'
import { freshId, freshNonce } from '../control/fresh.ts'
import type { Recorded } from '../control/ledger.ts'
import * as shape from '../control/view/shape.ts'
import * as f from '../domain/field.ts'
import type { ReleaseEvent } from '../domain/release.ts'
import { fingerprintOf } from '../domain/statement.ts'
import { act, type Desk } from './act.ts'
import { formatInstant, instant, nothing } from './field.ts'
import type { Port } from './port.ts'
import { problem, type Problem } from './problem.ts'
import { read } from './read.ts'
import { waitForRelease, Waiters } from './wait.ts'

const requestBody = z.strictObject({ artifact: f.digest, environment: f.name, plan: f.digest.optional() })
const requested = z.object({
  release: z.string(),
  fingerprint: z.string(),
  statementDigest: z.string(),
  approvalUrl: z.string(),
  required: z.int(),
  canApprove: z.array(shape.who),
  expiresAt: instant,
})
const listQuery = z.object({
  state: shape.releaseState.optional(),
  after: z.coerce.number().int().min(0).optional().describe('A leaf index: releases asked for before it.'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})
const progress = z.object({ state: shape.releaseState, given: z.int(), required: z.int() })
export const byRelease = z.object({ id: z.string().min(1).max(64).describe('A release, or its fingerprint.') })

export function releases(desk: Desk): void {
  const { port } = desk
  requestRelease(desk)
  read(desk, {
    url: '/api/v1/releases',
    summary: 'Releases, newest first',
    query: listQuery,
    answer: shape.releases,
    look: async ({ query, caller, reply }) => {
      const page = await port.views.releases({ state: query.state, before: query.after, limit: query.limit }, caller)
      if (page.next !== undefined) linkNext(reply, '/api/v1/releases', { ...query, after: page.next })
      return page
    },
  })
  read(desk, {
    url: '/api/v1/releases/:id',
    summary: 'A release with its chain of custody, and the exact text that approvers sign',
    params: byRelease,
    answer: shape.release,
    look: async ({ params, caller }) => {
      const release = findRelease(params.id, port)
      if (typeof release !== 'string') return release
      return (await port.views.release(release, caller)) ?? unknown()
    },
  })
  const waiters = new Waiters()
  read(desk, {
    url: '/api/v1/releases/:id/wait',
    summary: 'Answers as soon as the release moves on, or when the time is over',
    params: byRelease,
    query: z.object({ timeoutSeconds: z.coerce.number().int().min(0).max(30).default(25) }),
    answer: progress,
    look: ({ params, query, caller, request }) => {
      const release = findRelease(params.id, port)
      if (typeof release !== 'string') return release
      return waitForRelease(
        { release, caller: caller!, timeoutMs: query.timeoutSeconds * 1000, request },
        waiters,
        port,
      )
    },
  })
  endRelease(desk)
}

function requestRelease(desk: Desk): void {
  act(desk, {
    method: 'POST',
    url: '/api/v1/releases',
    summary: 'Asks to release an artifact into an environment; for jobs',
    body: requestBody,
    result: requested,
    waiting: requested,
    status: 201,
    ask: ({ body: { artifact, environment, plan }, caller, personal }) => {
      const asked = { release: freshId('release'), artifact, environment, nonce: freshNonce() } as const
      return {
        perform: { command: { type: 'request release', ...asked, ...(plan && { plan }) }, caller, personal },
        result: (recorded) => describe(recorded, desk.port),
      }
    },
  })
}

function describe({ leaf }: Recorded, { config, views, ledger }: Port): z.input<typeof requested> {
  const event = leaf.event as Extract<ReleaseEvent, { type: 'release.requested' }>
  const fingerprint = fingerprintOf(event.statementDigest)
  return {
    release: event.release,
    fingerprint,
    statementDigest: event.statementDigest,
    approvalUrl: `${config.publicUrl}/a/${fingerprint}`,
    required: event.required,
    canApprove: views.approvers(ledger.state.releases.get(event.release)!),
    expiresAt: formatInstant(event.expiresAt),
  }
}

function endRelease(desk: Desk): void {
  act(desk, {
    method: 'POST',
    url: '/api/v1/releases/:id/outcome',
    summary: 'Says how the deployment ended; for the job that asked',
    params: byRelease,
    body: z.strictObject({ exitCode: z.int().min(0).max(255) }),
    result: nothing,
    ask: ({ params, body: { exitCode }, caller, personal }) => {
      const release = findRelease(params.id, desk.port)
      if (typeof release !== 'string') return release
      return {
        perform: { command: { type: 'end release', release, exitCode }, caller, personal },
        result: () => ({}),
      }
    },
  })
}

/** By id or fingerprint. One that nobody asked for cannot be decided about. */
export function findRelease(text: string, { views }: Port): f.ReleaseId | Problem {
  return views.find(text)?.release ?? unknown()
}

function unknown(): Problem {
  return problem('not_found', 'There is no such release.', { next: 'countersign release list' })
}

/** RFC 8288: where the next page is. */
export function linkNext(
  reply: { header(name: string, value: string): unknown },
  path: string,
  query: Readonly<Record<string, string | number | undefined>>,
): void {
  const entries = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
  reply.header('link', `<${path}?${new URLSearchParams(entries)}>; rel="next"`)
}
