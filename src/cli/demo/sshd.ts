/**
 * A server that people deploy to over SSH, on a loopback port: it trusts one certificate authority and no key, and refuses
 * everybody while it has no list of revoked keys. The machine's own sshd where that works, else an ssh2 server of ours.
 */

import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { createJobKey, formatAuthority, issueCertificate } from '../../credential/ssh.ts'
import { ownProgram } from './own-program.ts'
import { Companion, freePort } from './companion.ts'

export type SshdKind = 'sshd' | 'ssh2'

export type Sshd = AsyncDisposable & {
  readonly kind: SshdKind
  readonly host: string
  readonly port: number
  /** The account that principals log in to: the one this process runs as. */
  readonly account: string
  /** `ssh-ed25519 AAAA…` */
  readonly hostKey: string
  /** A line for `known_hosts`. */
  readonly knownHost: string
  /** What it has logged so far. */
  log(): string
  /** Ends it and waits until it has gone. */
  stop(): Promise<void>
}

export interface SshdOptions {
  /** For its files: ours, not writable by others. */
  readonly directory: string
  readonly caPublicKeyText: string
  /** Names in certificates that open the account. */
  readonly principals: readonly string[]
  /** Public keys that open nothing any more, one a line. While the file is missing nobody gets in. */
  readonly revokedKeysFile?: string
  readonly kind?: SshdKind
}

export const SSHD = '/usr/sbin/sshd'

const START_MS = 10_000
const SSH2_PROGRAM = ownProgram('ssh-server')

/** Starts the server; rejects when it does not listen within 10 s. */
export async function startSshd({ kind = 'sshd', ...options }: SshdOptions): Promise<Sshd> {
  const { directory } = options
  chmodSync(directory, 0o755)
  const account = userInfo().username
  const port = await freePort()
  const hostKey = makeHostKey(join(directory, 'host_key'))
  writeFileSync(join(directory, 'user_ca.pub'), options.caPublicKeyText)
  const logFile = join(directory, 'sshd.log')
  const server =
    kind === 'sshd' ? launchStock(options, port, account, logFile) : launchOwn(options, port, account, logFile)
  try {
    await server.until(/[Ll]istening on /u, START_MS)
  } catch (error) {
    await server.stop()
    throw error
  }
  return {
    kind,
    host: '127.0.0.1',
    port,
    account,
    hostKey,
    knownHost: `[127.0.0.1]:${port} ${hostKey}`,
    log: () => server.said(),
    stop: () => server.stop(),
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

function makeHostKey(path: string): string {
  if (!existsSync(`${path}.pub`)) {
    const { publicKeyText, privateKeyText } = createJobKey('host')
    writeFileSync(path, privateKeyText, { mode: 0o600 })
    writeFileSync(`${path}.pub`, publicKeyText)
  }
  return readFileSync(`${path}.pub`, 'utf8').trim().split(' ').slice(0, 2).join(' ')
}

function launchStock(options: SshdOptions, port: number, account: string, logFile: string): Companion {
  const { directory, principals, revokedKeysFile } = options
  const path = (name: string) => join(directory, name)
  writeFileSync(path('principals'), principals.map((principal) => `${principal}\n`).join(''), { mode: 0o644 })
  const lines = [
    'ListenAddress 127.0.0.1',
    `Port ${port}`,
    `HostKey ${quoted(path('host_key'))}`,
    ...(existsSync(path('host_key-cert.pub')) ? [`HostCertificate ${quoted(path('host_key-cert.pub'))}`] : []),
    `PidFile none`,
    `TrustedUserCAKeys ${quoted(path('user_ca.pub'))}`,
    `AuthorizedPrincipalsFile ${quoted(path('principals'))}`,
    'AuthorizedKeysFile none',
    ...(revokedKeysFile ? [`RevokedKeys ${quoted(revokedKeysFile)}`] : []),
    `AllowUsers ${account}`,
    'AuthenticationMethods publickey',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'StrictModes no',
    'LogLevel VERBOSE',
    'Subsystem sftp internal-sftp',
  ]
  writeFileSync(path('sshd_config'), `${lines.join('\n')}\n`)
  // Privilege separation needs its empty directory, which init systems make at boot.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const args = ['-D', '-e', '-f', path('sshd_config')]
  return new Companion({ name: 'sshd', command: SSHD, args, logFile })
}

function launchOwn(options: SshdOptions, port: number, account: string, logFile: string): Companion {
  const { directory, principals, revokedKeysFile } = options
  const setting = {
    port,
    account,
    principals,
    hostKeyFile: join(directory, 'host_key'),
    authorityFile: join(directory, 'user_ca.pub'),
    ...(revokedKeysFile && { revokedKeysFile }),
  }
  const file = join(directory, 'ssh-server.json')
  writeFileSync(file, `${JSON.stringify(setting, undefined, 2)}\n`)
  return new Companion({ name: 'the ssh2 server', command: process.execPath, args: [SSH2_PROGRAM, file], logFile })
}

/** sshd_config takes paths with spaces in double quotes. */
function quoted(path: string): string {
  return `"${path}"`
}

/**
 * Whether this machine's sshd lets this account in by certificate: `sshd` when a real login just worked, else `ssh2` and why.
 * (Locked accounts, accounts without a shell and containers without the sshd account look fine until somebody logs in.)
 */
export async function chooseSshd(scratch: string): Promise<{ readonly kind: SshdKind; readonly because: string }> {
  if (!existsSync(SSHD)) return { kind: 'ssh2', because: 'there is no sshd on this machine' }
  if (!hasProgram('ssh')) return { kind: 'ssh2', because: 'there is no ssh on this machine' }
  mkdirSync(scratch, { recursive: true, mode: 0o700 })
  const { privateKey: authority } = generateKeyPairSync('ed25519')
  const { username } = userInfo()
  try {
    const caPublicKeyText = formatAuthority(authority, 'probe')
    await using sshd = await startSshd({ directory: scratch, caPublicKeyText, principals: [username] })
    const key = createJobKey('probe')
    const [validFrom, validUntil] = [Date.now() - 60_000, Date.now() + 60_000]
    const grant = {
      grantId: 'probe',
      leafIndex: 0,
      publicKey: key.publicKey,
      principals: [username],
      validFrom,
      validUntil,
    }
    const { text } = issueCertificate(grant, { key: authority, nonce: randomBytes(32) })
    writeFileSync(join(scratch, 'probe'), key.privateKeyText, { mode: 0o600 })
    writeFileSync(join(scratch, 'probe-cert.pub'), text)
    const said = logIn(join(scratch, 'probe'), sshd)
    if (said === undefined) return { kind: 'sshd', because: versionOf() }
    return { kind: 'ssh2', because: `sshd of this machine does not let ${username} in (${said})` }
  } catch (error) {
    return {
      kind: 'ssh2',
      because: `sshd of this machine does not run here (${(error as Error).message.split('\n').at(-1)})`,
    }
  }
}

/** Undefined when it worked. */
function logIn(keyFile: string, sshd: Sshd): string | undefined {
  const { host, port, account } = sshd
  const options = ['BatchMode=yes', 'IdentitiesOnly=yes', 'IdentityAgent=none', 'StrictHostKeyChecking=no']
  const words = [...options, 'UserKnownHostsFile=/dev/null', 'ConnectTimeout=5'].flatMap((option) => ['-o', option])
  const args = ['-F', 'none', '-i', keyFile, '-p', String(port), ...words, `${account}@${host}`, 'echo welcome']
  const { status, stdout } = spawnSync('ssh', args, { encoding: 'utf8', timeout: 8_000 })
  if (status === 0 && stdout === 'welcome\n') return undefined
  return sshd.log().trimEnd().split('\n').at(-1) || `ssh exited with ${status}`
}

function versionOf(): string {
  const { stderr } = spawnSync('ssh', ['-V'], { encoding: 'utf8', timeout: 5_000 })
  return stderr.split(/[ ,]/u)[0] ?? 'OpenSSH'
}

/** Whether a program is on the PATH. */
export function hasProgram(name: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', `command -v ${name}`], { stdio: 'ignore', timeout: 5_000 })
    return true
  } catch {
    return false
  }
}
