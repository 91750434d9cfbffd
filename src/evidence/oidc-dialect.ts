/** What the different CI issuers say about a job, under our names. Only reads claims that the caller has verified. */

import type { Json } from '../bytes/json.ts'

/** GitHub Actions (also Forgejo), GitLab CI, or an issuer of which only the registered claims are understood. */
export type Dialect = 'github' | 'gitlab' | 'generic'

/** Each fact is absent when the issuer does not state it as a text (or an integer id) of at most 1,024 characters. */
export type JobClaims = {
  readonly repositoryId?: string
  readonly repository?: string
  readonly ref?: string
  /** The commit the job runs on, hexadecimal. */
  readonly commit?: string
  readonly workflowRef?: string
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

type Names = { readonly [name in keyof JobClaims]: string }

const GITHUB: Names = {
  repositoryId: 'repository_id',
  repository: 'repository',
  ref: 'ref',
  commit: 'sha',
  workflowRef: 'job_workflow_ref',
  runId: 'run_id',
  runAttempt: 'run_attempt',
  jobId: 'check_run_id',
  environment: 'environment',
  actor: 'actor',
  actorId: 'actor_id',
  eventName: 'event_name',
  runnerEnvironment: 'runner_environment',
}

// For merge requests from forks GitLab's project_* claims name the fork (work item 563038): policy must look at eventName.
const GITLAB: Names = {
  repositoryId: 'project_id',
  repository: 'project_path',
  ref: 'ref_path',
  commit: 'sha',
  workflowRef: 'ci_config_ref_uri',
  runId: 'pipeline_id',
  jobId: 'job_id',
  environment: 'environment',
  actor: 'user_login',
  actorId: 'user_id',
  eventName: 'pipeline_source',
  runnerEnvironment: 'runner_environment',
}

const NAMES: { readonly [dialect in Dialect]: Names } = { github: GITHUB, gitlab: GITLAB, generic: {} }

/** Translates the issuer's claims once. `workflowRef` of GitHub falls back to `workflow_ref`, the caller's workflow. */
export function describeJob(raw: { readonly [name: string]: Json | undefined }, dialect: Dialect): JobClaims {
  const found: { [name: string]: string } = {}
  for (const [name, claim] of Object.entries(NAMES[dialect])) {
    const value = textOf(raw[claim])
    if (value !== undefined) found[name] = value
  }
  const workflow = dialect === 'github' ? textOf(raw['workflow_ref']) : undefined
  return workflow === undefined ? found : { workflowRef: workflow, ...found }
}

function textOf(claim: Json | undefined): string | undefined {
  if (typeof claim === 'number' && Number.isSafeInteger(claim)) return String(claim)
  return typeof claim === 'string' && claim !== '' && claim.length <= 1024 ? claim : undefined
}
