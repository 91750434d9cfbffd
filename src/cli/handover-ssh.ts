/** SSH credentials in the form that ssh, scp, rsync and git expect: an agent or files, and one configuration. */

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobKey } from '../credential/ssh.ts'
import type { SshCredential } from './contract-release.ts'
import { startAgent, type SshAgent } from './ssh-agent.ts'

export interface SshLoan {
  readonly target: string
  readonly key: JobKey
  readonly credential: SshCredential
  readonly expiresAt: string
}

export type Variables = Readonly<Record<string, string>>

/**
 * Writes into `folder` (mode 0700) and says which variables point there. With an agent, the private keys live in it alone.
 */
export async function lendSsh(
  loans: readonly SshLoan[],
  folder: string,
  lent: AsyncDisposableStack,
): Promise<Variables> {
  if (loans.length === 0) return {}
  const agent = await startAgent(folder)
  if (agent) lent.use(agent)
  const config = join(folder, 'ssh_config')
  for (const loan of loans) await lendKey(loan, folder, agent)
  write(join(folder, 'known_hosts'), loans.map(hostLine).join(''))
  write(config, loans.map((loan) => configOf(loan, folder, agent)).join('\n'))
  return {
    COUNTERSIGN_SSH_CONFIG: config,
    ...(agent && { SSH_AUTH_SOCK: agent.socket }),
    ...Object.fromEntries(loans.flatMap(variablesOf)),
  }
}

async function lendKey(
  { target, key, credential, expiresAt }: SshLoan,
  folder: string,
  agent: SshAgent | undefined,
): Promise<void> {
  const file = keyFile(target, folder)
  write(`${file}.pub`, key.publicKeyText)
  write(`${file}-cert.pub`, `${credential.certificate}\n`)
  write(file, key.privateKeyText)
  if (!agent) return
  const lifetimeSeconds = Math.max(1, Math.ceil((Date.parse(expiresAt) - Date.now()) / 1_000))
  await agent.add(file, lifetimeSeconds)
  rmSync(file)
}

function keyFile(target: string, folder: string): string {
  return join(folder, `id-${target.replace(/[^A-Za-z0-9._-]/gu, '_')}`)
}

/** `[host]:port ssh-ed25519 AAAA…`: the one key that the target may show, or who must have certified it. */
function hostLine({ credential: { host, port, hostKey, hostAuthorities = [] } }: SshLoan): string {
  const names = port === 22 ? `[${host}]:22,${host}` : `[${host}]:${port}`
  const lines = [
    ...(hostKey ? [`${names} ${hostKey}`] : []),
    ...hostAuthorities.map((key) => `@cert-authority ${names} ${key}`),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function configOf(
  { target, credential: { host, port, user, hostKey, hostAuthorities } }: SshLoan,
  folder: string,
  agent: SshAgent | undefined,
): string {
  const file = keyFile(target, folder)
  return [
    `Host ${target}`,
    `  HostName ${host}`,
    `  Port ${port}`,
    `  User ${user}`,
    // With an agent the public half names which of its keys to use.
    `  IdentityFile ${quoted(agent ? `${file}.pub` : file)}`,
    `  CertificateFile ${quoted(`${file}-cert.pub`)}`,
    '  IdentitiesOnly yes',
    `  IdentityAgent ${agent ? quoted(agent.socket) : 'none'}`,
    '  BatchMode yes',
    '  StrictHostKeyChecking yes',
    ...(hostKey || hostAuthorities
      ? [`  UserKnownHostsFile ${quoted(join(folder, 'known_hosts'))}`, '  GlobalKnownHostsFile /dev/null']
      : []),
    '',
  ].join('\n')
}

/** ssh_config(5): tokens begin with a per cent sign, in file names too. */
function quoted(path: string): string {
  return `"${path.replaceAll('%', '%%')}"`
}

function variablesOf({ target, credential: { host, port, user } }: SshLoan): [name: string, value: string][] {
  const prefix = `COUNTERSIGN_SSH_${target.toUpperCase().replace(/[^A-Z0-9]/gu, '_')}`
  return [
    [`${prefix}_HOST`, host],
    [`${prefix}_PORT`, String(port)],
    [`${prefix}_USER`, user],
  ]
}

function write(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 })
}
