/** Connects a bare repository: a door key of its own, and a pre-receive hook that asks before any reference moves. */

import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import * as z from '../bytes/schema.ts'
import { doorFolder, formatDoorKey, makeDoorKey, writeDoor } from './door.ts'
import { Failure } from './failure.ts'
import { git } from './git.ts'
import { openClient, strangerClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface HookInstallOptions extends ServerOptions {
  readonly repository: string
  readonly gitDir?: string
  readonly register?: boolean
  readonly protect?: readonly string[]
  readonly ciRepositoryId?: string
  readonly ciOwnerId?: string
  readonly ciIssuer?: string
}

const LAUNCHER = resolve(import.meta.dirname, '../../bin/countersign')
const MARK = '# Written by countersign git hook install'
const MAX_BASELINE = 64

export async function run(options: HookInstallOptions, terminal: Terminal): Promise<number> {
  const { repository } = options
  const gitDir = await bareRepository(options.gitDir ?? '.', terminal)
  const hook = join(gitDir, 'hooks', 'pre-receive')
  requireOurs(hook)
  const client = options.register ? openClient(options, terminal) : strangerClient(options, terminal)
  const { origin, logKey } = await client.pin()
  const doorKey = formatDoorKey(makeDoorKey(gitDir))
  const leafIndex = options.register ? await register(client, options, doorKey, gitDir, terminal) : undefined
  writeDoor(gitDir, { server: client.server, repository, origin, logKey })
  writeFileSync(hook, hookScript(), { mode: 0o755 })
  chmodSync(hook, 0o755)
  terminal.result({ repository, gitDir, hook, doorKey, ...(leafIndex !== undefined && { leafIndex }) }, () =>
    [
      `hook: ${hook}`,
      `door key: ${doorKey} (private half in ${doorFolder(gitDir)}, mode 0600)`,
      leafIndex === undefined
        ? 'an administrator registers it: countersign git hook install --register, with their login'
        : `registered ${repository} · leaf ${leafIndex}`,
    ].join('\n'),
  )
  return 0
}

async function bareRepository(path: string, { env }: Terminal): Promise<string> {
  const gitDir = await git({ env, gitDir: resolve(path) }, 'rev-parse', '--absolute-git-dir')
  const isBare = await git({ env, gitDir }, 'rev-parse', '--is-bare-repository')
  if (isBare === 'true') return gitDir
  throw new Failure('usage', 'not_bare', `${gitDir} is not a bare repository`, {
    next: '--git-dir PATH of the repository that people push to',
  })
}

function requireOurs(hook: string): void {
  if (!existsSync(hook) || readFileSync(hook, 'utf8').includes(MARK)) return
  throw new Failure('failed', 'hook_taken', `${hook} exists and is not ours`, {
    next: `call "countersign git hook pre-receive" from it, or move it away`,
  })
}

function hookScript(): string {
  return ['#!/bin/sh', MARK, 'set -eu', `exec ${quote(LAUNCHER)} git hook pre-receive`, ''].join('\n')
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

async function register(
  client: ReturnType<typeof openClient>,
  options: HookInstallOptions,
  doorKey: string,
  gitDir: string,
  { env }: Terminal,
): Promise<number> {
  const { repository, protect: protectedRefs = ['refs/heads/main'], ciRepositoryId, ciOwnerId, ciIssuer } = options
  const baseline = await headsOf(gitDir, env)
  const body = {
    repository,
    protectedRefs,
    doorKey,
    ciRepositoryId,
    ciOwnerId,
    ciIssuer,
    ...(baseline.length > 0 && { baseline }),
  }
  return (await client.post('/api/v1/repositories', body, z.unknown())).leafIndex
}

/** Commits that were there before anybody judged them. */
async function headsOf(gitDir: string, env: Terminal['env']): Promise<string[]> {
  const heads = (await git({ env, gitDir }, 'for-each-ref', '--format=%(objectname)', 'refs/heads', 'refs/tags'))
    .split('\n')
    .filter(Boolean)
  const unique = [...new Set(heads)]
  if (unique.length <= MAX_BASELINE) return unique
  throw new Failure(
    'failed',
    'too_many_heads',
    `${gitDir} has ${unique.length} heads; ${MAX_BASELINE} can be taken over`,
    { next: 'delete merged branches first' },
  )
}
