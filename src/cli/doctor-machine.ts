/** What the doctor looks at on this machine. */

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Failure } from './failure.ts'
import { tryGit } from './git.ts'
import type { Environment, Terminal } from './terminal.ts'

const FIX = 'countersign git setup'

export async function checkGit({ env }: Terminal): Promise<string> {
  const read = async (name: string) => (await tryGit({ env }, 'config', '--get', name)).stdout
  const [isSigning, key, format] = [
    await read('commit.gpgsign'),
    await read('user.signingkey'),
    (await read('gpg.format')) || 'openpgp',
  ]
  if (isSigning !== 'true')
    throw new Failure('failed', 'git_unsigned', 'git does not sign commits (commit.gpgsign)', { next: FIX })
  if (!key) throw new Failure('failed', 'git_no_key', 'git has no key to sign with (user.signingkey)', { next: FIX })
  if (format === 'ssh' && key.includes('/') && !isReadable(expand(key, env))) {
    throw new Failure('failed', 'git_no_key', `git signs with ${key}, which cannot be read`, { next: FIX })
  }
  return `commits are signed with ${format} key ${key}`
}

function expand(path: string, env: Environment): string {
  return path.replace(/^~(?=\/)/u, env['HOME'] ?? '~')
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

const NEEDED: readonly (readonly [tool: string, packageName: string])[] = [
  ['git', 'git'],
  ['ssh', 'openssh-client'],
  ['ssh-keygen', 'openssh-client'],
]
const USEFUL: readonly string[] = ['ssh-agent', 'gpg', 'psql', 'sshd']

export function checkTools({ env }: Terminal): string {
  const missing = NEEDED.find(([tool]) => !isInstalled(tool, env))
  if (missing)
    throw new Failure('failed', 'no_tool', `${missing[0]} is not installed`, { next: `install ${missing[1]}` })
  const found = USEFUL.filter((tool) => isInstalled(tool, env))
  const absent = USEFUL.filter((tool) => !found.includes(tool))
  return `${[...NEEDED.map(([tool]) => tool), ...found].join(', ')}${absent.length > 0 ? `; without ${absent.join(', ')}` : ''}`
}

function isInstalled(tool: string, env: Environment): boolean {
  const folders = [...(env['PATH'] ?? '').split(delimiter), '/usr/sbin']
  return folders.some((folder) => folder !== '' && isReadable(join(folder, tool)))
}
