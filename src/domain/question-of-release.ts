/** A job asks for a release: its build, the facts that the policies are asked with, and the statement that it is fixed in. */

import type { DigestText } from '../bytes/digest.ts'
import type * as z from '../bytes/schema.ts'
import { requiredOf } from './approval-rule.ts'
import { buildsOf, type Build } from './build.ts'
import * as commit from './commit.ts'
import { allowed, refused, waiting, type Decision } from './decision.ts'
import { commitsOf } from './deployed.ts'
import { withStarter } from './job.ts'
import type { Login } from './login.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import { statementOf, type commands } from './release.ts'
import { isProtected } from './repository.ts'
import type { State } from './state.ts'
import { digestStatement, formatStatement } from './statement.ts'

/** Of the builds of this artifact the newest from the history of the commit that the job runs on, else any that tells why not. */
export function buildFor(artifact: string, { job }: Login, state: State): Build | undefined {
  const all = buildsOf(artifact, state)
  const own = all.filter(({ repository }) => repository === job?.repository)
  return own.findLast((build) => isBehind(build, job, state)) ?? own.at(-1) ?? all[0]
}

/** What a branch is released from is what was built from that branch: a job's own reference says nothing of its artifact. */
function isBehind({ commit: built }: Build, job: Login['job'], state: State): boolean {
  return job?.commit !== undefined && commit.reaches(job.commit, built, [], state)
}

export function contextOf(
  { artifact, environment }: { readonly artifact: string; readonly environment: string },
  login: Login,
  state: State,
) {
  const { job } = login
  const build = buildFor(artifact, login, state)
  const allowedRefs = state.environments.get(environment)?.refs ?? []
  return {
    hasProvenance: build !== undefined,
    commitAccepted: build !== undefined && commit.isIn(state.commits.get(build.commit), build.repository),
    refAllowed:
      job?.ref !== undefined && isProtected(job.ref, allowedRefs) && build !== undefined && isBehind(build, job, state),
    repositoryMatches: build !== undefined && build.repository === job?.repository,
    sameArtifactBuilt: build?.artifacts.some(({ digest }) => digest === artifact) ?? false,
  }
}

type Request = z.infer<(typeof commands)['request release']>

export type Gate = {
  readonly isOpen: boolean
  readonly wouldOpen: boolean
  readonly isFrozen: boolean
  readonly policy: Answered['policy']
}

export function request(
  command: Request,
  login: Login,
  { policy, isAllowed }: Answered,
  gate: Gate,
  state: State,
  at: number,
): Decision {
  const { artifact, environment: name, release, nonce, plan } = command
  const refuse = (reason: Reason, verdict = policy) =>
    refused({ type: 'release.refused', artifact, environment: name, requester: login.principal }, reason, verdict)

  const environment = state.environments.get(name)
  const build = buildFor(artifact, login, state)
  if (state.releases.has(release)) return refuse('id_taken')
  const facts = contextOf(command, login, state)
  if (!environment) return refuse('no_such_environment')
  if (!build) return refuse('no_provenance')
  if (!facts.commitAccepted) return refuse('commit_not_accepted')
  if (!facts.repositoryMatches) return refuse('repository_mismatch')
  if (!facts.refAllowed) return refuse('ref_not_allowed')
  if (!isAllowed) return refuse('policy_refused')
  if (!gate.isOpen && !gate.wouldOpen)
    return refuse(gate.isFrozen ? 'environment_frozen' : 'policy_refused', gate.policy)

  const commits = commitsOf(build.commit, build.repository, name, state)
  const requested = {
    release,
    artifact,
    artifactName: build.artifacts.find(({ digest }) => digest === artifact)!.name,
    repository: build.repository,
    commit: build.commit,
    commitSha256: state.commits.get(build.commit)!.sha256,
    environment: name,
    requester: login.principal,
    ...(plan && { plan }),
    nonce,
    policyDigest: state.policy!.digest as DigestText,
    expiresAt: at + environment.requestLifetimeMs,
    required: requiredOf(environment),
    ...(environment.rules && { rules: environment.rules }),
    authors: withStarter(commit.authorsOf(commits), login),
    commits: commits.length,
    statementDigest: 'sha256:' as DigestText,
  }
  const text = formatStatement(statementOf(requested, at, state.log!.origin))
  const event = { ...requested, type: 'release.requested' as const, statementDigest: digestStatement(text) }
  if (gate.isOpen) return allowed(event, gate.policy)
  return waiting(event, gate.isFrozen ? 'environment_frozen' : 'approvals_missing', gate.policy)
}
