/** The credentials of one run: granted for each target, lent through files of this run alone, given back at its end. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as z from '../bytes/schema.ts'
import { createJobKey, type JobKey } from '../credential/ssh.ts'
import type { Client } from './client.ts'
import { granted, type Granted } from './contract-release.ts'
import { Failure } from './failure.ts'
import { lendMysql, type MysqlLoan } from './handover-mysql.ts'
import { lendPostgres, type PostgresLoan } from './handover-postgres.ts'
import { lendSsh, type SshLoan, type Variables } from './handover-ssh.ts'
import { lendTokens, type TokenLoan } from './handover-token.ts'
import { lendSecrets, type SecretLoan } from './handover-secret.ts'
import { lendX509, type X509Loan } from './handover-x509.ts'
import type { Terminal } from './terminal.ts'
import { formatInstant } from './text.ts'

export interface Loan extends AsyncDisposable {
  readonly variables: Variables
}

interface Grant {
  readonly target: string
  readonly key: JobKey
  readonly granted: Granted
}

/** Asks for a grant for every target; all or none. The loan ends its grants and removes its files when it is disposed. */
export async function takeLoan(
  client: Client,
  release: string,
  targets: readonly string[],
  terminal: Terminal,
): Promise<Loan> {
  await using lent = new AsyncDisposableStack()
  const folder = mkdtempSync(join(terminal.env['RUNNER_TEMP'] ?? tmpdir(), 'countersign-'))
  lent.defer(() => rmSync(folder, { recursive: true, force: true }))
  const grants: Grant[] = []
  for (const target of targets) {
    const key = createJobKey(`countersign ${release}`)
    const { result, leafIndex } = await request(client, release, target, key)
    lent.defer(async () => await giveBack(client, result.grant, terminal))
    mask(result, terminal)
    terminal.say(
      `credential for ${target} until ${formatInstant(result.expiresAt)}, serial ${result.credential.serial} · leaf ${leafIndex}`,
    )
    grants.push({ target, key, granted: result })
  }
  const variables = {
    ...(await lendSsh(grants.flatMap(asSsh), folder, lent)),
    ...lendPostgres(grants.flatMap(asPostgres), folder),
    ...lendMysql(grants.flatMap(asMysql), folder),
    ...lendTokens(grants.flatMap(asToken), folder),
    ...lendSecrets(grants.flatMap(asSecret), folder),
    ...lendX509(grants.flatMap(asX509), folder),
  }
  const held = lent.move()
  return { variables, [Symbol.asyncDispose]: async () => await held.disposeAsync() }
}

async function request(client: Client, release: string, target: string, { publicKeyText }: JobKey) {
  const publicKey = publicKeyText.split(' ', 2).join(' ').trim()
  const body = { release, target, publicKey }
  const receipt = await client.post('/api/v1/grants', body, granted.partial())
  if (receipt.outcome !== 'allowed')
    throw new Failure('waiting', 'waiting', `the credential for ${target} waits for approval`)
  return { ...receipt, result: granted.parse(receipt.result) }
}

function asSsh({ target, key, granted: { credential, expiresAt } }: Grant): SshLoan[] {
  return credential.kind === 'ssh' ? [{ target, key, credential, expiresAt }] : []
}

function asPostgres({ target, granted: { credential } }: Grant): PostgresLoan[] {
  return credential.kind === 'postgres' ? [{ target, credential }] : []
}

function asMysql({ target, granted: { credential } }: Grant): MysqlLoan[] {
  return credential.kind === 'mysql' ? [{ target, credential }] : []
}

function asToken({ target, granted: { credential, expiresAt } }: Grant): TokenLoan[] {
  return credential.kind === 'oidc' ? [{ target, credential, expiresAt }] : []
}

function asSecret({ target, granted: { credential } }: Grant): SecretLoan[] {
  return credential.kind === 'secret' || credential.kind === 'github' ? [{ target, credential }] : []
}

function asX509({ target, key, granted: { credential } }: Grant): X509Loan[] {
  return credential.kind === 'x509' ? [{ target, key, credential }] : []
}

async function giveBack(client: Client, grant: string, terminal: Terminal): Promise<void> {
  try {
    const { leafIndex } = await client.write(
      'DELETE',
      `/api/v1/grants/${encodeURIComponent(grant)}`,
      undefined,
      z.unknown(),
    )
    terminal.say(`credential given back · leaf ${leafIndex}`)
  } catch (failure) {
    terminal.warn(`a credential could not be given back and ends by itself: ${(failure as Error).message}`)
  }
}

/** GitHub hides a masked value in everything the job prints afterwards. */
function mask({ credential }: Granted, { env, format }: Terminal): void {
  if (env['GITHUB_ACTIONS'] !== 'true' || format !== 'text') return
  for (const secret of secretsOf(credential)) process.stdout.write(`::add-mask::${secret.replaceAll('%', '%25')}\n`)
}

/** What of a credential opens something to whoever reads it. */
function secretsOf(credential: Granted['credential']): readonly string[] {
  if (credential.kind === 'postgres' || credential.kind === 'mysql') return [credential.password]
  if (credential.kind === 'oidc') return [credential.token]
  // A command of GitHub's is one line, and so is what it looks for in the log.
  const isText = credential.kind === 'secret' || credential.kind === 'github'
  return isText ? credential.value.split(/[\r\n]+/).filter((line) => line.length > 3) : []
}
