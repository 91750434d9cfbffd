/** What a job built, by digest, as its signed provenance says. */

import * as z from '../bytes/schema.ts'
import { isIn } from './commit.ts'
import { allowed, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { Login } from './login.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import type { ReadonlyState, State } from './state.ts'

const artifact = z.strictObject({ name: f.name, digest: f.digest })

export const events = {
  'build.attested': z.strictObject({
    build: f.buildId,
    repository: f.name,
    commit: f.commitId,
    artifacts: z.array(artifact).min(1).max(64),
    builder: z.string().max(512),
    buildType: z.string().max(512),
    job: f.principalId,
    provenance: f.digest,
  }),
  'build.refused': z.strictObject({ job: f.principalId, provenance: f.digest }),
}

export const commands = {
  'attest build': z.strictObject({ type: z.literal('attest build'), build: f.buildId, provenance: f.digest }),
}

/** What the provenance says once its signature verified with the key of the job's login. */
export const claims = z.strictObject({
  commit: f.commitId,
  artifacts: z.array(artifact).min(1).max(64),
  builder: z.string().max(512),
  buildType: z.string().max(512),
})

export type BuildEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]
export type BuildClaims = z.infer<typeof claims>
export type Build = z.infer<(typeof events)['build.attested']> & { readonly at: number; readonly leafIndex: number }

export function apply(state: State, event: BuildEvent, at: number, leafIndex: number): void {
  if (event.type !== 'build.attested') return
  const { type: _, ...attested } = event
  const build = { ...attested, at, leafIndex }
  for (const { digest } of event.artifacts)
    if (!state.builds.has(digest)) state.builds.add(digest, build)
    else if (!behind({ ...build, artifact: digest }, state))
      state.rebuilds.set(digest, [...(state.rebuilds.get(digest) ?? []), build])
}

/** All that are said to have made this artifact, oldest first. Any job can say so of a digest that it knows. */
export function buildsOf(artifact: string, { builds, rebuilds }: ReadonlyState): readonly Build[] {
  const first = builds.get(artifact)
  return first ? [first, ...(rebuilds.get(artifact) ?? [])] : []
}

type Made = { readonly artifact: string; readonly repository: string; readonly commit: string }

/** The one that made an artifact from this commit. */
export function behind({ artifact: digest, repository, commit }: Made, state: ReadonlyState): Build | undefined {
  return buildsOf(digest, state).find((build) => build.repository === repository && build.commit === commit)
}

export function contextOf(claimed: BuildClaims, { job }: Login, state: State) {
  return {
    commitAccepted: isIn(state.commits.get(claimed.commit), job?.repository),
    builderMatches: claimed.builder === builderOf(job),
    commitMatches: claimed.commit === job?.commit,
    repositoryMatches: job !== undefined && state.repositories.has(job.repository),
  }
}

/** The only builder a job may name: its own workflow at its own issuer. */
export function builderOf(job: Login['job']): string {
  return `${job?.issuer ?? ''}/${job?.workflow ?? ''}`
}

type Attest = z.infer<(typeof commands)['attest build']>

export function attest(
  { build, provenance }: Attest,
  claimed: BuildClaims,
  login: Login,
  { policy, isAllowed }: Answered,
  state: State,
): Decision {
  const refuse = (reason: Reason) =>
    refused({ type: 'build.refused', job: login.principal, provenance }, reason, policy)

  const { job, principal } = login
  if (!job) return refuse('wrong_principal')
  const facts = contextOf(claimed, login, state)
  if (!facts.repositoryMatches) return refuse('no_such_repository')
  if (!facts.commitMatches) return refuse('commit_mismatch')
  if (!facts.commitAccepted) return refuse('commit_not_accepted')
  if (!facts.builderMatches) return refuse('builder_mismatch')
  if (!isAllowed) return refuse('policy_refused')
  return allowed(
    { type: 'build.attested', build, repository: job.repository, job: principal, provenance, ...claimed },
    policy,
  )
}
