/** The job that builds and deploys: a shell script as a CI would run it, with the token that the CI gives to this run. */

import { chmodSync, copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ownProgram } from './own-program.ts'
import type { Server } from './birth.ts'
import { Job, type CiIssuer, type Claims } from './ci.ts'
import { CI_REPOSITORY_ID } from './push.ts'
import { DATABASE, ENVIRONMENT, HOST } from './production.ts'
import { migrationFile, type Shop } from './shop.ts'
import { hasProgram } from './sshd.ts'
import type { Stage } from './stage.ts'
import type { Tale } from './tale.ts'

export interface Starting {
  readonly stage: Stage
  readonly tale: Tale
  readonly server: Server
  readonly shop: Shop
  readonly issuer: CiIssuer
  readonly commit: string
}

export interface Running {
  readonly job: Job
  /** Its working directory. */
  readonly directory: string
  /** Holds the one token of this run. */
  readonly tokenFile: string
  readonly artifactFile: string
  /** Where the deploy script leaves a copy of what it was lent. */
  readonly lootDirectory: string
  readonly env: Readonly<Record<string, string>>
}

const RUN_ID = '7'
const SQL_PROGRAM = ownProgram('sql')

export async function startJob({ stage, tale, server, shop, issuer, commit }: Starting): Promise<Running> {
  const directory = stage.folder('ci', `run-${RUN_ID}`)
  const tokenFile = join(directory, 'id-token')
  writeFileSync(tokenFile, await issuer.token(claimsOf(shop, commit), server.url), { mode: 0o600 })
  const artifactFile = join(directory, 'shop.tar')
  const lootDirectory = join(stage.folder('attacker'), 'loot')
  writeScript(join(directory, 'job.sh'), JOB)
  writeScript(join(directory, 'deploy.sh'), deployScript(shop, lootDirectory))
  // Without an agent the lent key is a file, and files can be copied: the harder case for what comes after the job.
  writeScript(join(stage.folder('ci', 'bin'), 'ssh-agent'), ['exit 1'])
  const env = {
    PATH: [stage.path('ci', 'bin'), stage.env['PATH']].join(delimiter),
    HOME: directory,
    RUNNER_TEMP: directory,
    COUNTERSIGN_SERVER: server.url,
    COUNTERSIGN_ID_TOKEN_FILE: tokenFile,
    GIT_URL: shop.gitDirectory,
    GITHUB_SHA: commit,
  }
  tale.say(`ci: run ${RUN_ID} of ${shop.name} at ${commit.slice(0, 10)}, with a token of its own from ${issuer.url}`)
  for (const line of JOB.slice(1)) tale.command('ci', line)
  const companion = stage.startBrief({
    name: 'the job',
    command: 'sh',
    args: ['job.sh'],
    cwd: directory,
    env,
    logName: 'job',
  })
  return { job: new Job(companion, tale), directory, tokenFile, artifactFile, lootDirectory, env }
}

/** What GitHub says of such a run; `sub` is never parsed by anybody who reads the others. */
function claimsOf({ name, branch }: Shop, commit: string): Claims {
  const ref = `refs/heads/${branch}`
  const workflow = `${name}/.github/workflows/deploy.yml@${ref}`
  return {
    sub: `repo:${name}:ref:${ref}`,
    repository: name,
    repository_id: CI_REPOSITORY_ID,
    ref,
    sha: commit,
    workflow_ref: workflow,
    job_workflow_ref: workflow,
    run_id: RUN_ID,
    run_attempt: '1',
    check_run_id: '4700001',
    event_name: 'push',
    actor: 'li',
    actor_id: '1002',
    runner_environment: 'self-hosted',
  }
}

const JOB: readonly string[] = [
  'set -eu',
  'git clone -q "$GIT_URL" source && git -C source checkout -q "$GITHUB_SHA"',
  'git -C source archive --format=tar --prefix=shop/ -o ../shop.tar HEAD',
  'countersign attest shop.tar --commit "$GITHUB_SHA"',
  `countersign run --env ${ENVIRONMENT} --artifact shop.tar -- ./deploy.sh`,
]

function deployScript(shop: Shop, lootDirectory: string): readonly string[] {
  const sql = hasProgram('psql') ? 'psql -q -t -A -v ON_ERROR_STOP=1' : `'${process.execPath}' '${SQL_PROGRAM}'`
  return [
    'set -eu',
    `ssh -F "$COUNTERSIGN_SSH_CONFIG" ${HOST} deploy < shop.tar`,
    `${sql} -f source/${migrationFile(shop)}`,
    `echo "${DATABASE}: migrated as $(${sql} -c 'SELECT current_user')"`,
    '# What malicious code in a job could do: keep a copy of everything that the job was lent.',
    `cp -R "$(dirname "$COUNTERSIGN_SSH_CONFIG")" '${lootDirectory}'`,
  ]
}

function writeScript(path: string, lines: readonly string[]): void {
  writeFileSync(path, `${['#!/bin/sh', ...lines].join('\n')}\n`, { mode: 0o755 })
  chmodSync(path, 0o755)
}

/** A copy of the token in a place of its own, as somebody would have who read it in the job. */
export function stealToken({ tokenFile }: Running, stage: Stage): string {
  const stolen = join(stage.folder('attacker'), 'id-token')
  if (!existsSync(stolen)) copyFileSync(tokenFile, stolen)
  return stolen
}
