/** Fact 7: credentials that exist for one job, work while it runs, and are dead after it, wherever a copy of them went. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type * as z from '../../bytes/schema.ts'
import * as shape from '../../control/view/shape.ts'
import { query } from '../../credential/postgres-query.ts'
import { readArtifact } from '../artifact.ts'
import { ownProgram } from './own-program.ts'
import type { Cast } from './cast.ts'
import { eventually, mustHold } from './eventually.ts'
import type { Built, Gated } from './gate.ts'
import { stealToken, type Running } from './job.ts'
import { firstLine, quoted } from './person.ts'
import { DATABASE, HOST, OWNER, type Production } from './production.ts'
import { hasProgram } from './sshd.ts'
import { LAUNCHER, type Ended, type Stage } from './stage.ts'
import type { Proof, Tale } from './tale.ts'

export interface Lending {
  readonly stage: Stage
  readonly tale: Tale
  readonly cast: Cast
  readonly production: Production
  readonly built: Built
  readonly gated: Gated
}

const DEPLOY_MS = 60_000
const CLEAR_MS = 15_000
const REFUSED = 3
const SSH_FAILED = 255
const SQL_PROGRAM = ownProgram('sql')

export async function lend(lending: Lending): Promise<Proof & { readonly outcome: number }> {
  const { built, production, tale } = lending
  const code = await built.running.job.end(DEPLOY_MS)
  mustHold(code === 0, `the job succeeded (it exited with ${code})`)
  const said = built.running.job.said()
  const deployedLeaf = Number(/^deployed · leaf (\d+)$/mu.exec(said)?.[1])
  mustHold(Number.isSafeInteger(deployedLeaf), 'the job reported that it deployed')
  const { digest } = await readArtifact(join(production.webDirectory, 'release.tar'))
  mustHold(digest === built.digest, `what arrived at ${HOST} is the artifact that was approved`)
  tale.say(`${HOST} holds ${digest.slice(0, 19)}…, the approved artifact, byte for byte`, deployedLeaf)

  const grants = await clearedGrants(lending)
  await refusedAtHost(lending, grants)
  await refusedAtDatabase(lending, grants)
  const reused = await refusedToken(lending)
  const sentence = `The job deployed over SSH and migrated PostgreSQL; since it ended, both credentials are dead`
  return { sentence, leafIndex: Math.max(reused, ...grants.map(({ leafIndex }) => leafIndex)), outcome: deployedLeaf }
}

type Grant = z.infer<typeof shape.grants>['grants'][number]

/** Both grants, once they have ended and their credentials were taken back. */
async function clearedGrants({ stage, cast, tale, gated }: Lending): Promise<readonly Grant[]> {
  const look = async () => {
    const { grants } = await cast.mara.get('/api/v1/grants', shape.grants)
    const ours = grants.filter(({ release, cleared }) => release === gated.release && cleared !== undefined)
    return ours.length === 2 ? ours : undefined
  }
  const grants = await eventually('taking the credentials back', CLEAR_MS, look, stage)
  for (const { target, serial, endedAt, cause, leafIndex } of grants) {
    mustHold(endedAt !== undefined, `the grant for ${target} has ended`)
    tale.say(`${target}: credential ${serial} ended with the job (${cause})`, leafIndex)
  }
  return grants
}

function grantOf(target: string, grants: readonly Grant[]): Grant {
  const grant = grants.find((each) => each.target === target)
  mustHold(grant !== undefined, `there was a grant for ${target}`)
  return grant
}

/** The copy of key and certificate, used after the job, while the certificate itself is still within its time. */
async function refusedAtHost({ stage, tale, built, production }: Lending, grants: readonly Grant[]): Promise<void> {
  const { lootDirectory } = built.running
  const key = join(lootDirectory, `id-${HOST}`)
  const blob = readFileSync(`${key}.pub`, 'utf8').split(' ')[1]!
  await eventually(
    `${HOST} hearing of the revocation`,
    CLEAR_MS,
    () => readFileSync(production.revokedKeysFile, 'utf8').includes(blob) || undefined,
    stage,
  )
  const { account, host, port } = production.sshd
  const options = ['IdentitiesOnly=yes', 'BatchMode=yes', 'IdentityAgent=none', `CertificateFile=${key}-cert.pub`]
  const words = [...options, `UserKnownHostsFile=${lootDirectory}/known_hosts`].flatMap((option) => ['-o', option])
  const args = ['-F', 'none', '-i', key, ...words, '-p', String(port), `${account}@${host}`, 'deploy']
  tale.command('attacker', `ssh ${args.map(quoted).join(' ')}`)
  const ended = await stage.run('ssh', args, { env: { HOME: stage.path('attacker') } })
  tellLast(ended, tale)
  const { expiresAt } = grantOf(HOST, grants)
  mustHold(
    ended.code === SSH_FAILED && /Permission denied/u.test(ended.stderr),
    `${HOST} refused the copied certificate`,
  )
  mustHold(Date.parse(expiresAt) > Date.now(), 'the certificate was refused before it would have expired')
  tale.say(`refused, though the certificate itself would live until ${expiresAt.slice(11, 19)} UTC`)
}

/** The copy of the password, used after the job; and a look at who is left in the database. */
async function refusedAtDatabase({ stage, tale, built, production }: Lending, grants: readonly Grant[]): Promise<void> {
  const { lootDirectory } = built.running
  const env = {
    PGSERVICEFILE: join(lootDirectory, 'pg_service.conf'),
    PGPASSFILE: join(lootDirectory, 'pgpass'),
    PGSERVICE: DATABASE,
  }
  const [command, ...args] = hasProgram('psql')
    ? ['psql', '-X', '-c', 'SELECT 1']
    : [process.execPath, SQL_PROGRAM, '-c', 'SELECT 1']
  tale.command('attacker', `PGSERVICE=${DATABASE} ${[command!, ...args].map(quoted).join(' ')}`)
  const ended = await stage.run(command!, args, { env: { ...env, HOME: stage.path('attacker') } })
  tellLast(ended, tale)
  mustHold(
    ended.code === 2 && /authentication failed|does not exist|not permitted/u.test(ended.stderr),
    `${DATABASE} refused the copied password`,
  )

  const admin = { connectionString: production.postgres.adminUrl.replace(/postgres$/u, 'shop') }
  const [roles, tables] = await query(
    admin,
    "SELECT rolname FROM pg_roles WHERE rolname LIKE 'cs\\_%'; SELECT tableowner FROM pg_tables WHERE tablename = 'cup'",
  )
  mustHold(roles?.rows.length === 0, 'no role of ours is left in pg_roles')
  mustHold(tables?.rows[0]?.['tableowner'] === OWNER, `what the migration made belongs to ${OWNER}`)
  const { serial } = grantOf(DATABASE, grants)
  tale.say(`pg_roles: the role of credential ${serial} is gone; the table it made is there, and belongs to ${OWNER}`)
}

/** The line in which a program says that it was turned away. */
function tellLast({ stderr }: Ended, tale: Tale): void {
  const lines = stderr.trim().split('\n')
  tale.say(lines.find((line) => /FATAL|denied/u.test(line)) ?? lines.at(-1) ?? '')
}

/** The CI's token, used a second time by somebody who copied it. */
async function refusedToken({ stage, tale, built }: Lending): Promise<number> {
  const { running } = built
  const home = stage.folder('attacker', 'job')
  const env = {
    ...attackerEnv(running),
    HOME: home,
    RUNNER_TEMP: home,
    COUNTERSIGN_ID_TOKEN_FILE: stealToken(running, stage),
  }
  const args = ['release', 'request', '--env', 'production', '--artifact', built.digest]
  tale.command('attacker', `COUNTERSIGN_ID_TOKEN_FILE=… countersign ${args.join(' ')}`)
  const { code, stdout, stderr } = await stage.run(LAUNCHER, args, { env })
  const leaf = /^leaf: (\d+)$/mu.exec(stderr)?.[1]
  tale.say(firstLine({ code, stdout, stderr }), Number(leaf))
  mustHold(code === REFUSED && leaf !== undefined, `the token was refused a second time (exit code ${code})`)
  return Number(leaf)
}

function attackerEnv({ env }: Running): Readonly<Record<string, string>> {
  return { PATH: env['PATH'] ?? '', COUNTERSIGN_SERVER: env['COUNTERSIGN_SERVER'] ?? '' }
}
