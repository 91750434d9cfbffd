/** The machine's own sshd on a loopback port, trusting nothing but one certificate authority. */

import { spawn, execFileSync, type ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'

export type Sshd = AsyncDisposable & {
  readonly host: string
  readonly port: number
  /** The account that principals log in to: the one this process runs as. */
  readonly account: string
  /** A line for `known_hosts`. */
  readonly knownHost: string
  /** What sshd has logged so far. */
  log(): string
  /** Ends sshd and waits until it has gone. */
  stop(): Promise<void>
}

export const SSHD = '/usr/sbin/sshd'

/** Starts sshd with its files in `directory` (owned by us, not writable by others); rejects when it does not listen within 10 s. */
export async function startSshd(options: {
  readonly directory: string
  readonly caPublicKeyText: string
  readonly principals: readonly string[]
}): Promise<Sshd> {
  const port = await freePort()
  const account = userInfo().username
  const hostKeyText = writeConfiguration(options, port, account)
  // Privilege separation needs its empty directory, which init systems make at boot.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })

  // Into a file, so that its log can be read while this thread waits for an ssh client, and never blocks sshd.
  const logFile = join(options.directory, 'sshd.log')
  const log = () => readFileSync(logFile, 'utf8')
  writeFileSync(logFile, '')
  const child = spawn(SSHD, ['-D', '-E', logFile, '-f', join(options.directory, 'sshd_config')], { stdio: 'ignore' })
  await untilListening(child, log)
  const stop = () => end(child)
  return {
    host: '127.0.0.1',
    port,
    account,
    knownHost: `[127.0.0.1]:${port} ${hostKeyText}`,
    log,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function writeConfiguration(
  { directory, caPublicKeyText, principals }: Parameters<typeof startSshd>[0],
  port: number,
  account: string,
): string {
  const path = (name: string) => join(directory, name)
  chmodSync(directory, 0o755)
  if (!existsSync(path('host_key'))) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'host', '-f', path('host_key')])
  }
  writeFileSync(path('user_ca.pub'), caPublicKeyText)
  writeFileSync(path('principals'), principals.map((principal) => `${principal}\n`).join(''), { mode: 0o644 })
  const lines = [
    'ListenAddress 127.0.0.1',
    `Port ${port}`,
    `HostKey ${path('host_key')}`,
    `PidFile ${path('sshd.pid')}`,
    `TrustedUserCAKeys ${path('user_ca.pub')}`,
    `AuthorizedPrincipalsFile ${path('principals')}`,
    'AuthorizedKeysFile none',
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
  return readFileSync(path('host_key.pub'), 'utf8').trim()
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function untilListening(child: ChildProcess, log: () => string): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!log().includes('Server listening')) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await end(child)
      throw new Error(`sshd did not start: ${log().slice(-1000)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await gone
  clearTimeout(timer)
}
