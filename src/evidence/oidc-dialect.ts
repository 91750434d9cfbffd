/**
 * What the different CI issuers say about a job, under our names. Only reads claims that the caller has verified, and never `sub`.
 * A job that somebody may be inside of, or whose claims may be those of a fork, is refused.
 */

import type { Json } from '../bytes/json.ts'
import { isRefusal, refuse, type Refusal } from './refusal.ts'

/** GitHub's also speak GitHub Enterprise, and Forgejo nearly so; `custom` has its claims named when the issuer is trusted. */
export const DIALECTS = ['github', 'gitlab', 'buildkite', 'circleci', 'forgejo', 'custom'] as const
export type Dialect = (typeof DIALECTS)[number]

/** Each fact is absent when the issuer does not state it as a text (or an integer id) of at most 1,024 characters. */
export type JobClaims = {
  /** The CI's own ids do not change hands when something is renamed or deleted. */
  readonly repositoryId?: string
  readonly ownerId?: string
  readonly repository?: string
  readonly ref?: string
  /** The commit the job runs on, hexadecimal. */
  readonly commit?: string
  readonly workflowRef?: string
  /** The commit that the workflow's file was read from: what was really run, whatever its reference points to by now. */
  readonly workflowCommit?: string
  readonly runId?: string
  readonly runAttempt?: string
  /** The one job within the run. */
  readonly jobId?: string
  readonly environment?: string
  readonly actor?: string
  readonly actorId?: string
  readonly eventName?: string
  readonly runnerEnvironment?: string
}

export const FACTS = [
  ...['repositoryId', 'ownerId', 'repository', 'ref', 'commit', 'workflowRef', 'workflowCommit', 'runId', 'runAttempt'],
  ...['jobId', 'environment', 'actor', 'actorId', 'eventName', 'runnerEnvironment'],
] as readonly (keyof JobClaims)[]

/** Our fact to the claim that tells it. */
export type ClaimNames = { readonly [name in keyof JobClaims]?: string | undefined }
export type RawClaims = { readonly [name: string]: Json | undefined }
export type DialectRefusal = Refusal<'claims_missing' | 'foreign_project' | 'ssh_rerun'>

const GITHUB: ClaimNames = {
  repositoryId: 'repository_id',
  ownerId: 'repository_owner_id',
  repository: 'repository',
  ref: 'ref',
  commit: 'sha',
  workflowRef: 'job_workflow_ref',
  workflowCommit: 'job_workflow_sha',
  runId: 'run_id',
  runAttempt: 'run_attempt',
  jobId: 'check_run_id',
  environment: 'environment',
  actor: 'actor',
  actorId: 'actor_id',
  eventName: 'event_name',
  runnerEnvironment: 'runner_environment',
}

const GITLAB: ClaimNames = {
  repositoryId: 'project_id',
  ownerId: 'namespace_id',
  repository: 'project_path',
  ref: 'ref_path',
  commit: 'sha',
  workflowRef: 'ci_config_ref_uri',
  workflowCommit: 'ci_config_sha',
  runId: 'pipeline_id',
  jobId: 'job_id',
  environment: 'environment',
  actor: 'user_login',
  actorId: 'user_id',
  eventName: 'pipeline_source',
  runnerEnvironment: 'runner_environment',
}

const BUILDKITE: ClaimNames = {
  repositoryId: 'pipeline_id',
  ownerId: 'organization_id',
  jobId: 'job_id',
  eventName: 'build_source',
  runnerEnvironment: 'runner_environment',
}

const CIRCLECI: ClaimNames = {
  repositoryId: 'oidc.circleci.com/project-id',
  repository: 'oidc.circleci.com/vcs-origin',
  ref: 'oidc.circleci.com/vcs-ref',
  runId: 'oidc.circleci.com/workflow-id',
  jobId: 'oidc.circleci.com/job-id',
}

/** What a rule of ours relies on: without it a pull request would look like a push. */
const NEEDED: readonly (keyof JobClaims)[] = ['repository', 'runId']
const EVENTFUL: readonly (keyof JobClaims)[] = [...NEEDED, 'eventName']

type Spoken = JobClaims | DialectRefusal

const SPEAKERS: { readonly [dialect in Dialect]: (raw: RawClaims, names: ClaimNames) => Spoken } = {
  github: (raw) => complete(githubFacts(raw), EVENTFUL),
  forgejo: (raw) => complete(githubFacts(raw), EVENTFUL),
  gitlab: (raw) => gitlabFacts(raw),
  buildkite: (raw) => complete(buildkiteFacts(raw), EVENTFUL),
  circleci: (raw) => circleciFacts(raw),
  custom: (raw, names) => complete(read(raw, names), NEEDED),
}

/** Translates the issuer's claims once. `names` is what a `custom` issuer calls them. */
export function describeJob(raw: RawClaims, dialect: Dialect, names: ClaimNames = {}): JobClaims | DialectRefusal {
  return SPEAKERS[dialect](raw, names)
}

/** `job_workflow_*` is the reusable workflow that runs; without one it is the caller's own. */
function githubFacts(raw: RawClaims): JobClaims {
  const own = read(raw, { workflowRef: 'workflow_ref', workflowCommit: 'workflow_sha' })
  return { ...own, ...read(raw, GITHUB) }
}

/**
 * For merge requests from forks the project_* claims name the fork, whoever's project the job runs in (GitLab work item 563038):
 * where the issuer tells of both they must be one, and where it does not, a merge request's job is nobody's.
 */
function gitlabFacts(raw: RawClaims): Spoken {
  const facts = complete(read(raw, GITLAB), EVENTFUL)
  if (isRefusal(facts)) return facts
  const running = textOf(raw['job_project_id'])
  const isOwn = running === undefined ? !facts.eventName?.includes('merge_request') : running === facts.repositoryId
  if (isOwn) return facts
  return refuse('foreign_project', 'This merge request’s job may run for another project than its token names.')
}

/** Buildkite has no repository: a pipeline of an organization stands for it. Its branches are names, and HEAD is no commit. */
function buildkiteFacts(raw: RawClaims): JobClaims {
  const said = (name: string) => textOf(raw[name])
  const [organization, pipeline] = [said('organization_slug'), said('pipeline_slug')]
  const [tag, branch, commit] = [said('build_tag'), said('build_branch'), said('build_commit')]
  const ref = tag !== undefined ? `refs/tags/${tag}` : branch !== undefined ? `refs/heads/${branch}` : undefined
  const runId = said('build_id') ?? said('build_number')
  return {
    ...read(raw, BUILDKITE),
    ...(organization !== undefined && pipeline !== undefined && { repository: `${organization}/${pipeline}` }),
    ...(ref !== undefined && { ref }),
    ...(commit !== undefined && /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(commit) && { commit }),
    ...(runId !== undefined && { runId }),
  }
}

/** A job that was started again for SSH has a person inside, who can ask for anything in its name. */
function circleciFacts(raw: RawClaims): Spoken {
  const rerun = raw['oidc.circleci.com/ssh-rerun']
  if (rerun === undefined || rerun === false || rerun === 'false') return complete(read(raw, CIRCLECI), NEEDED)
  return refuse('ssh_rerun', 'This job was started again for SSH: somebody may be inside it.')
}

function complete(facts: JobClaims, needed: readonly (keyof JobClaims)[]): Spoken {
  const missing = needed.find((name) => facts[name] === undefined)
  return missing === undefined ? facts : refuse('claims_missing', `The CI token says nothing of its ${missing}.`)
}

function read(raw: RawClaims, names: ClaimNames): JobClaims {
  const found: { [name: string]: string } = {}
  for (const [name, claim] of Object.entries(names)) {
    const value = claim === undefined || !Object.hasOwn(raw, claim) ? undefined : textOf(raw[claim])
    if (value !== undefined) found[name] = value
  }
  return found
}

function textOf(claim: Json | undefined): string | undefined {
  if (typeof claim === 'number' && Number.isSafeInteger(claim)) return String(claim)
  return typeof claim === 'string' && claim !== '' && claim.length <= 1024 ? claim : undefined
}
