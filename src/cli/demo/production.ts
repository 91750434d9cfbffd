/** What the demo deploys to: a host behind SSH and a database, both real, and both strangers to each other and to CI. */

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import * as z from '../../bytes/schema.ts'
import { Failure } from '../failure.ts'
import type { Server } from './birth.ts'
import { eventually } from './eventually.ts'
import { quoted, type Person } from './person.ts'
import { findPostgres, type PostgresKind, type PostgresProgram } from './postgres-program.ts'
import { startPostgres, type Postgres } from './postgres.ts'
import type { Shop } from './shop.ts'
import { chooseSshd, startSshd, type Sshd, type SshdKind } from './sshd.ts'
import { LAUNCHER, type Stage } from './stage.ts'
import type { Tale } from './tale.ts'

export interface Production {
  readonly sshd: Sshd
  /** Folder of the host web-1, where releases arrive. */
  readonly webDirectory: string
  readonly revokedKeysFile: string
  readonly postgres: Postgres
  readonly postgresProgram: PostgresProgram
}

export interface Choice {
  readonly ssh?: SshdKind | undefined
  readonly postgres?: PostgresKind | undefined
}

export const ENVIRONMENT = 'production'
export const HOST = 'web-1'
export const DATABASE = 'shop-db'
/** Owns what migrations make; nobody logs in as it. */
export const OWNER = 'shop_owner'

const FOLLOW_MS = 10_000

/** What takes time and needs nothing of Countersign: begun early, awaited late. */
export interface Preparation {
  readonly database: Promise<{ readonly postgres: Postgres; readonly program: PostgresProgram }>
  readonly ssh: Promise<{ readonly kind: SshdKind; readonly because: string }>
}

export function prepareProduction(stage: Stage, choice: Choice): Preparation {
  const ssh = choice.ssh
    ? Promise.resolve({ kind: choice.ssh, because: 'asked for' })
    : chooseSshd(stage.folder('web-1', 'probe'))
  const preparation = { database: startDatabase(stage, choice.postgres), ssh }
  // Whoever awaits them later hears of a failure; until then it must not end the process.
  for (const each of Object.values(preparation)) each.catch(() => {})
  return preparation
}

async function startDatabase(stage: Stage, kind: PostgresKind | undefined) {
  const directory = stage.sharedFolder('postgres')
  const program = findPostgres(directory, kind)
  if (!program) {
    throw new Failure('failed', 'no_postgres', 'there is no PostgreSQL on this machine, and none came with npm', {
      next: 'install postgresql, or run npm ci without --omit=optional',
    })
  }
  const statements = [`CREATE ROLE ${OWNER} NOLOGIN`, `CREATE DATABASE shop OWNER ${OWNER}`]
  return { postgres: stage.adopt(await startPostgres(directory, program, statements, stage.signal)), program }
}

export interface Opening {
  readonly stage: Stage
  readonly tale: Tale
  readonly server: Server
  readonly mara: Person
  readonly shop: Shop
}

/** Both targets running, defined, and named by the environment that two people guard. */
export async function openProduction(opening: Opening, { database, ssh }: Preparation): Promise<Production> {
  const { stage, tale, server, mara, shop } = opening
  const { kind, because } = await ssh
  const revokedKeysFile = await followRevocations(opening)
  const webDirectory = makeHost(stage)
  const sshd = stage.adopt(
    await startSshd({
      directory: stage.folder('web-1', 'ssh'),
      caPublicKeyText: await authorityOf(server),
      principals: [userInfo().username],
      revokedKeysFile,
      kind,
    }),
  )
  tale.say(
    kind === 'sshd'
      ? `${HOST}: this machine's own sshd (${because}) on port ${sshd.port}, which trusts our CA and nothing else`
      : `${HOST}: an ssh2 server of ours on port ${sshd.port}, since ${because}; it trusts our CA and nothing else`,
  )
  const { postgres, program } = await database
  const origin = program.kind === 'machine' ? "this machine's own" : 'from npm'
  tale.say(`${DATABASE}: PostgreSQL ${program.version} (${origin}) on port ${postgres.port}`)
  await define(mara, shop, { sshd, webDirectory, postgres, adminFile: writeAdminFile(stage, postgres) })
  return { sshd, webDirectory, revokedKeysFile, postgres, postgresProgram: program }
}

async function authorityOf({ url }: Server): Promise<string> {
  const response = await fetch(`${url}/.well-known/countersign`, { signal: AbortSignal.timeout(5_000) })
  return `${z.object({ sshCa: z.string() }).parse(await response.json()).sshCa}\n`
}

/** On the host runs what any host would run: a follower of revocations, without which it lets nobody in. */
async function followRevocations({ stage, tale, server }: Opening): Promise<string> {
  const file = join(stage.folder('web-1', 'ssh'), 'revoked_keys')
  const args = ['target', 'follow', '--revoked-keys', file]
  tale.command(HOST, `countersign ${args.join(' ')}`)
  const env = { COUNTERSIGN_SERVER: server.url, HOME: stage.folder('web-1') }
  const companion = stage.start({
    name: 'the follower of revocations',
    command: LAUNCHER,
    args,
    env,
    logName: 'target-follow',
  })
  await eventually(
    'a list of revoked keys',
    FOLLOW_MS,
    () => (/: \d+ revoked keys?$/mu.test(companion.said()) ? true : undefined),
    stage,
  )
  return file
}

/** A folder that a release arrives in, and the one program that a certificate may run there. */
function makeHost(stage: Stage): string {
  const folder = stage.folder('web-1', 'www')
  mkdirSync(folder, { recursive: true })
  const script = [
    '#!/bin/sh',
    `# On ${HOST}: the only command that a certificate of Countersign runs.`,
    'set -eu',
    'cd "$(dirname "$0")"',
    'case ${SSH_ORIGINAL_COMMAND:-} in',
    '  deploy) cat > release.new; mv release.new release.tar; echo "web-1: deployed $(wc -c < release.tar | tr -d " ") bytes" ;;',
    '  *) echo "web-1: welcome" ;;',
    'esac',
  ]
  writeFileSync(receiver(folder), `${script.join('\n')}\n`, { mode: 0o755 })
  chmodSync(receiver(folder), 0o755)
  return folder
}

function receiver(webDirectory: string): string {
  return join(webDirectory, 'receive')
}

function writeAdminFile(stage: Stage, { adminUrl }: Postgres): string {
  const file = join(stage.folder('server-secrets'), DATABASE)
  writeFileSync(file, `${adminUrl.replace(/postgres$/u, 'shop')}\n`, { mode: 0o600 })
  return file
}

interface Places {
  readonly sshd: Sshd
  readonly webDirectory: string
  readonly postgres: Postgres
  readonly adminFile: string
}

async function define(mara: Person, shop: Shop, { sshd, webDirectory, postgres, adminFile }: Places): Promise<void> {
  const ssh = [
    '--kind',
    'ssh',
    '--address',
    `${sshd.host}:${sshd.port}`,
    '--login',
    sshd.account,
    '--host-key',
    sshd.hostKey,
  ]
  const limits = ['--force-command', quoted(receiver(webDirectory)), '--source-address', '127.0.0.1/32']
  await mara.countersign(['target', 'add', HOST, ...ssh, ...limits])
  const postgresWords = ['--kind', 'postgres', '--address', `${postgres.host}:${postgres.port}`, '--database', 'shop']
  await mara.countersign([
    'target',
    'add',
    DATABASE,
    ...postgresWords,
    '--parent-role',
    OWNER,
    '--admin-file',
    adminFile,
  ])
  const rule = ['--approvals', '2', '--approver-role', 'approver', '--ref', `refs/heads/${shop.branch}`]
  const targets = ['--target', HOST, '--target', DATABASE, '--grant-lifetime', '5m', '--request-lifetime', '1h']
  await mara.countersign(['environment', 'add', ENVIRONMENT, ...rule, ...targets])
}
