/** SLSA v1 provenance of one job's artifacts, in the words of its CI's token (https://slsa.dev/provenance/v1). */

import type { DigestText } from '../bytes/digest.ts'
import type { Provenance } from '../evidence/attestation.ts'
import type { Artifact } from './artifact.ts'
import type { Claims } from './ci-token.ts'

export interface BuildFacts {
  readonly commit: string
  readonly buildType?: string
}

const GITHUB_WORKFLOW = 'https://actions.github.io/buildtypes/workflow/v1'
const JOB = 'https://countersign.dev/build/v1'

/** The builder is the job's own workflow at its own issuer; the server accepts no other. */
export function provenance(
  artifacts: readonly Artifact[],
  { commit, buildType }: BuildFacts,
  claims: Claims,
): Provenance {
  const repository = textOf(claims, 'repository', 'project_path')
  const ref = textOf(claims, 'ref', 'ref_path')
  const workflow = textOf(claims, 'job_workflow_ref', 'workflow_ref', 'ci_config_ref_uri')
  const isGithub = claims['job_workflow_ref'] !== undefined || claims['workflow_ref'] !== undefined
  return {
    subjects: artifacts.map(({ name, digest }) => ({ name, digest: digest as DigestText })),
    buildType: buildType ?? (isGithub ? GITHUB_WORKFLOW : JOB),
    externalParameters: { workflow: { ref, repository, path: pathOf(workflow) } },
    resolvedDependencies: [{ uri: `git+${sourceOf(claims, repository)}@${ref}`, digest: { gitCommit: commit } }],
    builderId: `${textOf(claims, 'iss')}/${workflow}`,
    invocationId: invocationOf(claims) || undefined,
  }
}

function textOf(claims: Claims, ...names: readonly string[]): string {
  for (const name of names) {
    const claim = claims[name]
    if (typeof claim === 'string' || typeof claim === 'number') return String(claim)
  }
  return ''
}

/** `.github/workflows/deploy.yml` out of `acme/shop/.github/workflows/deploy.yml@refs/heads/main`. */
function pathOf(workflow: string): string {
  return /^[^/]+\/[^/]+\/(.+?)@/u.exec(workflow)?.[1] ?? workflow
}

function sourceOf(claims: Claims, repository: string): string {
  return `${textOf(claims, 'server_url') || textOf(claims, 'iss')}/${repository}`
}

function invocationOf(claims: Claims): string {
  return [
    textOf(claims, 'run_id', 'pipeline_id'),
    textOf(claims, 'run_attempt'),
    textOf(claims, 'check_run_id', 'job_id'),
  ]
    .filter(Boolean)
    .join('/')
}
