/** A real git repository of its own in a temporary directory, with real keys, untouched by the configuration of whoever runs the tests. */

import { execFileSync, type ExecFileSyncOptions } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Repository = Disposable & {
  readonly directory: string
  /** Runs git in the repository and returns its standard output. */
  git(...args: string[]): Buffer
  /** Runs another tool in the same environment. */
  run(command: string, args: readonly string[], input?: string | Uint8Array): Buffer
  /** Creates a commit and returns its id. */
  commit(message: string, ...options: string[]): string
  /** The content of a commit object. */
  read(id: string): Buffer
  /** Whether `git verify-commit` accepts its signature. */
  gitAccepts(id: string): boolean
  /** Makes an SSH key pair with ssh-keygen and returns the public line; the private key is at `directory/name`. */
  sshKey(name: string, ...options: string[]): string
  /** Makes an OpenPGP key with gpg and returns the armored public key. */
  gpgKey(email: string, ...options: string[]): string
}

export function createRepository(...initOptions: string[]): Repository {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-git-'))
  const env = {
    PATH: process.env['PATH'],
    HOME: directory,
    GNUPGHOME: directory,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    LC_ALL: 'C.UTF-8',
  }
  const run: Repository['run'] = (command, args, input) => {
    const options: ExecFileSyncOptions = { cwd: directory, env, stdio: 'pipe', timeout: 20_000 }
    return execFileSync(command, args, input === undefined ? options : { ...options, input }) as Buffer
  }
  const git = (...args: string[]) => run('git', args)
  git('init', '-q', '-b', 'main', ...initOptions)
  git('config', 'user.name', 'Dana Müller')
  git('config', 'user.email', 'dana@acme.example')
  return {
    directory,
    run,
    git,
    commit(message, ...options) {
      git('commit', '-q', '--allow-empty', '--allow-empty-message', '-m', message, ...options)
      return git('rev-parse', 'HEAD').toString().trim()
    },
    read: (id) => git('cat-file', 'commit', id),
    gitAccepts(id) {
      try {
        git('verify-commit', id)
        return true
      } catch {
        return false
      }
    },
    sshKey(name, ...options) {
      run('ssh-keygen', ['-q', '-N', '', '-C', `${name}@laptop`, '-f', join(directory, name), ...options])
      return readFileSync(join(directory, `${name}.pub`), 'utf8')
    },
    gpgKey(email, ...options) {
      const [algorithm = 'ed25519', usage = 'sign', expiry = 'never', ...rest] = options
      const batch = ['--batch', '--quiet', '--passphrase', '', '--pinentry-mode', 'loopback', ...rest]
      run('gpg', [...batch, '--quick-gen-key', `Dana <${email}>`, algorithm, usage, expiry])
      return run('gpg', ['--armor', '--export', email]).toString()
    },
    [Symbol.dispose]() {
      // Ends the agent of this GNUPGHOME and no other.
      if (hasTool('gpgconf', '--version')) run('gpgconf', ['--kill', 'all'])
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

export function hasTool(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}
