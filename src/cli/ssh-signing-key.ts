/** The SSH key that signs a person's commits: named, already in use, or made now. */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { sha256 } from '../bytes/digest.ts'
import { base64 } from '../bytes/text.ts'
import { Failure } from './failure.ts'
import { tryGit } from './git.ts'
import { variable } from './setting.ts'
import type { Terminal } from './terminal.ts'

export interface SigningKey {
  /** What git is told: the public key's file, or an OpenPGP fingerprint. */
  readonly userSigningKey: string
  readonly publicKey: string
  /** As the server writes it, or the end of it: `SHA256:…`, or an OpenPGP id in capitals. */
  readonly fingerprint: string
  readonly isNew: boolean
}

export interface SshKeyOptions {
  readonly key?: string
  /** False with `--no-passphrase`. */
  readonly passphrase?: boolean
}

const DEFAULT_NAME = 'id_countersign'

export async function sshSigningKey(
  { key, passphrase }: SshKeyOptions,
  email: string,
  terminal: Terminal,
): Promise<SigningKey> {
  const home = variable(terminal.env, 'HOME')
  const named = key ? resolve(key.replace(/\.pub$/u, '')) : await keyInUse(terminal, home)
  const path = named ?? join(home ?? '.', '.ssh', DEFAULT_NAME)
  const isNew = !existsSync(`${path}.pub`)
  if (isNew) make(path, email, passphrase === false, terminal)
  const publicKey = readFileSync(`${path}.pub`, 'utf8').trim()
  if (/^(?:ssh-|ecdsa-|sk-)\S+ [A-Za-z0-9+/=]+/u.test(publicKey))
    return { userSigningKey: `${path}.pub`, publicKey, fingerprint: fingerprintOf(publicKey), isNew }
  throw new Failure('failed', 'bad_key', `${path}.pub is not an SSH public key`)
}

/** `SHA256:` and unpadded base64 over the key's blob, as ssh-keygen prints it. */
function fingerprintOf(publicKey: string): string {
  const blob = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64')
  return `SHA256:${base64.encode(sha256(blob)).replace(/=+$/u, '')}`
}

/** The key that git signs with already, when it is an SSH key in a file. */
async function keyInUse({ env }: Terminal, home: string | undefined): Promise<string | undefined> {
  const { stdout: format } = await tryGit({ env }, 'config', '--get', 'gpg.format')
  const { stdout: key } = await tryGit({ env }, 'config', '--type=path', '--get', 'user.signingkey')
  const path = key.replace(/^~(?=\/)/u, home ?? '~').replace(/\.pub$/u, '')
  return format === 'ssh' && path !== '' && existsSync(`${path}.pub`) ? path : undefined
}

function make(path: string, email: string, isBare: boolean, terminal: Terminal): void {
  if (existsSync(path))
    throw new Failure('failed', 'no_public_key', `${path} has no public half`, {
      next: `ssh-keygen -y -f ${path} > ${path}.pub`,
    })
  // ssh-keygen asks for a passphrase, which it can only do at a terminal.
  if (!isBare && !terminal.isInteractive) {
    throw new Failure('usage', 'no_terminal', 'a new key needs a passphrase, and there is no terminal to ask for one', {
      next: 'pass --no-passphrase, or --key FILE',
    })
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const words = ['-q', '-t', 'ed25519', '-C', email, '-f', path, ...(isBare ? ['-N', ''] : [])]
  // stdout stays ours alone; ssh-keygen talks to the terminal itself.
  const { status, error } = spawnSync('ssh-keygen', words, {
    stdio: ['inherit', 2, 2],
    env: terminal.env as NodeJS.ProcessEnv,
  })
  if (error || status !== 0)
    throw new Failure('failed', 'no_key', `ssh-keygen could not make ${path}`, {
      next: 'install openssh-client, or pass --key FILE',
    })
}
