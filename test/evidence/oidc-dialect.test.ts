/** What CI issuers say, each in its own words, and what none of them may say. */

import { expect, test } from 'vitest'

import { describeJob } from '../../src/evidence/oidc-dialect.ts'

const COMMIT = '0123456789abcdef0123456789abcdef01234567'

const github = {
  sub: 'repo:acme@1/shop@4711:ref:refs/heads/main',
  repository: 'acme/shop',
  repository_id: '4711',
  repository_owner_id: '1',
  ref: 'refs/heads/main',
  sha: COMMIT,
  workflow_ref: 'acme/shop/.github/workflows/ci.yml@refs/heads/main',
  workflow_sha: COMMIT,
  job_workflow_ref: 'acme/flows/.github/workflows/deploy.yml@refs/tags/v1',
  job_workflow_sha: 'f'.repeat(40),
  run_id: '99',
  run_attempt: '2',
  check_run_id: 5001,
  event_name: 'push',
  actor_id: '7',
  environment: 'production',
}
const gitlab = {
  project_id: '12',
  namespace_id: '3',
  project_path: 'acme/shop',
  ref_path: 'refs/heads/main',
  sha: COMMIT,
  pipeline_id: '5',
  job_id: '8',
  pipeline_source: 'push',
  user_id: '42',
  ci_config_ref_uri: 'gitlab.example/acme/shop//.gitlab-ci.yml@refs/heads/main',
  ci_config_sha: COMMIT,
}
const buildkite = {
  organization_slug: 'acme',
  pipeline_slug: 'shop',
  pipeline_id: '0190-p',
  organization_id: '0190-o',
  build_number: 31,
  build_branch: 'main',
  build_commit: COMMIT,
  build_source: 'webhook',
  job_id: '0190-j',
}
const circle = (name: string) => `oidc.circleci.com/${name}`
const circleci = {
  [circle('project-id')]: 'b1f0',
  [circle('vcs-origin')]: 'github.com/acme/shop',
  [circle('vcs-ref')]: 'refs/heads/main',
  [circle('workflow-id')]: 'w1',
  [circle('job-id')]: 'j1',
  [circle('ssh-rerun')]: false,
}

test('GitHub’s reusable workflow goes before the caller’s, and the form of sub does not matter', () => {
  const said = describeJob(github, 'github')
  expect(said).toMatchObject({
    ...{ repositoryId: '4711', ownerId: '1', repository: 'acme/shop', jobId: '5001', runAttempt: '2' },
    workflowRef: 'acme/flows/.github/workflows/deploy.yml@refs/tags/v1',
    workflowCommit: 'f'.repeat(40),
  })
  expect(describeJob({ ...github, sub: 'repo:evil/shop:environment:production' }, 'github')).toEqual(said)
})

test('without a reusable workflow it is the caller’s own; Forgejo says so in the same words', () => {
  const { job_workflow_ref: _, job_workflow_sha: __, check_run_id: ___, ...own } = github
  const said = describeJob(own, 'forgejo')
  expect(said).toMatchObject({ workflowRef: own.workflow_ref, workflowCommit: COMMIT })
  expect(said).not.toHaveProperty('jobId')
})

test('GitLab, Buildkite and CircleCI in their own words', () => {
  expect(describeJob(gitlab, 'gitlab')).toMatchObject({
    ...{ repositoryId: '12', ownerId: '3', runId: '5', jobId: '8', eventName: 'push', actorId: '42' },
    workflowCommit: COMMIT,
  })
  expect(describeJob(buildkite, 'buildkite')).toMatchObject({
    ...{ repository: 'acme/shop', repositoryId: '0190-p', ownerId: '0190-o', runId: '31', jobId: '0190-j' },
    ...{ ref: 'refs/heads/main', commit: COMMIT },
  })
  expect(describeJob(circleci, 'circleci')).toMatchObject({
    ...{ repository: 'github.com/acme/shop', repositoryId: 'b1f0', ref: 'refs/heads/main', runId: 'w1', jobId: 'j1' },
  })
})

test('Buildkite’s tags are references of their own, and HEAD is no commit', () => {
  const said = describeJob({ ...buildkite, build_tag: 'v1', build_commit: 'HEAD' }, 'buildkite')
  expect(said).toMatchObject({ ref: 'refs/tags/v1' })
  expect(said).not.toHaveProperty('commit')
})

test('a custom issuer’s claims are read by the names that were given, and no other', () => {
  const raw = { proj: 'acme/shop', build: 7, repository: 'evil/shop', run_id: '1', constructor: 'x' }
  expect(describeJob(raw, 'custom', { repository: 'proj', runId: 'build' })).toEqual({
    ...{ repository: 'acme/shop', runId: '7' },
  })
  expect(describeJob(raw, 'custom')).toMatchObject({ refused: 'claims_missing' })
  expect(describeJob({ a: 'x' }, 'custom', { repository: 'a', runId: 'toString' })).toMatchObject({
    refused: 'claims_missing',
  })
})

const fork = { ...gitlab, pipeline_source: 'merge_request_event' }
test.each<[string, object, Parameters<typeof describeJob>[1], string]>([
  ['a merge request of which nobody says where it runs', fork, 'gitlab', 'foreign_project'],
  ['a merge request that runs elsewhere', { ...fork, job_project_id: '99' }, 'gitlab', 'foreign_project'],
  ['a push that runs elsewhere', { ...gitlab, job_project_id: '99' }, 'gitlab', 'foreign_project'],
  ['a job with a person inside', { ...circleci, [circle('ssh-rerun')]: true }, 'circleci', 'ssh_rerun'],
  ['a job with a person inside, in words', { ...circleci, [circle('ssh-rerun')]: 'true' }, 'circleci', 'ssh_rerun'],
  ['a job with who knows what inside', { ...circleci, [circle('ssh-rerun')]: 1 }, 'circleci', 'ssh_rerun'],
  ['no event', { ...github, event_name: undefined }, 'github', 'claims_missing'],
  ['an event that is no text', { ...github, event_name: ['push'] }, 'github', 'claims_missing'],
  ['no run', { ...github, run_id: '' }, 'github', 'claims_missing'],
  ['no repository', { ...buildkite, pipeline_slug: undefined }, 'buildkite', 'claims_missing'],
  ['claims of another CI', gitlab, 'github', 'claims_missing'],
])('is refused: %s', (_, raw, dialect, refused) => {
  expect(describeJob(raw as Parameters<typeof describeJob>[0], dialect)).toMatchObject({ refused })
})

test('a merge request’s job that runs in the very project it names is that project’s', () => {
  expect(describeJob({ ...fork, job_project_id: '12' }, 'gitlab')).toMatchObject({
    ...{ repositoryId: '12', eventName: 'merge_request_event' },
  })
})
