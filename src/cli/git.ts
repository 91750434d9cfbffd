/** git as other programs should run it: arguments in a list, output bounded, a failure that quotes its own words. */

import { execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'
import { Failure } from './failure.ts'
import type { Environment } from './terminal.ts'
import { printable } from './text.ts'

export interface GitPlace {
  readonly env: Environment
  /** The repository; where git looks by itself otherwise. */
  readonly gitDir?: string | undefined
}

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024
const TIMEOUT_MS = 60_000

/** What git printed, without the last line break. Throws a Failure when it exits with anything but 0. */
export async function git(place: GitPlace, ...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await tryGit(place, ...words)
  if (code === 0) return stdout
  throw new Failure('failed', 'git_failed', `git ${words[0]} failed: ${printable(stderr.trim().split('\n')[0] ?? '')}`)
}

export async function tryGit(
  { env, gitDir }: GitPlace,
  ...words: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const place = gitDir ? [`--git-dir=${gitDir}`] : []
  try {
    const options = { env: env as NodeJS.ProcessEnv, maxBuffer: MAX_OUTPUT_BYTES, timeout: TIMEOUT_MS }
    const { stdout, stderr } = await promisify(execFile)('git', [...place, ...words], options)
    return { code: 0, stdout: stdout.replace(/\n$/u, ''), stderr }
  } catch (thrown) {
    const {
      code,
      stdout = '',
      stderr = '',
    } = thrown as { readonly code?: number | string; readonly stdout?: string; readonly stderr?: string }
    if (typeof code === 'number') return { code, stdout: stdout.replace(/\n$/u, ''), stderr }
    throw new Failure(
      'failed',
      'no_git',
      code === 'ENOENT' ? 'git is not installed' : 'git did not end in time or said too much',
    )
  }
}

/** Feeds `input` to git and collects at most `maxBytes` of what it answers. */
export async function pipeGit(
  { env, gitDir }: GitPlace,
  words: readonly string[],
  input: string,
  maxBytes: number,
): Promise<Uint8Array> {
  const child = spawn('git', [...(gitDir ? [`--git-dir=${gitDir}`] : []), ...words], {
    env: env as NodeJS.ProcessEnv,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const ended = new Promise<number>((resolve, reject) =>
    child.once('error', reject).once('close', (code) => resolve(code ?? 1)),
  )
  ended.catch(() => {})
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of child.stdout) {
    size += (chunk as Uint8Array).length
    if (size > maxBytes) {
      child.kill()
      throw new Failure('failed', 'push_too_large', `the new commits of this push are larger than ${maxBytes} bytes`, {
        next: 'push in smaller steps',
      })
    }
    chunks.push(chunk as Uint8Array)
  }
  if ((await ended) !== 0) throw new Failure('failed', 'git_failed', `git ${words[0]} failed`)
  return Buffer.concat(chunks)
}
